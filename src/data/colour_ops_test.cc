#include "data/colour_ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/testing.h"
#include "data/augment_expectations.h"

namespace siskin {
namespace {

constexpr int kHeight = 16, kWidth = 24;

// As in make_augment_expectations.py: noise on a slope, without the darkest and lightest values.
std::vector<float> FormulaPicture() {
  std::vector<float> rgb;
  for (int i = 0; i < kHeight * kWidth * 3; ++i) {
    const int noise = static_cast<int>(testing::FormulaUniform(0, static_cast<uint64_t>(i)) * 256) / 2;
    const int slope = static_cast<int>(20 + 70 * (i / 3 % kWidth) / static_cast<double>(kWidth - 1));
    rgb.push_back(static_cast<float>(noise + slope));
  }
  return rgb;
}

void Apply(ColourOp op, float amount, std::vector<float>* rgb) {
  switch (op) {
    case ColourOp::kShiftChannels:
      return ShiftChannels(*rgb, amount);
    case ColourOp::kBrightness:
      return Brightness(*rgb, amount);
    case ColourOp::kContrast:
      return Contrast(*rgb, amount);
    case ColourOp::kSaturation:
      return Saturation(*rgb, amount);
    case ColourOp::kSharpness:
      return Sharpness(*rgb, kHeight, kWidth, amount);
    case ColourOp::kAutoContrast:
      return AutoContrast(*rgb);
    case ColourOp::kEqualize:
      return Equalize(*rgb);
    case ColourOp::kSolarize:
      return Solarize(*rgb, amount);
    case ColourOp::kPosterize:
      return Posterize(*rgb, static_cast<int>(amount));
  }
}

TEST(ColourOps, AgreeWithKerasAndPillow) {
  for (const ColourExpectation& e : kColourExpectations) {
    std::vector<float> rgb = FormulaPicture();
    Apply(e.op, e.amount, &rgb);
    // Pillow truncates to bytes, some operations twice (the grey or smooth picture, then the mixture with up to 1.8
    // times the difference).
    const bool exact = e.op == ColourOp::kShiftChannels || e.op == ColourOp::kEqualize || e.op == ColourOp::kSolarize ||
                       e.op == ColourOp::kPosterize;
    const float tolerance = exact ? 0 : 1.85f;
    double sum = 0;
    for (size_t i = 0; i < std::size(e.values); ++i) {
      const float error = rgb[i * 23] - e.values[i];
      ASSERT_TRUE(std::abs(error) <= tolerance) << "case " << &e - kColourExpectations << ", value " << i << ": "
                                                << rgb[i * 23] << ", expected " << e.values[i];
      sum += error;
    }
    EXPECT_LE(std::abs(sum) / static_cast<double>(std::size(e.values)), exact ? 0 : 0.8) << static_cast<int>(e.op);
  }
}

TEST(ColourOps, StayWithinBytes) {
  for (const float amount : {0.0f, 0.1f, 1.9f}) {
    for (int op = 0; op <= static_cast<int>(ColourOp::kPosterize); ++op) {
      std::vector<float> rgb = FormulaPicture();
      for (float& value : rgb) value += 0.37f;  // as after a warp
      Apply(static_cast<ColourOp>(op), op == static_cast<int>(ColourOp::kPosterize) ? 5 : amount, &rgb);
      EXPECT_TRUE(std::ranges::all_of(rgb, [](float v) { return v >= 0 && v <= 255; })) << op << " " << amount;
    }
  }
}

TEST(ColourOps, FactorOneChangesNothing) {
  const std::vector<float> before = FormulaPicture();
  for (const ColourOp op : {ColourOp::kBrightness, ColourOp::kContrast, ColourOp::kSaturation, ColourOp::kSharpness}) {
    std::vector<float> rgb = before;
    Apply(op, 1, &rgb);
    for (size_t i = 0; i < rgb.size(); ++i) ASSERT_NEAR(rgb[i], before[i], 1e-4) << static_cast<int>(op);
  }
}

TEST(ColourOps, AUniformPictureIsLeftAlone) {
  for (const ColourOp op : {ColourOp::kAutoContrast, ColourOp::kEqualize, ColourOp::kSharpness}) {
    std::vector<float> rgb(kHeight * kWidth * 3, 93);
    Apply(op, 0, &rgb);
    for (const float value : rgb) ASSERT_NEAR(value, 93, 1e-4) << static_cast<int>(op);
  }
  std::vector<float> pixel = {1, 2, 3};  // smaller than the filter
  Sharpness(pixel, 1, 1, 0);
  EXPECT_EQ(pixel, (std::vector<float>{1, 2, 3}));
}

}  // namespace
}  // namespace siskin
