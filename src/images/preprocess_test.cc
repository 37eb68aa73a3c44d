#include "images/preprocess.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace siskin {
namespace {

// Restless on purpose: every pixel counts in the expected numbers, which were computed by Pillow 13.
Image Pattern(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) image.rgb.push_back(static_cast<uint8_t>(x * 37 + y * 71 + c * 101 + x * y * 13));
    }
  }
  return image;
}

// The bytes that reach the network, without scaling.
std::vector<int> Bytes(const Image& image, int width, int height, ResizeMode mode, Interpolation interpolation) {
  Preprocessing p{.height = height, .width = width, .resize = mode, .interpolation = interpolation};
  p.scale.fill(1);
  p.shift.fill(0);
  std::vector<float> out(static_cast<size_t>(width) * height * 3, std::numeric_limits<float>::quiet_NaN());
  Preprocess(image, p, out);
  return {out.begin(), out.end()};
}

TEST(Preprocess, SquashAsPillow) {
  const Image image = Pattern(7, 5);
  EXPECT_EQ(Bytes(image, 3, 2, ResizeMode::kSquash, Interpolation::kBilinear),
            (std::vector{94, 143, 121, 121, 137, 113, 121, 129, 113, 117, 135, 149, 108, 128, 135, 112, 116, 133}));
  EXPECT_EQ(Bytes(image, 3, 2, ResizeMode::kSquash, Interpolation::kNearest),
            (std::vector{121, 222, 67, 221, 66, 167, 65, 166, 11, 33, 134, 235, 185, 30, 131, 81, 182, 27}));
  EXPECT_EQ(Bytes(image, 3, 2, ResizeMode::kSquash, Interpolation::kArea),
            (std::vector{96, 155, 128, 107, 151, 110, 133, 106, 122, 98, 135, 172, 112, 128, 144, 127, 100, 137}));
}

TEST(Preprocess, SameSizeIsACopy) {
  const Image image = Pattern(7, 5);
  for (const ResizeMode mode : {ResizeMode::kSquash, ResizeMode::kPad, ResizeMode::kCrop}) {
    EXPECT_EQ(Bytes(image, 7, 5, mode, Interpolation::kBilinear), std::vector<int>(image.rgb.begin(), image.rgb.end()));
  }
}

// ImageOps.pad(image, (4, 4), BILINEAR, color=(127, 127, 127))
TEST(Preprocess, PadAsPillow) {
  EXPECT_EQ(Bytes(Pattern(7, 5), 4, 4, ResizeMode::kPad, Interpolation::kBilinear),
            (std::vector{52,  148, 138, 119, 132, 94,  118, 159, 121, 154, 116, 105, 141, 149, 118, 102,
                         113, 133, 108, 149, 113, 100, 110, 125, 99,  135, 169, 130, 124, 139, 100, 141,
                         144, 122, 103, 149, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127}));
  EXPECT_EQ(Bytes(Pattern(5, 9), 4, 4, ResizeMode::kPad, Interpolation::kBilinear),
            (std::vector{127, 127, 127, 93,  143, 119, 119, 147, 115, 127, 127, 127, 127, 127, 127, 119,
                         132, 146, 105, 132, 135, 127, 127, 127, 127, 127, 127, 120, 130, 144, 126, 163,
                         153, 127, 127, 127, 127, 127, 127, 145, 127, 115, 150, 148, 119, 127, 127, 127}));
}

// image.crop((1, 0, 6, 5)).resize((3, 3), BILINEAR) and image.crop((0, 2, 5, 5)).resize((4, 2), BILINEAR)
TEST(Preprocess, CropAsPillow) {
  EXPECT_EQ(Bytes(Pattern(7, 5), 3, 3, ResizeMode::kCrop, Interpolation::kBilinear),
            (std::vector{91,  145, 121, 134, 149, 104, 115, 133, 108, 114, 110, 154, 107, 132,
                         110, 117, 137, 112, 117, 155, 125, 110, 117, 161, 123, 140, 116}));
  EXPECT_EQ(Bytes(Pattern(5, 8), 4, 2, ResizeMode::kCrop, Interpolation::kBilinear),
            (std::vector{162, 151, 132, 103, 110, 171, 88,  133, 100, 95, 172, 113,
                         94,  123, 184, 121, 155, 123, 126, 104, 165, 85, 162, 143}));
}

