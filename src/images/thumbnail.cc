#include "images/thumbnail.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "images/decode.h"
#include "images/encode.h"
#include "kernels/resize/resize.h"

namespace siskin {

std::string JpegThumbnail(std::string_view bytes, int longest_side) {
  // Both sides stay at least this large where the photo is scaled down while it is decoded; a panorama of 8:1 would
  // need less, which is not worth its own rule.
  DecodedImage decoded = DecodeImage(bytes, {.min_side = longest_side});
  if (!decoded.error.empty()) return "";
  Image image = std::move(decoded.image);
  const int longest = std::max(image.width, image.height);
  if (longest > longest_side) {
    const auto shrunk = [&](int side) {
      return static_cast<int>(std::max<int64_t>((int64_t{side} * longest_side + longest / 2) / longest, 1));
    };
    Image small{shrunk(image.width), shrunk(image.height), {}};
    small.rgb.resize(static_cast<size_t>(small.width) * static_cast<size_t>(small.height) * 3);
    const auto rows = [](auto& picture) {
      return ByteRows{picture.rgb.data(), picture.width, picture.height, static_cast<size_t>(picture.width) * 3};
    };
    Resize(rows(std::as_const(image)), 3, Interpolation::kArea, rows(small));
    image = std::move(small);
  }
  constexpr int kQuality = 80;  // 160 x 120 pixels in 5 KB, no artefacts that a person notices at this size
  return EncodeJpeg(image, kQuality);
}

}  // namespace siskin
