#include "images/testing_images.h"

#include <png.h>
#include <turbojpeg.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>

#include "base/error.h"

namespace siskin::testing {
namespace {

void Check(bool ok, const char* what) {
  if (!ok) Fail(ErrorKind::kInternal, "test picture: {}", what);
}

std::string Bytes(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

std::string BigEndian32(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string LittleEndian(uint32_t value, int bytes_wanted) {
  std::string bytes;
  for (int i = 0; i < bytes_wanted; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// CRC-32 of the PNG specification, annex D.
uint32_t PngCrc(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
  }
  return ~crc;
}

std::string Compress(const uint8_t* pixels, int width, int height, int format, int subsampling, int quality,
                     int flags) {
  const std::unique_ptr<void, int (*)(void*)> handle(tjInitCompress(), tjDestroy);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  Check(tjCompress2(handle.get(), pixels, width, 0, height, format, &out, &size, subsampling, quality, flags) == 0,
        tjGetErrorStr2(handle.get()));
  std::string jpeg = Bytes(out, size);
  tjFree(out);
  return jpeg;
}

void OnPngError(png_struct*, const char* message) {
  std::fprintf(stderr, "test picture: %s\n", message);
  std::abort();
}

}  // namespace

Image GradientPicture(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int u = 255 * x / std::max(width - 1, 1), v = 255 * y / std::max(height - 1, 1);
      for (const int value : {u, v, (u + 255 - v) / 2}) image.rgb.push_back(static_cast<uint8_t>(value));
    }
  }
  return image;
}

Image UniformPicture(int width, int height, uint8_t r, uint8_t g, uint8_t b) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i) image.rgb.insert(image.rgb.end(), {r, g, b});
  return image;
}

int LargestDifference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height || a.rgb.size() != b.rgb.size() || a.rgb.empty()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

uint32_t PixelAt(const Image& image, int x, int y) {
  const uint8_t* p = image.rgb.data() + (static_cast<size_t>(y) * image.width + x) * 3;
  return static_cast<uint32_t>(p[0] << 16 | p[1] << 8 | p[2]);
}

std::string EncodeJpeg(const Image& image, const JpegStyle& style) {
  return Compress(image.rgb.data(), image.width, image.height, TJPF_RGB, style.subsampling, style.quality,
                  style.progressive ? TJFLAG_PROGRESSIVE : 0);
}

std::string EncodeYcck(const std::vector<uint8_t>& inverted_cmyk, int width, int height) {
  return Compress(inverted_cmyk.data(), width, height, TJPF_CMYK, TJSAMP_444, 98, 0);
}

void SetJpegSize(std::string* jpeg, int width, int height) {
  size_t sof = jpeg->find(std::string("\xFF\xC0", 2));
  if (sof == std::string::npos) sof = jpeg->find(std::string("\xFF\xC2", 2));
  Check(sof != std::string::npos, "no frame header");
  // Marker, length, precision; then height and width with 16 bits each.
  const std::string size = BigEndian32(static_cast<uint32_t>(height) << 16 | static_cast<uint32_t>(width));
  jpeg->replace(sof + 5, 4, size);
}

