#include <gtest/gtest.h>

#include <algorithm>

#include "images/decode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::EncodeWebP;
using testing::EncodeWebPRgba;
using testing::ExtendedWebP;
using testing::GradientPicture;
using testing::LargestDifference;
using testing::OrientationTiff;
using testing::PixelAt;
using testing::WebPChunk;

constexpr uint8_t kExifFlag = 0x08, kAnimationFlag = 0x02;

Image DecodeWebPOk(const std::string& bytes) {
  const DecodedImage decoded = DecodeImage(bytes);
  EXPECT_EQ(decoded.error, "");
  EXPECT_EQ(decoded.warning, "");
  EXPECT_STREQ(decoded.format, "WebP");
  return decoded.image;
}

TEST(WebP, LossyAndLossless) {
  const Image picture = GradientPicture(61, 37);
  EXPECT_EQ(LargestDifference(DecodeWebPOk(EncodeWebP(picture, true)), picture), 0);
  EXPECT_LE(LargestDifference(DecodeWebPOk(EncodeWebP(picture, false)), picture), 24);
}

TEST(WebP, AlphaIsComposedOntoWhite) {
  const std::vector<uint8_t> rgba = {100, 0, 200, 0, 100, 0, 200, 127, 100, 0, 200, 255};
  const Image image = DecodeWebPOk(EncodeWebPRgba(rgba, 3, 1));
  EXPECT_EQ(PixelAt(image, 0, 0), 0xFFFFFFu);
  EXPECT_EQ(PixelAt(image, 1, 0), 0xB280E4u);
  EXPECT_EQ(PixelAt(image, 2, 0), 0x6400C8u);
}

TEST(WebP, ExifOrientationIsApplied) {
  const Image picture = GradientPicture(6, 4);
  for (const int type : {3, 4}) {  // SHORT and LONG
    const std::string exif = WebPChunk("EXIF", OrientationTiff(6, false, type));
    const Image turned = DecodeWebPOk(ExtendedWebP(EncodeWebP(picture, true), 6, 4, kExifFlag, exif));
    EXPECT_EQ(turned.width, 4);
    EXPECT_EQ(turned.height, 6);
    EXPECT_EQ(PixelAt(turned, 3, 0), PixelAt(picture, 0, 0));
  }
}

TEST(WebP, AnimationIsRefusedByName) {
  const std::string animated = ExtendedWebP(EncodeWebP(GradientPicture(6, 4), true), 6, 4, kAnimationFlag, "");
  EXPECT_EQ(DecodeImage(animated).error, "an animated WebP; save one of its pictures as a photo");
}

TEST(WebP, TruncatedByRows) {
  Image noise = GradientPicture(64, 200);
  uint32_t state = 1;
  for (uint8_t& value : noise.rgb) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    value = static_cast<uint8_t>(state >> 24);
  }
  for (const bool lossless : {false, true}) {
    const std::string whole = EncodeWebP(noise, lossless);
    const DecodedImage most = DecodeImage(whole.substr(0, whole.size() * 97 / 100));
    ASSERT_EQ(most.error, "");
    EXPECT_TRUE(most.warning.starts_with("truncated: only the first 1")) << most.warning;
    EXPECT_EQ(PixelAt(most.image, 0, 199), 0x808080u);
    const DecodedImage half = DecodeImage(whole.substr(0, whole.size() / 2));
    EXPECT_TRUE(half.error.starts_with("truncated: only the first ")) << half.error;
  }
}

// Bars below a photo are what a decoder leaves behind where data are missing; only the data tell.
TEST(WebP, GreyLowerPartIsNotMissing) {
  Image picture = GradientPicture(64, 200);
  std::fill(picture.rgb.begin() + 64 * 100 * 3, picture.rgb.end(), uint8_t{128});
  for (const bool lossless : {false, true}) {
    const std::string whole = EncodeWebP(picture, lossless);
    const Image image = DecodeWebPOk(whole);
    // Without what follows the picture.
    const std::string exif = WebPChunk("EXIF", OrientationTiff(1, false));
    const std::string extended = ExtendedWebP(whole, 64, 200, kExifFlag, exif);
    const DecodedImage cut = DecodeImage(extended.substr(0, extended.size() - 8));
    EXPECT_EQ(cut.error, "");
    EXPECT_EQ(cut.warning, "damaged WebP: the end of the file is missing");
    EXPECT_EQ(LargestDifference(cut.image, image), 0);
  }
}

TEST(WebP, LimitsBeforeAllocation) {
  const std::string webp = EncodeWebP(GradientPicture(64, 64), true);
  EXPECT_EQ(DecodeImage(webp, {.max_pixels = 4095}).error, "64 x 64 pixels are more than the limit of 4095");
  EXPECT_NE(DecodeImage(webp, {.max_memory_bytes = 64 * 64 * 3}).error, "");
}

}  // namespace
}  // namespace siskin
