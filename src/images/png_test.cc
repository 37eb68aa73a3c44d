#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>

#include "base/files.h"
#include "base/testing.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::EncodePng;
using testing::GradientPicture;
using testing::LargestDifference;
using testing::OrientationTiff;
using testing::PixelAt;
using testing::PngChunk;
using testing::PngStyle;
using testing::UniformPicture;
using testing::WithPngChunk;

Image DecodeOk(const std::string& bytes) {
  const DecodedImage decoded = DecodeImage(bytes);
  EXPECT_EQ(decoded.error, "");
  EXPECT_EQ(decoded.warning, "");
  EXPECT_STREQ(decoded.format, "PNG");
  return decoded.image;
}

TEST(Png, RgbIsExact) {
  const Image picture = GradientPicture(61, 37);
  EXPECT_EQ(LargestDifference(DecodeOk(EncodePng(picture)), picture), 0);
}

TEST(Png, InterlacedIsExact) {
  const Image picture = GradientPicture(61, 37);
  const PngStyle style{.width = 61, .height = 37, .interlaced = true, .rows = picture.rgb};
  EXPECT_EQ(LargestDifference(DecodeOk(EncodePng(style)), picture), 0);
}

TEST(Png, GreyOfEveryDepth) {
  // Two pixels: black and the lightest value of the depth.
  EXPECT_EQ(
      PixelAt(DecodeOk(EncodePng({.width = 2, .height = 1, .bit_depth = 1, .colour_type = 0, .rows = {0x40}})), 1, 0),
      0xFFFFFFu);
  EXPECT_EQ(
      PixelAt(DecodeOk(EncodePng({.width = 2, .height = 1, .bit_depth = 2, .colour_type = 0, .rows = {0x20}})), 1, 0),
      0xAAAAAAu);
  EXPECT_EQ(
      PixelAt(DecodeOk(EncodePng({.width = 2, .height = 1, .bit_depth = 4, .colour_type = 0, .rows = {0x07}})), 1, 0),
      0x777777u);
  EXPECT_EQ(PixelAt(DecodeOk(EncodePng({.width = 2, .height = 1, .colour_type = 0, .rows = {0, 0x5A}})), 1, 0),
            0x5A5A5Au);
  EXPECT_EQ(
      PixelAt(DecodeOk(EncodePng({.width = 1, .height = 1, .bit_depth = 16, .colour_type = 0, .rows = {0x80, 0xFF}})),
              0, 0),
      0x808080u);
}

TEST(Png, SixteenBitColour) {
  const PngStyle style{
      .width = 1, .height = 1, .bit_depth = 16, .colour_type = 2, .rows = {0xFF, 0xFF, 0x40, 0x40, 0x01, 0x00}};
  EXPECT_EQ(PixelAt(DecodeOk(EncodePng(style)), 0, 0), 0xFF4001u);
}

TEST(Png, PaletteWithAndWithoutTransparency) {
  PngStyle style{.width = 4, .height = 1, .bit_depth = 2, .colour_type = 3, .rows = {0b00011011}};
  style.palette = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};
  const Image opaque = DecodeOk(EncodePng(style));
  EXPECT_EQ(PixelAt(opaque, 0, 0), 0xFF0000u);
  EXPECT_EQ(PixelAt(opaque, 3, 0), 0x0A141Eu);
  style.transparency = {0, 255, 128};
  const Image composed = DecodeOk(EncodePng(style));
  EXPECT_EQ(PixelAt(composed, 0, 0), 0xFFFFFFu);
  EXPECT_EQ(PixelAt(composed, 1, 0), 0x00FF00u);
  EXPECT_EQ(PixelAt(composed, 2, 0), 0x7F7FFFu);  // half blue, half white
  EXPECT_EQ(PixelAt(composed, 3, 0), 0x0A141Eu);
}

TEST(Png, OneTransparentColour) {
  PngStyle style{.width = 2, .height = 1, .colour_type = 2, .rows = {1, 2, 3, 1, 2, 4}};
  style.transparency = {0, 1, 0, 2, 0, 3};
  const Image image = DecodeOk(EncodePng(style));
  EXPECT_EQ(PixelAt(image, 0, 0), 0xFFFFFFu);
  EXPECT_EQ(PixelAt(image, 1, 0), 0x010204u);
}

