// Pictures and photo files for tests, made in memory by the libraries that read them, so that no binary lies in the
// repository. Encoders take valid input only and fail the process otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "images/image.h"

namespace siskin::testing {

// Soft gradients with four differently coloured corners: survives JPEG, and every orientation of it looks different.
Image GradientPicture(int width, int height);

Image UniformPicture(int width, int height, uint8_t r, uint8_t g, uint8_t b);

// The largest difference of two bytes; 256 if the sizes differ or there are no pixels.
int LargestDifference(const Image& a, const Image& b);

// Three bytes of the pixel as 0xRRGGBB.
uint32_t PixelAt(const Image& image, int x, int y);

enum class Subsampling { k444, k422, k420, k440, k411, kGrey };
struct JpegStyle {
  int quality = 95;
  Subsampling subsampling = Subsampling::k444;
  bool progressive = false;
  bool arithmetic = false;        // instead of Huffman's codes
  bool interleaved = true;        // otherwise, if not progressive, a scan for each channel
  int rows_between_restarts = 0;  // of blocks (MCUs); 0: no restart markers
};
std::string EncodeJpeg(const Image& image, const JpegStyle& style = {});
// YCCK with Adobe's marker from four inverted channels, [height][width][4].
std::string EncodeYcck(const std::vector<uint8_t>& inverted_cmyk, int width, int height);
// Another size in the frame header of a JPEG.
void SetJpegSize(std::string* jpeg, int width, int height);

// colour_type, bit_depth and rows are as in the PNG specification.
struct PngStyle {
  int width = 0, height = 0, bit_depth = 8, colour_type = 2;
  bool interlaced = false;
  std::vector<uint8_t> rows{};
  // 3 bytes an entry
  std::vector<uint8_t> palette{};
  // Palette: alpha by entry. Grey and RGB: the one transparent colour, 16 bits a channel.
  std::vector<uint8_t> transparency{};
};
std::string EncodePng(const PngStyle& style);  // of an Image: siskin::EncodePng
// A complete chunk with its checksum.
std::string PngChunk(std::string_view name, std::string_view data);
// `png` with the chunk after the header.
std::string WithPngChunk(const std::string& png, std::string_view name, std::string_view data);

std::string EncodeWebP(const Image& image, bool lossless);
std::string EncodeWebPRgba(const std::vector<uint8_t>& rgba, int width, int height);
// A WebP file of the extended format around the chunks of a simple one.
std::string ExtendedWebP(const std::string& simple, int width, int height, uint8_t flags,
                         const std::string& more_chunks);
std::string WebPChunk(std::string_view name, std::string_view data);

// A TIFF structure with nothing but the orientation, of the type SHORT (3) or another one.
std::string OrientationTiff(int orientation, bool big_endian, int type = 3);
std::string WithExif(const std::string& jpeg, const std::string& tiff);

}  // namespace siskin::testing