TEST(Preprocess, ExtremeProportions) {
  for (const ResizeMode mode : {ResizeMode::kSquash, ResizeMode::kPad, ResizeMode::kCrop}) {
    for (const auto& [width, height] : {std::pair{1, 1}, {1, 3000}, {3000, 1}, {2, 5}}) {
      const std::vector<int> out = Bytes(Pattern(width, height), 5, 4, mode, Interpolation::kBilinear);
      EXPECT_TRUE(std::ranges::all_of(out, [](int v) { return v >= 0 && v <= 255; }));  // nothing left NaN
    }
  }
}

TEST(Preprocess, ScalingAndOrderOfChannels) {
  const Image pixel{1, 1, {255, 0, 51}};
  Preprocessing p{.height = 1, .width = 1};
  std::array<float, 3> out{};
  SetScaling("signed", &p);
  Preprocess(pixel, p, out);
  EXPECT_FLOAT_EQ(out[0], 1);
  EXPECT_FLOAT_EQ(out[1], -1);
  EXPECT_FLOAT_EQ(out[2], -0.6f);
  SetScaling("unit", &p);
  Preprocess(pixel, p, out);
  EXPECT_FLOAT_EQ(out[0], 1);
  EXPECT_FLOAT_EQ(out[1], 0);
  EXPECT_FLOAT_EQ(out[2], 0.2f);
  SetScaling("caffe", &p);
  Preprocess(pixel, p, out);
  EXPECT_FLOAT_EQ(out[0], 51 - 103.939f);  // blue first
  EXPECT_FLOAT_EQ(out[1], -116.779f);
  EXPECT_FLOAT_EQ(out[2], 255 - 123.68f);
  SetScaling("signed", &p);
  EXPECT_FALSE(p.bgr);
}

std::string MessageOf(ErrorKind kind, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  return "no error";
}

TEST(Preprocess, UnknownNames) {
  Preprocessing p;
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [&] { SetScaling("tf", &p); }),
            "scaling \"tf\" is unknown; use signed, unit or caffe");
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [] { ParseResizeMode("stretch"); }),
            "resize mode \"stretch\" is unknown; use squash, pad, crop");
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [] { ParseInterpolation("cubic"); }),
            "interpolation \"cubic\" is unknown; use nearest, bilinear, area");
  EXPECT_EQ(ParseResizeMode(Name(ResizeMode::kCrop)), ResizeMode::kCrop);
  EXPECT_EQ(ParseInterpolation(Name(Interpolation::kArea)), Interpolation::kArea);
}

TEST(Preprocess, JsonRoundTripIsExact) {
  for (const char* scaling : {"signed", "unit", "caffe"}) {
    Preprocessing p{.height = 150, .width = 299, .resize = ResizeMode::kPad, .interpolation = Interpolation::kArea};
    SetScaling(scaling, &p);
    EXPECT_EQ(PreprocessingFromJson(ParseJson(ToText(ToJson(p)), "test"), "test"), p) << scaling;
  }
}

TEST(Preprocess, JsonFromAModelFileIsChecked) {
  const Preprocessing p{.height = 150, .width = 150};
  const auto message_with = [&](const char* key, const Json& value) {
    Json json = ToJson(p);
    json[key] = value;
    return MessageOf(ErrorKind::kModel, [&] { PreprocessingFromJson(json, "m.safetensors: card"); });
  };
  EXPECT_EQ(message_with("height", 0), "m.safetensors: card: \"height\" is not a whole number from 1 to 16384");
  EXPECT_EQ(message_with("width", 1e9), "m.safetensors: card: \"width\" is not a whole number from 1 to 16384");
  EXPECT_EQ(message_with("scale", {1, 2}), "m.safetensors: card: \"scale\" is not a list of three numbers");
  EXPECT_EQ(message_with("shift", {1, 2, "x"}), "m.safetensors: card: \"shift\" is not a list of three numbers");
  EXPECT_EQ(message_with("shift", {1, 2, 1e300}), "m.safetensors: card: \"shift\" is not a list of three numbers");
  EXPECT_EQ(message_with("resize", "warp"),
            "m.safetensors: card: \"resize\" is \"warp\", expected one of squash, pad, crop; was the file written by a "
            "newer version?");
  EXPECT_EQ(message_with("channels", "rbg"), "m.safetensors: card: \"channels\" is \"rbg\", expected rgb or bgr");
}

TEST(Preprocess, DecodeOptionsLeaveRoomForTheFilter) {
  EXPECT_EQ(DecodeOptionsFor({.height = 150, .width = 200}).min_side, 400);
  EXPECT_EQ(DecodeOptionsFor({.height = 150, .width = 200, .interpolation = Interpolation::kNearest}).min_side, 0);
}

}  // namespace
}  // namespace siskin
