#include "images/decode.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/error.h"
#include "images/codec.h"
#include "images/exif.h"

namespace siskin {
namespace {

constexpr std::array kCodecs = {&kJpegCodec, &kPngCodec, &kWebPCodec};

// What else is found in folders of photos, to name it instead of its first bytes.
struct Signature {
  size_t offset;
  std::string_view bytes;
  const char* name;
};
constexpr Signature kOtherFormats[] = {
    {0, "GIF8", "a GIF"},
    {0, "BM", "a BMP"},
    {0, std::string_view("II*\0", 4), "a TIFF or camera raw file"},
    {0, std::string_view("MM\0*", 4), "a TIFF or camera raw file"},
    {4, "ftypheic", "a HEIC"},
    {4, "ftypheix", "a HEIC"},
    {4, "ftypmif1", "a HEIC"},
    {4, "ftypavif", "an AVIF"},
    {4, "ftyp", "a video"},
    {0, "\xFF\x0A", "a JPEG XL"},
    {0, std::string_view("\0\0\0\x0CJXL ", 8), "a JPEG XL"},
    {0, "%PDF", "a PDF"},
    {0, "PK\x03\x04", "a ZIP archive"},
    {0, "<svg", "an SVG"},
    {0, "<!DOCTYPE", "a web page"},
    {0, "<!doctype", "a web page"},
    {0, "<html", "a web page"},
    {0, "<HTML", "a web page"},
};

std::string NameUnknown(std::string_view bytes) {
  if (bytes.empty()) return "0 bytes";
  for (const Signature& signature : kOtherFormats) {
    if (bytes.size() > signature.offset && bytes.substr(signature.offset).starts_with(signature.bytes)) {
      return fmt::format("not a JPEG, PNG or WebP file but {}", signature.name);
    }
  }
  std::string begin;
  for (const char c : bytes.substr(0, 8)) begin += fmt::format(" {:02x}", static_cast<uint8_t>(c));
  return fmt::format("not a JPEG, PNG or WebP file (it begins with{})", begin);
}

// Empty if the picture may be decoded.
std::string CheckLimits(const PhotoHeader& header, const DecodeOptions& options) {
  const int64_t pixels = int64_t{header.width} * header.height;
  if (pixels > options.max_pixels) {
    return fmt::format("{} x {} pixels are more than the limit of {}", header.width, header.height, options.max_pixels);
  }
  if (header.memory_bytes > options.max_memory_bytes) {
    return fmt::format("{} x {} pixels would take {} MB of memory, more than the limit of {} MB", header.width,
                       header.height, header.memory_bytes >> 20, options.max_memory_bytes >> 20);
  }
  return {};
}

// Format, upright size and limits; false with result->error set if the photo cannot be decoded.
bool ReadHeader(std::string_view bytes, const DecodeOptions& options, DecodedImage* result, const Codec** codec,
                PhotoHeader* header) {
  const auto found = std::ranges::find_if(kCodecs, [&](const Codec* c) { return c->matches(bytes); });
  if (found == kCodecs.end()) {
    result->error = NameUnknown(bytes);
    return false;
  }
  *codec = *found;
  result->format = (*codec)->format;
  *header = (*codec)->read_header(bytes, options.min_side);
  if (!header->error.empty()) {
    result->error = header->error;
    return false;
  }
  result->original_width = header->width;
  result->original_height = header->height;
  if (header->orientation >= 5) std::swap(result->original_width, result->original_height);
  result->error = CheckLimits(*header, options);
  return result->error.empty();
}

}  // namespace

DecodedImage DecodeImage(std::string_view bytes, const DecodeOptions& options) {
  DecodedImage result;
  const Codec* codec = nullptr;
  PhotoHeader header;
  if (!ReadHeader(bytes, options, &result, &codec, &header)) return result;
  if (header.too_small) {
    result.error =
        fmt::format("truncated: {} bytes cannot hold {} x {} pixels", bytes.size(), header.width, header.height);
    return result;
  }
  Image& image = result.image;
  image.width = header.decoded_width;
  image.height = header.decoded_height;
  image.rgb.resize(static_cast<size_t>(image.width) * image.height * 3);
  codec->decode(bytes, header, &result);
  image = result.error.empty() ? Upright(std::move(image), header.orientation) : Image();
  return result;
}

DecodedImage ProbeImage(std::string_view bytes, const DecodeOptions& options) {
  DecodedImage result;
  const Codec* codec = nullptr;
  PhotoHeader header;
  ReadHeader(bytes, options, &result, &codec, &header);
  return result;
}

}  // namespace siskin
