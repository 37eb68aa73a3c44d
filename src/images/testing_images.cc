#include "images/testing_images.h"

#include <png.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "images/libjpeg.h"

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

// pixels: [height][width][3 or 4], RGB or inverted CMYK.
std::string Compress(const std::vector<uint8_t>& pixels, int width, int height, int channels, const JpegStyle& style) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);  // ends the process
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, style.quality, TRUE);
  if (channels == 4) jpeg_set_colorspace(&jpeg, JCS_YCCK);
  if (style.subsampling == Subsampling::kGrey) jpeg_set_colorspace(&jpeg, JCS_GRAYSCALE);
  // Of the brightness (and of black), relative to the colours; in the order of Subsampling.
  constexpr struct {
    int h, v;
  } kFactors[] = {{1, 1}, {2, 1}, {2, 2}, {1, 2}, {4, 1}, {1, 1}};
  const auto [h, v] = kFactors[static_cast<size_t>(style.subsampling)];
  for (const int component : {0, 3}) {
    if (component >= jpeg.num_components) continue;
    jpeg.comp_info[component].h_samp_factor = h;
    jpeg.comp_info[component].v_samp_factor = v;
  }
  jpeg.arith_code = style.arithmetic;
  jpeg.restart_in_rows = style.rows_between_restarts;
  if (style.progressive) jpeg_simple_progression(&jpeg);
  const jpeg_scan_info scans[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  if (!style.progressive && !style.interleaved) {
    jpeg.scan_info = scans;
    jpeg.num_scans = jpeg.num_components;
  }
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPLE*>(pixels.data() + jpeg.next_scanline * static_cast<size_t>(width * channels));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string bytes = Bytes(out, size);
  std::free(out);
  return bytes;
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
  return Compress(image.rgb, image.width, image.height, 3, style);
}

std::string EncodeYcck(const std::vector<uint8_t>& inverted_cmyk, int width, int height) {
  return Compress(inverted_cmyk, width, height, 4, {.quality = 98});
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

std::string OrientationTiff(int orientation, bool big_endian, int type) {
  constexpr int kByte = 1, kShort = 3, kSignedShort = 8;
  const auto number = [&](uint32_t value, int bytes) {
    std::string text = LittleEndian(value, bytes);
    if (big_endian) std::ranges::reverse(text);
    return text;
  };
  const int value_bytes = type == kByte ? 1 : type == kShort || type == kSignedShort ? 2 : 4;
  std::string value = number(static_cast<uint32_t>(orientation), value_bytes);
  value.resize(4);
  // One entry: tag, type, count, value; then no further IFD.
  const std::string entry = number(0x0112, 2) + number(static_cast<uint32_t>(type), 2) + number(1, 4) + value;
  return (big_endian ? "MM" : "II") + number(42, 2) + number(8, 4) + number(1, 2) + entry + number(0, 4);
}

std::string WithExif(const std::string& jpeg, const std::string& tiff) {
  const std::string body = std::string("Exif\0\0", 6) + tiff;
  const size_t length = body.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length) + body +
         jpeg.substr(2);
}

}  // namespace siskin::testing
