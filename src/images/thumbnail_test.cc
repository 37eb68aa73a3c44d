#include "images/thumbnail.h"

#include <gtest/gtest.h>

#include <string>

#include "images/decode.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

Image Decoded(const std::string& jpeg) {
  DecodedImage decoded = DecodeImage(jpeg);
  EXPECT_EQ(decoded.error, "");
  EXPECT_STREQ(decoded.format, "JPEG");
  return decoded.image;
}

TEST(EncodeJpeg, DecodesToNearlyTheSamePixels) {
  const Image picture = testing::GradientPicture(61, 45);
  EXPECT_LE(testing::LargestDifference(Decoded(EncodeJpeg(picture, 95)), picture), 12);
  EXPECT_LT(EncodeJpeg(picture, 30).size(), EncodeJpeg(picture, 95).size());
}

TEST(Thumbnail, IsTheWholePhotoAtMostThatLarge) {
  const Image picture = testing::GradientPicture(640, 400);
  const Image small = Decoded(JpegThumbnail(testing::EncodeJpeg(picture), 160));
  EXPECT_EQ(small.width, 160);
  EXPECT_EQ(small.height, 100);
  // The four corners have four colours: each must be where it was.
  for (const bool right : {false, true}) {
    for (const bool bottom : {false, true}) {
      const uint32_t a = testing::PixelAt(picture, right ? 637 : 2, bottom ? 397 : 2);
      const uint32_t b = testing::PixelAt(small, right ? 159 : 0, bottom ? 99 : 0);
      for (const int shift : {0, 8, 16}) {
        EXPECT_NEAR(static_cast<int>(a >> shift & 255), static_cast<int>(b >> shift & 255), 16) << right << bottom;
      }
    }
  }
}

TEST(Thumbnail, OfASmallPhotoKeepsItsSize) {
  const Image small = Decoded(JpegThumbnail(EncodePng(testing::GradientPicture(30, 50)), 160));
  EXPECT_EQ(small.width, 30);
  EXPECT_EQ(small.height, 50);
}

TEST(Thumbnail, OfANarrowPhotoHasAtLeastOnePixel) {
  const Image small = Decoded(JpegThumbnail(EncodePng(testing::GradientPicture(2, 1000)), 100));
  EXPECT_EQ(small.width, 1);
  EXPECT_EQ(small.height, 100);
}

TEST(Thumbnail, OfSomethingElseIsEmpty) {
  EXPECT_EQ(JpegThumbnail("", 160), "");
  EXPECT_EQ(JpegThumbnail("no photo", 160), "");
}

}  // namespace
}  // namespace siskin
