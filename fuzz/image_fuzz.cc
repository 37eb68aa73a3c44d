// images/image.h; jpeg_fuzz, png_fuzz and webp_fuzz are this with seeds of their own, because their codecs are chosen
// by the first bytes.
#include "fuzz/target.h"
#include "images/decode.h"

namespace siskin::fuzz {
namespace {

void Decode(std::string_view input, const DecodeOptions& options) {
  const DecodedImage decoded = DecodeImage(input, options);
  RequirePrintable(decoded.error);
  RequirePrintable(decoded.warning);
  const Image& image = decoded.image;
  if (!decoded.error.empty()) {
    Require(image.rgb.empty(), "a photo with an error has no pixels");
    return;
  }
  Require(image.width > 0 && image.height > 0, "a photo has pixels");
  Require(image.rgb.size() == static_cast<size_t>(image.width) * image.height * 3, "it has as many as its size says");
}

}  // namespace

void Run(std::string_view input) {
  // Small enough that libFuzzer's own limit shows whether they are kept.
  DecodeOptions options;
  options.max_pixels = 4'000'000;
  options.max_memory_bytes = 32 << 20;
  Decode(input, options);
  options.min_side = 16;
  Decode(input, options);
  RequirePrintable(ProbeImage(input, options).error);
}

}  // namespace siskin::fuzz
