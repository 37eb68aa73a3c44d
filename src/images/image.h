// A picture in memory, and what became of a photo's bytes: a broken photo is a value (`error`), not an exception, as
// there are many photos.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace siskin {

// 8-bit sRGB, [height][width][3], upright (EXIF orientation already applied).
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;
};

// Somebody else's pixels, or a rectangle of them: as an Image, but rows begin row_bytes apart, at least 3 * width.
struct ImageView {
  ImageView() = default;
  ImageView(const uint8_t* first, int columns, int rows, size_t apart)
      : rgb(first), width(columns), height(rows), row_bytes(apart) {}
  ImageView(const Image& image)  // NOLINT(google-explicit-constructor): an image is all of its pixels
      : ImageView(image.rgb.data(), image.width, image.height, static_cast<size_t>(image.width) * 3) {}

  const uint8_t* row(int y) const { return rgb + static_cast<size_t>(y) * row_bytes; }
  // The rectangle at (x, y), which lies within it.
  ImageView Part(int x, int y, int part_width, int part_height) const {
    return {row(y) + static_cast<size_t>(x) * 3, part_width, part_height, row_bytes};
  }

  const uint8_t* rgb = nullptr;
  int width = 0, height = 0;
  size_t row_bytes = 0;
};

struct DecodeOptions {
  // A JPEG much larger than needed is decoded at 1/2, 1/4 or 1/8 of its size (DCT scaling), as long as both sides stay
  // at least this many pixels. 0: always at full size.
  int min_side = 0;
  // More pixels than this in the header are refused before anything is allocated. 24-megapixel cameras are common,
  // 200-megapixel phones exist.
  int64_t max_pixels = 250'000'000;
  // More working memory than this (pixels, and what the decoder keeps beside them: the coefficients of a progressive
  // JPEG, ...) is refused likewise. 1 GiB is enough for 200 megapixels in every format but lossless WebP.
  int64_t max_memory_bytes = int64_t{1} << 30;
};

struct DecodedImage {
  Image image;
  std::string error;    // empty: `image` is valid. "0 bytes", "not a JPEG, PNG or WebP file but a GIF", ...
  std::string warning;  // decoded, but damaged: "truncated: only the first 190 of 200 rows are there"
  int original_width = 0, original_height = 0;  // upright size in the file, 0 if not even the header was readable
  const char* format = "";                      // "JPEG", "PNG", "WebP" or ""
};

}  // namespace siskin
