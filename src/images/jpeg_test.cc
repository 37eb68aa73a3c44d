#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <span>

#include "base/files.h"
#include "base/testing.h"
#include "images/decode.h"
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
using testing::Subsampling;
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
  for (const Subsampling subsampling :
       {Subsampling::k444, Subsampling::k422, Subsampling::k420, Subsampling::k440, Subsampling::k411}) {
    for (const bool progressive : {false, true}) {
      const std::string jpeg = EncodeJpeg(picture, {95, subsampling, progressive});
      EXPECT_LE(LargestDifference(DecodeJpegOk(jpeg).image, picture), 16)
          << static_cast<int>(subsampling) << progressive;
    }
  }
  const Image grey = DecodeJpegOk(EncodeJpeg(picture, {95, Subsampling::kGrey})).image;
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
  for (const std::string& tiff : {OrientationTiff(6, false), OrientationTiff(6, true), OrientationTiff(6, false, 4)}) {
    const DecodedImage decoded = DecodeJpegOk(WithExif(plain, tiff));
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
  EXPECT_EQ(decoded.warning, "truncated: only the first 136 of 160 rows are there");
  EXPECT_EQ(PixelAt(decoded.image, 5, 159), 0x808080u);
  EXPECT_NE(PixelAt(decoded.image, 5, 130), 0x808080u);
}

