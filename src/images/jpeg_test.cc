#include <gtest/gtest.h>
#include <turbojpeg.h>

#include "images/image.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::EncodeJpeg;
using testing::EncodeYcck;
using testing::GradientPicture;
using testing::LargestDifference;
using testing::OrientationTiff;
using testing::PixelAt;
using testing::SetJpegSize;
using testing::UniformPicture;
using testing::WithExif;

DecodedImage DecodeJpegOk(const std::string& bytes, const DecodeOptions& options = {}) {
  DecodedImage decoded = DecodeImage(bytes, options);
  EXPECT_EQ(decoded.error, "");
  EXPECT_EQ(decoded.warning, "");
  EXPECT_STREQ(decoded.format, "JPEG");
  return decoded;
}

TEST(Jpeg, ColourSubsamplingsGreyAndProgressive) {
  const Image picture = GradientPicture(53, 31);
  for (const int subsampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411}) {
    for (const bool progressive : {false, true}) {
      const std::string jpeg = EncodeJpeg(picture, {95, subsampling, progressive});
      EXPECT_LE(LargestDifference(DecodeJpegOk(jpeg).image, picture), 16) << subsampling << progressive;
    }
  }
  const Image grey = DecodeJpegOk(EncodeJpeg(picture, {95, TJSAMP_GRAY})).image;
  ASSERT_EQ(grey.rgb.size(), picture.rgb.size());
  for (size_t i = 0; i < grey.rgb.size(); i += 3) {
    const double luma = 0.299 * picture.rgb[i] + 0.587 * picture.rgb[i + 1] + 0.114 * picture.rgb[i + 2];
    EXPECT_NEAR(grey.rgb[i], luma, 4);
    EXPECT_EQ(grey.rgb[i], grey.rgb[i + 1]);
    EXPECT_EQ(grey.rgb[i], grey.rgb[i + 2]);
  }
}

TEST(Jpeg, ScaledDecodingKeepsBothSidesLargeEnough) {
  const std::string jpeg = EncodeJpeg(GradientPicture(640, 480));
  struct Case {
    int min_side, width, height;
  };
  for (const Case& c : {Case{0, 640, 480},
                        {241, 640, 480},
                        {240, 320, 240},
                        {120, 160, 120},
                        {61, 160, 120},
                        {60, 80, 60},
                        {1, 80, 60}}) {
    const DecodedImage decoded = DecodeJpegOk(jpeg, {.min_side = c.min_side});
    EXPECT_EQ(decoded.image.width, c.width) << c.min_side;
    EXPECT_EQ(decoded.image.height, c.height) << c.min_side;
    EXPECT_EQ(decoded.original_width, 640);
    EXPECT_EQ(decoded.original_height, 480);
    EXPECT_LE(LargestDifference(decoded.image, GradientPicture(c.width, c.height)), 8) << c.min_side;
  }
}

TEST(Jpeg, ScaledSizesAreRoundedUp) {
  const DecodedImage decoded = DecodeJpegOk(EncodeJpeg(GradientPicture(83, 65)), {.min_side = 9});
  EXPECT_EQ(decoded.image.width, 11);  // 83 / 8
  EXPECT_EQ(decoded.image.height, 9);
}

TEST(Jpeg, ExifOrientationIsApplied) {
  const Image picture = GradientPicture(40, 24);
  const std::string plain = EncodeJpeg(picture);
  for (const bool big_endian : {false, true}) {
    const DecodedImage decoded = DecodeJpegOk(WithExif(plain, OrientationTiff(6, big_endian)));
    EXPECT_EQ(decoded.image.width, 24);
    EXPECT_EQ(decoded.image.height, 40);
    EXPECT_EQ(decoded.original_width, 24);
    const Image stored = DecodeJpegOk(plain).image;
    EXPECT_EQ(PixelAt(decoded.image, 0, 0), PixelAt(stored, 0, 23));  // the stored lower left is the upper left now
    EXPECT_EQ(PixelAt(decoded.image, 23, 0), PixelAt(stored, 0, 0));
  }
  const DecodedImage probed = ProbeImage(WithExif(plain, OrientationTiff(8, true)));
  EXPECT_EQ(probed.original_width, 24);
  EXPECT_EQ(probed.original_height, 40);
  EXPECT_TRUE(probed.image.rgb.empty());
}

// Four channels: white paper, pure inks, black. Inverted as every writer stores them: 255 is no ink.
TEST(Jpeg, YcckAndCmyk) {
  struct Case {
    std::vector<uint8_t> inverted;
    int r, g, b;
  };
  for (const Case& c : {Case{{255, 255, 255, 255}, 255, 255, 255},
                        {{0, 255, 255, 255}, 0, 255, 255},
                        {{255, 0, 255, 255}, 255, 0, 255},
                        {{255, 255, 0, 128}, 128, 128, 0},
                        {{200, 100, 50, 200}, 157, 78, 39},
                        {{255, 255, 255, 0}, 0, 0, 0}}) {
    std::vector<uint8_t> pixels;
    for (int i = 0; i < 16 * 16; ++i) pixels.insert(pixels.end(), c.inverted.begin(), c.inverted.end());
    const DecodedImage decoded = DecodeJpegOk(EncodeYcck(pixels, 16, 16));
    EXPECT_LE(LargestDifference(decoded.image, UniformPicture(16, 16, static_cast<uint8_t>(c.r),
                                                              static_cast<uint8_t>(c.g), static_cast<uint8_t>(c.b))),
              3)
        << c.r << ' ' << c.g << ' ' << c.b;
  }
  // The same file declared as CMYK without a colour transform: now Y, Cb, Cr are the inks. Grey has Cb = Cr = 128.
  const std::vector<uint8_t> grey(16 * 16 * 4, 200);
  std::string cmyk = EncodeYcck(grey, 16, 16);
  const size_t adobe = cmyk.find("Adobe");
  ASSERT_NE(adobe, std::string::npos);
  ASSERT_EQ(cmyk[adobe + 11], 2);
  cmyk[adobe + 11] = 0;
  // Inks 55 (the brightness of the inverted 200), 128, 128 and 200 of light.
  const Image image = DecodeJpegOk(cmyk).image;
  EXPECT_LE(LargestDifference(image, UniformPicture(16, 16, 43, 100, 100)), 3) << std::hex << PixelAt(image, 0, 0);
}