std::string EncodePng(const PngStyle& style) {
  std::string out;
  png_struct* png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, OnPngError, nullptr);
  png_info* info = png_create_info_struct(png);
  png_set_write_fn(
      png, &out,
      [](png_struct* p, png_byte* data, size_t size) {
        *static_cast<std::string*>(png_get_io_ptr(p)) += Bytes(data, size);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(style.width), static_cast<png_uint_32>(style.height),
               style.bit_depth, style.colour_type, style.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette;
  for (size_t i = 0; i + 2 < style.palette.size(); i += 3) {
    palette.push_back({style.palette[i], style.palette[i + 1], style.palette[i + 2]});
  }
  if (!palette.empty()) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  const std::vector<uint8_t>& t = style.transparency;
  if (!t.empty() && !palette.empty()) {
    png_set_tRNS(png, info, t.data(), static_cast<int>(t.size()), nullptr);
  } else if (!t.empty()) {
    png_color_16 colour{};
    colour.gray = static_cast<png_uint_16>(t[0] << 8 | t[1]);
    if (t.size() == 6) {
      colour.red = colour.gray;
      colour.green = static_cast<png_uint_16>(t[2] << 8 | t[3]);
      colour.blue = static_cast<png_uint_16>(t[4] << 8 | t[5]);
    }
    png_set_tRNS(png, info, nullptr, 0, &colour);
  }
  png_write_info(png, info);
  const size_t row_bytes = png_get_rowbytes(png, info);
  Check(style.rows.size() == row_bytes * static_cast<size_t>(style.height), "rows of the wrong size");
  std::vector<png_byte*> rows;
  for (size_t y = 0; y < static_cast<size_t>(style.height); ++y) {
    rows.push_back(const_cast<png_byte*>(style.rows.data() + y * row_bytes));
  }
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return out;
}

std::string PngChunk(std::string_view name, std::string_view data) {
  const std::string body = std::string(name) + std::string(data);
  return BigEndian32(static_cast<uint32_t>(data.size())) + body + BigEndian32(PngCrc(body));
}

std::string WithPngChunk(const std::string& png, std::string_view name, std::string_view data) {
  constexpr size_t kAfterHeader = 8 + 12 + 13;
  return png.substr(0, kAfterHeader) + PngChunk(name, data) + png.substr(kAfterHeader);
}

std::string EncodeWebP(const Image& image, bool lossless) {
  uint8_t* out = nullptr;
  const int stride = image.width * 3;
  const size_t size = lossless ? WebPEncodeLosslessRGB(image.rgb.data(), image.width, image.height, stride, &out)
                               : WebPEncodeRGB(image.rgb.data(), image.width, image.height, stride, 95, &out);
  Check(size > 0, "libwebp cannot encode");
  std::string webp = Bytes(out, size);
  WebPFree(out);
  return webp;
}

std::string EncodeWebPRgba(const std::vector<uint8_t>& rgba, int width, int height) {
  uint8_t* out = nullptr;
  const size_t size = WebPEncodeLosslessRGBA(rgba.data(), width, height, width * 4, &out);
  Check(size > 0, "libwebp cannot encode");
  std::string webp = Bytes(out, size);
  WebPFree(out);
  return webp;
}

std::string WebPChunk(std::string_view name, std::string_view data) {
  std::string chunk = std::string(name) + LittleEndian(static_cast<uint32_t>(data.size()), 4) + std::string(data);
  if (data.size() % 2 == 1) chunk += '\0';
  return chunk;
}

std::string ExtendedWebP(const std::string& simple, int width, int height, uint8_t flags,
                         const std::string& more_chunks) {
  const std::string vp8x = LittleEndian(flags, 4) + LittleEndian(static_cast<uint32_t>(width - 1), 3) +
                           LittleEndian(static_cast<uint32_t>(height - 1), 3);
  const std::string body = "WEBP" + WebPChunk("VP8X", vp8x) + simple.substr(12) + more_chunks;
  return "RIFF" + LittleEndian(static_cast<uint32_t>(body.size()), 4) + body;
}

std::string OrientationTiff(int orientation, bool big_endian) {
  const std::string head = big_endian ? std::string("MM\0*\0\0\0\x08", 8) : std::string("II*\0\x08\0\0\0", 8);
  const auto value = static_cast<char>(orientation);
  // One entry: tag 0x0112, type SHORT, count 1, value; then no further IFD.
  const std::string entry = big_endian ? std::string("\0\1\x01\x12\0\3\0\0\0\1\0", 11) + value + std::string(2, '\0')
                                       : std::string("\1\0\x12\x01\3\0\1\0\0\0", 10) + value + std::string(3, '\0');
  return head + entry + std::string(4, '\0');
}

std::string WithExif(const std::string& jpeg, const std::string& tiff) {
  const std::string body = std::string("Exif\0\0", 6) + tiff;
  const size_t length = body.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length) + body +
         jpeg.substr(2);
}

}  // namespace siskin::testing