TEST(Jpeg, HalfAPhotoIsAnError) {
  const std::string whole = EncodeJpeg(GradientPicture(64, 160));
  for (const int min_side : {0, 20}) {
    const DecodedImage decoded = DecodeImage(whole.substr(0, whole.size() / 2), {.min_side = min_side});
    EXPECT_EQ(decoded.error, "truncated: only the first 56 of 160 rows are there") << min_side;
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

struct Coding {
  const char* name;
  testing::JpegStyle style;
};
const Coding kCodings[] = {
    {"baseline", {.quality = 90}},
    {"restarts", {.quality = 90, .rows_between_restarts = 1}},
    {"a scan a channel", {.quality = 90, .subsampling = Subsampling::k420, .interleaved = false}},
    {"progressive", {.quality = 90, .subsampling = Subsampling::k420, .progressive = true}},
    {"arithmetic", {.quality = 90, .arithmetic = true}},
    {"arithmetic, restarts", {.quality = 90, .arithmetic = true, .rows_between_restarts = 1}},
    {"arithmetic, progressive", {.quality = 90, .progressive = true, .arithmetic = true}},
};

// Gradients with grain, so that every row takes some bytes.
Image Grainy(int width, int height) {
  Image picture = GradientPicture(width, height);
  uint32_t state = 1;
  for (uint8_t& value : picture.rgb) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    value = static_cast<uint8_t>(value * 7 / 8 + (state >> 27));
  }
  return picture;
}

// The lower half is the grey that missing data decode to: the bars of a film, the floor of a studio. Such photos used
// to be refused as truncated whenever libjpeg complained about anything.
Image Letterbox(int width, int height) {
  Image picture = Grainy(width, height);
  std::ranges::fill(std::span(picture.rgb).last(picture.rgb.size() / 2), uint8_t{128});
  return picture;
}

TEST(Jpeg, GreyLowerPartIsNotMissing) {
  for (const Coding& coding : kCodings) {
    const std::string whole = EncodeJpeg(Letterbox(64, 160), coding.style);
    const std::string no_end = whole.substr(0, whole.size() - 2), end = whole.substr(whole.size() - 2);
    // In an arithmetic code more bytes are another code.
    const std::string more = coding.style.arithmetic ? no_end : no_end + std::string(40, '\x11') + end;
    for (const std::string& damaged : {no_end, more}) {
      for (const int min_side : {0, 30}) {
        const DecodedImage decoded = DecodeImage(damaged, {.min_side = min_side});
        EXPECT_EQ(decoded.error, "") << coding.name;
        EXPECT_NE(decoded.warning, "") << coding.name;
        EXPECT_EQ(decoded.warning.find(" rows "), std::string::npos) << coding.name << ": " << decoded.warning;
        const Image expected = DecodeJpegOk(whole, {.min_side = min_side}).image;
        EXPECT_EQ(LargestDifference(decoded.image, expected), 0) << coding.name;
      }
    }
  }
}

TEST(Jpeg, LetterboxesOfRealFiles) {
  const auto folder = testing::SharedFolder("cases");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  const Image whole = DecodeJpegOk(ReadFile(folder / "letterbox_ok.jpg")).image;
  const std::string band = ReadFile(folder / "greyband_extraneous.jpg");
  constexpr size_t kExtraneous = 243;  // bytes before the end marker
  const Image whole_band = DecodeJpegOk(band.substr(0, band.size() - 2 - kExtraneous) + "\xFF\xD9").image;
  for (const auto& [name, image] : {std::pair{"letterbox_noeoi.jpg", &whole},
                                    {"letterbox_extraneous.jpg", &whole},
                                    {"greyband_extraneous.jpg", &whole_band}}) {
    const DecodedImage decoded = DecodeImage(ReadFile(folder / name));
    EXPECT_EQ(decoded.error, "") << name;
    EXPECT_TRUE(decoded.warning.starts_with("damaged JPEG: ")) << name << ": " << decoded.warning;
    EXPECT_EQ(LargestDifference(decoded.image, *image), 0) << name;
  }
}

TEST(Jpeg, OrientationAsLongInARealFile) {
  const auto folder = testing::SharedFolder("cases");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  const std::string jpeg = ReadFile(folder / "exif6_long.jpg");
  std::string upright = jpeg;
  upright.replace(jpeg.find("Exif"), 4, "none");
  const DecodedImage turned = DecodeJpegOk(jpeg), stored = DecodeJpegOk(upright);
  EXPECT_EQ(turned.image.width, stored.image.height);
  EXPECT_EQ(PixelAt(turned.image, turned.image.width - 1, 0), PixelAt(stored.image, 0, 0));
}

// N of "only the first N of M rows are ..."; all rows if nothing is said of rows, -1 if there is no picture at all.
int ReportedRows(const DecodedImage& decoded, int all_rows) {
  const std::string text = decoded.error + decoded.warning;
  int rows = 0;
  if (std::sscanf(text.c_str(), "truncated: only the first %d of", &rows) == 1 && text.find(" rows ") < text.size()) {
    return rows;
  }
  return decoded.error.empty() ? all_rows : -1;
}

// Of files cut anywhere: what is said to be there is there, more bytes are never less rows, three quarters are needed.
TEST(Jpeg, CutAnywhere) {
  constexpr int kHeight = 96;
  for (const Coding& coding : kCodings) {
    const std::string jpeg = EncodeJpeg(Grainy(48, kHeight), coding.style);
    const Image whole = DecodeJpegOk(jpeg).image;
    const bool progressive = coding.style.progressive;
    int last_rows = -1;
    for (size_t size = 2; size < jpeg.size(); size += size + 20 < jpeg.size() ? 13 : 1) {
      SCOPED_TRACE(std::string(coding.name) + " cut at " + std::to_string(size) + " of " + std::to_string(jpeg.size()));
      const DecodedImage decoded = DecodeImage(jpeg.substr(0, size));
      ASSERT_NE(decoded.error + decoded.warning, "");
      const int rows = ReportedRows(decoded, kHeight);
      ASSERT_GE(rows, last_rows);
      last_rows = rows;
      ASSERT_EQ(decoded.error.empty(), rows >= kHeight * 3 / 4) << decoded.error << decoded.warning;
      // Rows of a progressive file may lack their last bits. At the very end of an arithmetic code, zeros may stand for
      // what is missing (see OnEndOfFile).
      if (!decoded.error.empty() || progressive || (coding.style.arithmetic && rows == kHeight)) continue;
      // Smooth upsampling looks one row ahead.
      const size_t same = static_cast<size_t>(rows == kHeight ? rows : rows - 1) * 48 * 3;
      ASSERT_TRUE(std::ranges::equal(std::span(decoded.image.rgb).first(same), std::span(whole.rgb).first(same)));
      const auto missing = std::span(decoded.image.rgb).subspan(static_cast<size_t>(rows) * 48 * 3);
      ASSERT_TRUE(std::ranges::all_of(missing, [](uint8_t value) { return value == 128; }));
    }
    EXPECT_EQ(last_rows, kHeight) << coding.name;
  }
}

// With a restart marker after every row of blocks the place of each row in the file is known.
TEST(Jpeg, TheNumberOfRowsIsExact) {
  const std::string jpeg = EncodeJpeg(Letterbox(48, 96), {.quality = 90, .rows_between_restarts = 1});
  std::vector<size_t> ends;  // of the rows' data
  for (size_t pos = jpeg.find("\xFF\xDA"); pos + 1 < jpeg.size(); ++pos) {
    const int marker = static_cast<uint8_t>(jpeg[pos + 1]);
    if (jpeg[pos] == '\xFF' && marker >= 0xD0 && marker <= 0xD9) ends.push_back(pos);
  }
  ASSERT_EQ(ends.size(), 12u);
  for (size_t row = 0; row < ends.size(); ++row) {
    EXPECT_EQ(ReportedRows(DecodeImage(jpeg.substr(0, ends[row])), 96), static_cast<int>(row + 1) * 8);
    EXPECT_EQ(ReportedRows(DecodeImage(jpeg.substr(0, ends[row] - 1)), 96), static_cast<int>(row) * 8);
  }
}

std::vector<size_t> PlacesOfScans(const std::string& jpeg) {
  std::vector<size_t> places;
  for (size_t pos = jpeg.find("\xFF\xDA"); pos != std::string::npos; pos = jpeg.find("\xFF\xDA", pos + 2)) {
    places.push_back(pos);
  }
  return places;
}

// libjpeg's ten scans: DC; brightness 1 to 5; red; blue; brightness 6 to 63; then the last bits of each.
TEST(Jpeg, ProgressiveWithoutItsLastScans) {
  const Image picture = Grainy(64, 160);
  const std::string jpeg = EncodeJpeg(picture, {.subsampling = Subsampling::k420, .progressive = true});
  const Image whole = DecodeJpegOk(jpeg).image;
  const std::vector<size_t> scans = PlacesOfScans(jpeg);
  ASSERT_EQ(scans.size(), 10u);
  for (size_t kept = 0; kept < scans.size(); ++kept) {
    const DecodedImage decoded = DecodeImage(jpeg.substr(0, scans[kept]));
    if (kept == 0) {
      EXPECT_TRUE(decoded.error.starts_with("damaged JPEG: ")) << decoded.error;
    } else if (kept < 5) {
      EXPECT_EQ(decoded.error, "truncated: only the first 0 of 160 rows are complete (scan " +
                                   std::to_string(kept + 1) + " is not complete)");
    } else {
      EXPECT_EQ(decoded.error, "");
      EXPECT_EQ(decoded.warning,
                "truncated: only the first " + std::to_string(kept) + " scans are there; some detail is missing");
      EXPECT_LE(LargestDifference(decoded.image, whole), 40);
    }
  }
  // In the middle of the fifth, a blurred lower part stays as it is.
  const DecodedImage blurred = DecodeImage(jpeg.substr(0, scans[4] + (scans[5] - scans[4]) * 9 / 10));
  EXPECT_EQ(blurred.error, "");
  EXPECT_TRUE(blurred.warning.ends_with("of 160 rows are complete (scan 5 is not complete)")) << blurred.warning;
  EXPECT_NE(PixelAt(blurred.image, 5, 159), 0x808080u);
}

// A table between two scans that makes no sense is the end of the file for libjpeg, which used to refuse the photo.
TEST(Jpeg, DamageBetweenScans) {
  std::string jpeg = EncodeJpeg(Grainy(64, 64), {.progressive = true});
  const std::vector<size_t> scans = PlacesOfScans(jpeg);
  const size_t table = jpeg.find("\xFF\xC4", scans[8]);
  ASSERT_LT(table, scans[9]);
  jpeg[table + 5] = '\xFF';  // 255 codes of one bit
  const DecodedImage decoded = DecodeImage(jpeg);
  EXPECT_EQ(decoded.error, "");
  EXPECT_EQ(decoded.warning, "truncated: only the first 9 scans are there; some detail is missing");
  jpeg = jpeg.substr(0, table + 9);  // ends in the table
  EXPECT_EQ(DecodeImage(jpeg).warning, decoded.warning);
}

TEST(Jpeg, LostRestartMarkersAreDamageInTheMiddle) {
  for (const bool arithmetic : {false, true}) {
    const testing::JpegStyle style{.quality = 90, .arithmetic = arithmetic, .rows_between_restarts = 1};
    std::string jpeg = EncodeJpeg(Grainy(48, 96), style);
    const size_t second = jpeg.find("\xFF\xD1"), third = jpeg.find("\xFF\xD2");
    ASSERT_LT(second, third);
    jpeg.erase(second, third - second);
    const DecodedImage decoded = DecodeImage(jpeg);
    EXPECT_EQ(decoded.error, "");
    EXPECT_TRUE(decoded.warning.starts_with("damaged JPEG: ")) << decoded.warning;
    EXPECT_EQ(decoded.image.rgb.size(), 48u * 96 * 3);
  }
}

// Everything is there; what follows is no reason to refuse the photo.
TEST(Jpeg, NonsenseBehindThePicture) {
  const std::string jpeg = EncodeJpeg(Grainy(32, 32));
  const size_t scan = jpeg.find("\xFF\xDA");
  const DecodedImage decoded = DecodeImage(jpeg.substr(0, jpeg.size() - 2) + jpeg.substr(scan));
  EXPECT_EQ(decoded.error, "");
  EXPECT_TRUE(decoded.warning.starts_with("damaged JPEG: ")) << decoded.warning;
  EXPECT_EQ(LargestDifference(decoded.image, DecodeJpegOk(jpeg).image), 0);

  // A second frame header with another size and more channels than there are.
  const std::string frame("\xFF\xC0\x00\x20\x08\x00\x08\x00\x08\x08", 10);
  const DecodedImage second = DecodeImage(jpeg.substr(0, jpeg.size() - 2) + frame + std::string(24, '\x11'));
  EXPECT_EQ(second.error, "");
  EXPECT_EQ(second.warning, "damaged JPEG: Invalid JPEG file structure: two SOF markers");
  EXPECT_EQ(LargestDifference(second.image, DecodeJpegOk(jpeg).image), 0);
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
  EXPECT_EQ(DecodeImage(EncodeJpeg(picture, {.subsampling = Subsampling::k420, .progressive = true}), options).error,
            "");
}

}  // namespace
}  // namespace siskin
