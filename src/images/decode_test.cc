// What holds for photos of every format: choice of the format, nonsense, files cut or changed anywhere.
#include "images/decode.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/random.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::EncodeJpeg;
using testing::EncodePng;
using testing::EncodeWebP;
using testing::GradientPicture;

TEST(DecodeImage, EmptyAndGarbage) {
  EXPECT_EQ(DecodeImage("").error, "0 bytes");
  EXPECT_EQ(DecodeImage("hello world").error, "not a JPEG, PNG or WebP file (it begins with 68 65 6c 6c 6f 20 77 6f)");
  EXPECT_EQ(DecodeImage("x").error, "not a JPEG, PNG or WebP file (it begins with 78)");
  EXPECT_EQ(DecodeImage(std::string(1000, '\0')).error,
            "not a JPEG, PNG or WebP file (it begins with 00 00 00 00 00 00 00 00)");
  EXPECT_TRUE(DecodeImage("\xFF\xD8\xFF").error.starts_with("damaged JPEG: "));
  EXPECT_STREQ(DecodeImage("hello").format, "");
}

TEST(DecodeImage, NamesOtherFormats) {
  EXPECT_EQ(DecodeImage("GIF89a....").error, "not a JPEG, PNG or WebP file but a GIF");
  EXPECT_EQ(DecodeImage(std::string("\0\0\0\x18"
                                    "ftypheic",
                                    12))
                .error,
            "not a JPEG, PNG or WebP file but a HEIC");
  EXPECT_EQ(DecodeImage("<!DOCTYPE html>").error, "not a JPEG, PNG or WebP file but a web page");
}

TEST(ProbeImage, FormatAndSize) {
  const Image picture = GradientPicture(20, 10);
  for (const std::string& bytes : {EncodeJpeg(picture), EncodePng(picture), EncodeWebP(picture, false)}) {
    const DecodedImage probed = ProbeImage(bytes);
    EXPECT_EQ(probed.error, "");
    EXPECT_EQ(probed.original_width, 20);
    EXPECT_EQ(probed.original_height, 10);
    EXPECT_STREQ(probed.format, DecodeImage(bytes).format);
    EXPECT_TRUE(probed.image.rgb.empty());
  }
}

struct Sample {
  const char* name;
  std::string (*make)();
};

class EveryFormat : public ::testing::TestWithParam<Sample> {
 protected:
  // The decoder sees a buffer of exactly this size, so that the address sanitizer catches a read beyond it.
  static DecodedImage DecodeExactly(const std::string& bytes) {
    const std::unique_ptr<char[]> copy(new char[bytes.size()]);
    std::ranges::copy(bytes, copy.get());
    // What a changed header may ask for stays small enough to be quick.
    return DecodeImage({copy.get(), bytes.size()}, {.max_pixels = 1 << 20});
  }
  static void ExpectWhole(const DecodedImage& decoded, const std::string& what) {
    if (!decoded.error.empty()) {
      EXPECT_TRUE(decoded.image.rgb.empty()) << what;
    } else {
      EXPECT_GT(decoded.image.width, 0) << what;
      EXPECT_EQ(decoded.image.rgb.size(), size_t{3} * decoded.image.width * decoded.image.height) << what;
    }
  }
};

TEST_P(EveryFormat, CutAtEveryByte) {
  const std::string whole = GetParam().make();
  ASSERT_EQ(DecodeExactly(whole).error, "");
  size_t errors = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    const DecodedImage decoded = DecodeExactly(whole.substr(0, size));
    ExpectWhole(decoded, "cut at " + std::to_string(size));
    EXPECT_NE(decoded.error + decoded.warning, "") << "cut at " << size << " of " << whole.size();
    errors += !decoded.error.empty();
  }
  EXPECT_GT(errors, whole.size() / 4);
}

TEST_P(EveryFormat, ChangedAnywhere) {
  const std::string whole = GetParam().make();
  for (uint32_t round = 0; round < 1000; ++round) {
    Random random(7, RandomPurpose::kTest, round);
    std::string changed = whole;
    for (uint32_t changes = 1 + random.Below(4); changes > 0; --changes) {
      changed[random.Below(static_cast<uint32_t>(changed.size()))] = static_cast<char>(random.Next());
    }
    ExpectWhole(DecodeExactly(changed), "round " + std::to_string(round));
  }
}

const Sample kSamples[] = {
    {"Jpeg", [] { return EncodeJpeg(GradientPicture(20, 17), {.quality = 70}); }},
    {"ProgressiveJpeg", [] { return EncodeJpeg(GradientPicture(20, 17), {.quality = 70, .progressive = true}); }},
    {"JpegWithExif",
     [] {
       return testing::WithExif(EncodeJpeg(GradientPicture(9, 8), {.quality = 70}), testing::OrientationTiff(6, true));
     }},
    {"Png", [] { return EncodePng(GradientPicture(20, 17)); }},
    {"InterlacedPngWithAlpha",
     [] {
       testing::PngStyle style{.width = 9, .height = 9, .colour_type = 6, .interlaced = true};
       for (int i = 0; i < 9 * 9 * 4; ++i) style.rows.push_back(static_cast<uint8_t>(i * 7));
       return EncodePng(style);
     }},
    {"Palette",
     [] {
       testing::PngStyle style{.width = 8, .height = 8, .bit_depth = 4, .colour_type = 3};
       style.rows.assign(32, 0x12);
       style.palette = {1, 2, 3, 4, 5, 6, 7, 8, 9};
       style.transparency = {0, 128};
       return EncodePng(style);
     }},
    {"LossyWebP", [] { return EncodeWebP(GradientPicture(20, 17), false); }},
    {"LosslessWebP", [] { return EncodeWebP(GradientPicture(20, 17), true); }},
    {"WebPWithAlphaAndExif",
     [] {
       const std::vector<uint8_t> rgba(8 * 8 * 4, 77);
       return testing::ExtendedWebP(testing::EncodeWebPRgba(rgba, 8, 8), 8, 8, 0x18,
                                    testing::WebPChunk("EXIF", testing::OrientationTiff(3, false)));
     }},
};

INSTANTIATE_TEST_SUITE_P(, EveryFormat, ::testing::ValuesIn(kSamples),
                         [](const auto& sample) { return sample.param.name; });

}  // namespace
}  // namespace siskin
