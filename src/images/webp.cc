// WebP by libwebp: still pictures, lossy or lossless, with or without transparency.
#include <webp/decode.h>

#include <memory>

#include "base/error.h"
#include "images/codec.h"
#include "images/exif.h"

namespace siskin {
namespace {

const uint8_t* Octets(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

bool MatchesWebP(std::string_view bytes) {
  return bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP";
}

const char* StatusText(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OK:
      return "no error";
    case VP8_STATUS_OUT_OF_MEMORY:
      return "out of memory";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses a feature that libwebp does not know";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return "it ends too early";
    default:
      return "the data make no sense";
  }
}

uint32_t LittleEndian32(std::string_view bytes, size_t pos) {
  uint32_t value = 0;
  for (size_t i = 4; i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[pos + i - 1]);
  return value;
}

// Walks the chunks of the RIFF container (WebP container specification): four letters, 32-bit size, padded to even.
int OrientationInRiff(std::string_view bytes) {
  for (size_t pos = 12; pos < bytes.size() && bytes.size() - pos >= 8;) {
    const size_t size = LittleEndian32(bytes, pos + 4);
    const std::string_view body = bytes.substr(pos + 8);
    if (size > body.size()) break;
    if (bytes.substr(pos, 4) == "EXIF") return ExifOrientation(body.substr(0, size));
    pos += 8 + size + size % 2;
  }
  return 1;
}

PhotoHeader ReadWebPHeader(std::string_view bytes, int /*min_side*/) {
  PhotoHeader header;
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(Octets(bytes), bytes.size(), &features);
  if (status != VP8_STATUS_OK) {
    header.error = fmt::format("damaged WebP: {}", StatusText(status));
    return header;
  }
  if (features.has_animation) {
    header.error = "an animated WebP; save one of its pictures as a photo";
    return header;
  }
  header.width = header.decoded_width = features.width;
  header.height = header.decoded_height = features.height;
  header.orientation = OrientationInRiff(bytes);
  // RGB, once more if it is turned; RGBA beside it; 4 bytes a pixel inside the lossless decoder, whose file says
  // format 2.
  const int copies = header.orientation > 1 ? 2 : 1;
  const int bytes_per_pixel = 3 * copies + (features.has_alpha ? 5 : 0) + (features.format == 1 ? 0 : 4);
  header.memory_bytes = int64_t{header.width} * header.height * bytes_per_pixel;
  return header;
}

struct DeleteDecoder {
  void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
};

void DecodeWebP(std::string_view bytes, const PhotoHeader& header, DecodedImage* result) {
  Image& image = result->image;
  WebPBitstreamFeatures features;
  WebPGetFeatures(Octets(bytes), bytes.size(), &features);
  std::vector<uint8_t> rgba(features.has_alpha ? image.rgb.size() / 3 * 4 : 0);
  std::vector<uint8_t>& pixels = features.has_alpha ? rgba : image.rgb;
  // The incremental decoder, because it says how far it came in a truncated file.
  const std::unique_ptr<WebPIDecoder, DeleteDecoder> decoder(
      WebPINewRGB(features.has_alpha ? MODE_RGBA : MODE_RGB, pixels.data(), pixels.size(),
                  static_cast<int>(pixels.size() / static_cast<size_t>(image.height))));
  if (decoder == nullptr) {
    result->error = StatusText(VP8_STATUS_OUT_OF_MEMORY);
    return;
  }
  const VP8StatusCode status = WebPIUpdate(decoder.get(), Octets(bytes), bytes.size());
  if (status != VP8_STATUS_OK && status != VP8_STATUS_SUSPENDED) {
    result->error = fmt::format("damaged WebP: {}", StatusText(status));
    return;
  }
  if (features.has_alpha) ComposeOnWhite(rgba, image.rgb.data());
  if (status == VP8_STATUS_OK) {
    const bool cut = LittleEndian32(bytes, 4) > bytes.size() - 8;  // after the picture: EXIF, padding
    if (cut) result->warning = "damaged WebP: the end of the file is missing";
    return;
  }
  int rows = 0;
  if (WebPIDecGetRGB(decoder.get(), &rows, nullptr, nullptr, nullptr) == nullptr) rows = 0;
  ReportMissingRows({rows, rows, header.height}, "", result);
}

}  // namespace

const Codec kWebPCodec = {"WebP", MatchesWebP, ReadWebPHeader, DecodeWebP};

}  // namespace siskin