TEST(Png, AlphaIsComposedOntoWhite) {
  for (const bool interlaced : {false, true}) {
    PngStyle style{.width = 3, .height = 3, .colour_type = 6, .interlaced = interlaced};
    for (int i = 0; i < 9; ++i) style.rows.insert(style.rows.end(), {100, 0, 200, static_cast<uint8_t>(i * 255 / 8)});
    const Image image = DecodeOk(EncodePng(style));
    EXPECT_EQ(PixelAt(image, 0, 0), 0xFFFFFFu);
    EXPECT_EQ(PixelAt(image, 1, 1), 0xB280E4u);  // alpha 127 of 255
    EXPECT_EQ(PixelAt(image, 2, 2), 0x6400C8u);
  }
  const PngStyle grey{.width = 1, .height = 1, .colour_type = 4, .rows = {0, 51}};
  EXPECT_EQ(PixelAt(DecodeOk(EncodePng(grey)), 0, 0), 0xCCCCCCu);
}

TEST(Png, ExifOrientationIsApplied) {
  const Image picture = GradientPicture(5, 3);
  const std::string padding(300'000, '\0');  // the data of other tags
  for (const std::string& exif :
       {OrientationTiff(6, true), OrientationTiff(6, true, 4), OrientationTiff(6, true) + padding}) {
    const Image turned = DecodeOk(WithPngChunk(EncodePng(picture), "eXIf", exif));
    EXPECT_EQ(turned.width, 3);
    EXPECT_EQ(turned.height, 5);
    EXPECT_EQ(PixelAt(turned, 2, 0), PixelAt(picture, 0, 0));
  }
}

TEST(Png, HugeHeadersAreRefusedCheaply) {
  // Signature and IHDR of 65,535 x 65,535 and nothing else.
  const std::string header("\0\0\xFF\xFF\0\0\xFF\xFF\x08\x02\0\0\0", 13);
  const std::string png = std::string("\x89PNG\r\n\x1a\n") + PngChunk("IHDR", header);
  EXPECT_EQ(DecodeImage(png).error, "65535 x 65535 pixels are more than the limit of 250000000");
  EXPECT_EQ(DecodeImage(png).original_width, 65535);
  // Within the limit of pixels, but the file cannot hold them.
  const std::string large("\0\0\x30\0\0\0\x30\0\x08\x02\0\0\0", 13);
  EXPECT_EQ(DecodeImage(png.substr(0, 8) + PngChunk("IHDR", large)).error,
            "truncated: 33 bytes cannot hold 12288 x 12288 pixels");
  // One very long row: libpng keeps whole rows.
  const std::string row("\x08\0\0\0\0\0\0\x01\x10\x06\0\0\0", 13);
  EXPECT_NE(DecodeImage(png.substr(0, 8) + PngChunk("IHDR", row), {.max_pixels = int64_t{1} << 40})
                .error.find("MB of memory"),
            std::string::npos);
}

TEST(Png, HeaderNonsense) {
  const std::string png = EncodePng(GradientPicture(8, 8));
  for (const auto& [at, value] : {std::pair<size_t, char>{19, 0}, {16, '\xFF'}, {25, 5}, {24, 3}, {28, 7}, {26, 1}}) {
    std::string broken = png;
    broken[at] = value;
    EXPECT_TRUE(DecodeImage(broken).error.starts_with("damaged PNG: ")) << at << ": " << DecodeImage(broken).error;
  }
}

// A text chunk that unpacks to a gigabyte must not be unpacked; a colour profile that is broken must not matter.
TEST(Png, OtherChunksAreNotRead) {
  const Image picture = GradientPicture(9, 9);
  std::string png = EncodePng(picture);
  png = WithPngChunk(png, "iCCP", std::string("name\0\0garbage", 13));
  png = WithPngChunk(png, "zTXt", std::string("key\0\0garbage", 12));
  png = WithPngChunk(png, "gAMA", std::string("\0\0\0\1", 4));
  EXPECT_EQ(LargestDifference(DecodeOk(png), picture), 0);
}

// Color profiles and XMP of some hundred KB are common. They are skipped, so that their size is no damage.
TEST(Png, LargeChunksAreNoDamage) {
  const Image picture = GradientPicture(9, 9);
  const std::string large(300'000, 'x');
  for (const char* name : {"iCCP", "tEXt", "zTXt", "iTXt", "eXIf", "sPLT", "prVt"}) {
    const std::string png = WithPngChunk(EncodePng(picture), name, std::string("XML:com.adobe.xmp\0\0", 19) + large);
    EXPECT_EQ(LargestDifference(DecodeOk(png), picture), 0) << name;
    EXPECT_EQ(ProbeImage(png).warning, "") << name;
  }
}

TEST(Png, LargeProfileOfARealFile) {
  const auto folder = testing::SharedFolder("cases");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  const Image image = DecodeOk(ReadFile(folder / "icc300k.png"));
  EXPECT_GT(image.width, 0);
}

// Random pixels do not compress: the place of the cut is the row, but for the 8 KB that libpng reads at once.
PngStyle NoisyPicture(bool interlaced) {
  PngStyle style{.width = 100, .height = 300, .colour_type = 2, .interlaced = interlaced};
  uint32_t state = 1;
  for (int i = 0; i < 100 * 300 * 3; ++i) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    style.rows.push_back(static_cast<uint8_t>(state >> 24));
  }
  return style;
}

TEST(Png, TruncatedByRows) {
  const PngStyle style = NoisyPicture(false);
  const std::string png = EncodePng(style);
  const DecodedImage most = DecodeImage(png.substr(0, png.size() * 95 / 100));
  ASSERT_EQ(most.error, "");
  EXPECT_TRUE(most.warning.starts_with("truncated: only the first 2")) << most.warning;
  EXPECT_EQ(most.image.rgb[3], style.rows[3]);
  EXPECT_EQ(PixelAt(most.image, 0, 299), 0x808080u);
  const DecodedImage half = DecodeImage(png.substr(0, png.size() / 2));
  EXPECT_TRUE(half.error.starts_with("truncated: only the first ")) << half.error;
  const DecodedImage few = DecodeImage(png.substr(0, 80));
  EXPECT_EQ(few.error, "damaged PNG: it ends too early");
  const std::string interlaced = EncodePng(NoisyPicture(true));
  EXPECT_NE(DecodeImage(interlaced.substr(0, interlaced.size() / 3)).error, "");
}

// Bars below a photo look like missing rows, and libpng writes many IDAT chunks: neither the one nor a wrong checksum
// of the other means that rows are missing.
TEST(Png, ComplaintsAreNotMissingRows) {
  PngStyle style = NoisyPicture(false);
  std::fill(style.rows.begin() + 100 * 150 * 3, style.rows.end(), uint8_t{128});
  const std::string png = EncodePng(style);
  const size_t second = png.find("IDAT", png.find("IDAT") + 4);
  ASSERT_NE(second, std::string::npos);
  std::string wrong = png;
  wrong[second - 5] ^= 1;  // the checksum of the first one; the length of the second comes between
  for (const std::string& bytes : {wrong, png.substr(0, png.size() - 12), png.substr(0, png.size() - 1)}) {
    const DecodedImage decoded = DecodeImage(bytes);
    EXPECT_EQ(decoded.error, "");
    EXPECT_TRUE(decoded.warning.starts_with("damaged PNG: ")) << decoded.warning;
    EXPECT_EQ(decoded.image.rgb, style.rows);
  }
}

TEST(Png, WrongChecksumAndMissingEnd) {
  std::string png = EncodePng(NoisyPicture(false));
  const DecodedImage no_end = DecodeImage(png.substr(0, png.size() - 12));
  EXPECT_EQ(no_end.error, "");
  EXPECT_EQ(no_end.warning, "damaged PNG: it ends too early");
  png[png.size() - 14] ^= 1;  // the checksum of the last IDAT
  const DecodedImage wrong = DecodeImage(png);
  EXPECT_EQ(wrong.error, "");
  EXPECT_NE(wrong.warning, "");
}

}  // namespace
}  // namespace siskin
