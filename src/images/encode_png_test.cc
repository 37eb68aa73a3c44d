#include <gtest/gtest.h>

#include "base/error.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::GradientPicture;
using testing::LargestDifference;

TEST(EncodePng, DecodesToTheSamePixels) {
  for (const auto& [width, height] : {std::pair(61, 37), std::pair(1, 1), std::pair(1, 300), std::pair(300, 1)}) {
    const Image picture = GradientPicture(width, height);
    const DecodedImage decoded = DecodeImage(EncodePng(picture));
    EXPECT_EQ(decoded.error + decoded.warning, "");
    EXPECT_STREQ(decoded.format, "PNG");
    EXPECT_EQ(LargestDifference(decoded.image, picture), 0) << width << " x " << height;
  }
}

TEST(EncodePng, RefusesAnImageWithoutItsPixels) {
  EXPECT_THROW(EncodePng(Image()), Error);
  Image picture = GradientPicture(4, 3);
  picture.rgb.pop_back();
  EXPECT_THROW(EncodePng(picture), Error);
  picture = GradientPicture(4, 3);
  picture.width = -4;
  EXPECT_THROW(EncodePng(picture), Error);
}

TEST(EncodePng, PassesOnWhatLibpngRefuses) {
  // Wider than libpng's default limit of a million pixels.
  const Image picture{1'000'001, 1, std::vector<uint8_t>(3'000'003)};
  try {
    EncodePng(picture);
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
    EXPECT_NE(std::string(error.what()).find("libpng says \"Invalid IHDR data\""), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace siskin