TEST(Jpeg, SlightlyTruncatedIsAWarning) {
  const Image picture = GradientPicture(64, 160);
  const std::string whole = EncodeJpeg(picture);
  const DecodedImage decoded = DecodeImage(whole.substr(0, whole.size() * 9 / 10));
  ASSERT_EQ(decoded.error, "");
  EXPECT_EQ(decoded.warning, "truncated: only the first 144 of 160 rows are there");
  EXPECT_EQ(PixelAt(decoded.image, 5, 159), 0x808080u);
  EXPECT_NE(PixelAt(decoded.image, 5, 130), 0x808080u);
}

TEST(Jpeg, HalfAPhotoIsAnError) {
  const std::string whole = EncodeJpeg(GradientPicture(64, 160));
  for (const int min_side : {0, 20}) {
    const DecodedImage decoded = DecodeImage(whole.substr(0, whole.size() / 2), {.min_side = min_side});
    EXPECT_EQ(decoded.error, "truncated: only the first 64 of 160 rows are there") << min_side;
    EXPECT_TRUE(decoded.image.rgb.empty());
    EXPECT_EQ(decoded.original_height, 160);
  }
}

TEST(Jpeg, ExtraBytesAreAWarning) {
  std::string jpeg = EncodeJpeg(GradientPicture(32, 32));
  jpeg.insert(jpeg.size() - 2, 20, '\x11');
  const DecodedImage decoded = DecodeImage(jpeg);
  EXPECT_EQ(decoded.error, "");
  EXPECT_TRUE(decoded.warning.starts_with("damaged JPEG: Corrupt JPEG data")) << decoded.warning;
  EXPECT_LE(LargestDifference(decoded.image, GradientPicture(32, 32)), 8);
}

TEST(Jpeg, MissingEndMarkerIsAWarning) {
  const std::string jpeg = EncodeJpeg(GradientPicture(32, 32));
  const DecodedImage decoded = DecodeImage(jpeg.substr(0, jpeg.size() - 2));
  EXPECT_EQ(decoded.error, "");
  EXPECT_EQ(decoded.warning, "damaged JPEG: Premature end of JPEG file");
}

// A file may not take a scan for every few bytes: "Two issues with the JPEG standard", libjpeg-turbo project.
TEST(Jpeg, TooManyScansAreAnError) {
  std::string jpeg = EncodeJpeg(GradientPicture(32, 32), {.progressive = true});
  const size_t last_scan = jpeg.rfind(std::string("\xFF\xDA", 2));
  const std::string scan = jpeg.substr(last_scan, jpeg.size() - 2 - last_scan);
  for (int i = 0; i < 600; ++i) jpeg.insert(jpeg.size() - 2, scan);
  EXPECT_NE(DecodeImage(jpeg).error.find("scans"), std::string::npos) << DecodeImage(jpeg).error;
}

TEST(Jpeg, SamplingFactorsWithoutAName) {
  std::string jpeg = EncodeJpeg(UniformPicture(16, 16, 90, 90, 90));
  const size_t sof = jpeg.find(std::string("\xFF\xC0", 2));
  jpeg[sof + 11] = 0x21;  // brightness 2x1
  jpeg[sof + 14] = 0x12;  // blue 1x2: none of the usual ones
  const DecodedImage decoded = DecodeImage(jpeg);
  EXPECT_EQ(decoded.original_width, 16);
  EXPECT_EQ(decoded.error.find("subsampling"), std::string::npos) << decoded.error;
}

TEST(Jpeg, LimitsBeforeAllocation) {
  std::string jpeg = EncodeJpeg(GradientPicture(16, 16));
  SetJpegSize(&jpeg, 65500, 65500);
  EXPECT_EQ(DecodeImage(jpeg).error, "65500 x 65500 pixels are more than the limit of 250000000");
  EXPECT_EQ(ProbeImage(jpeg).error, "65500 x 65500 pixels are more than the limit of 250000000");
  SetJpegSize(&jpeg, 15000, 15000);
  EXPECT_TRUE(DecodeImage(jpeg).error.ends_with("bytes cannot hold 15000 x 15000 pixels")) << DecodeImage(jpeg).error;
  EXPECT_EQ(DecodeImage(jpeg, {.max_pixels = 100}).error, "15000 x 15000 pixels are more than the limit of 100");
}

// A progressive file keeps all coefficients in memory, whatever the size it is decoded at.
TEST(Jpeg, MemoryOfProgressiveFilesIsLimited) {
  const Image picture = GradientPicture(512, 512);
  const DecodeOptions options{.min_side = 64, .max_memory_bytes = 1'000'000};
  EXPECT_EQ(DecodeImage(EncodeJpeg(picture), options).error, "");
  EXPECT_EQ(DecodeImage(EncodeJpeg(picture, {.progressive = true}), options).error,
            "512 x 512 pixels would take 1 MB of memory, more than the limit of 0 MB");
  // 4:2:0 halves the number of coefficients: 786,432 bytes and a small picture.
  EXPECT_EQ(DecodeImage(EncodeJpeg(picture, {.subsampling = TJSAMP_420, .progressive = true}), options).error, "");
}

}  // namespace
}  // namespace siskin
