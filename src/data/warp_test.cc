#include "data/warp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/testing.h"
#include "data/augment_expectations.h"

namespace siskin {
namespace {

std::vector<uint8_t> FormulaPicture(int height, int width) {
  std::vector<uint8_t> rgb;
  for (uint64_t i = 0; i < static_cast<uint64_t>(height) * width * 3; ++i) {
    rgb.push_back(static_cast<uint8_t>(testing::FormulaUniform(0, i) * 256));
  }
  return rgb;
}

using testing::kNan;

TEST(Warp, AgreesWithKeras) {
  constexpr int height = 5, width = 7;
  const std::vector<uint8_t> rgb = FormulaPicture(height, width);
  for (const WarpExpectation& e : kWarpExpectations) {
    const Affine affine = Rotation(e.rotation) * Shift(e.row_shift, e.column_shift) * KerasShear(e.shear) *
                          Zoom(e.row_zoom, e.column_zoom) * Flip(e.horizontal_flip, e.vertical_flip);
    std::vector<float> out(rgb.size(), kNan);
    Warp(rgb, height, width, affine, e.fill, out);
    ASSERT_EQ(out.size(), std::size(e.rgb));
    for (size_t i = 0; i < out.size(); ++i) {
      // Six digits in the table; weights are floats.
      ASSERT_TRUE(std::abs(out[i] - e.rgb[i]) <= 2e-3)
          << "case " << &e - kWarpExpectations << ", value " << i << ": " << out[i] << ", expected " << e.rgb[i];
    }
  }
}

TEST(Warp, FlipsMoveWholePixels) {
  const std::vector<uint8_t> rgb = FormulaPicture(4, 6);
  std::vector<float> out(rgb.size());
  for (const FillMode fill : {FillMode::kNearest, FillMode::kConstant, FillMode::kReflect, FillMode::kWrap}) {
    Warp(rgb, 4, 6, Flip(true, false), fill, out);
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 18; ++x) EXPECT_EQ(out[y * 18 + x], rgb[y * 18 + (5 - x / 3) * 3 + x % 3]);
    }
    Warp(rgb, 4, 6, Flip(false, true), fill, out);
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 18; ++x) EXPECT_EQ(out[y * 18 + x], rgb[(3 - y) * 18 + x]);
    }
  }
}

TEST(Warp, StaysInsideHoweverFarItLooks) {
  // The sanitizers watch the reads; every value must be one of the picture's range or the constant 0.
  for (const int size : {1, 2, 3}) {
    const std::vector<uint8_t> rgb(static_cast<size_t>(size) * size * 3, 77);
    for (const FillMode fill : {FillMode::kNearest, FillMode::kConstant, FillMode::kReflect, FillMode::kWrap}) {
      for (const double shift : {-1e6, -3.0, -1.0, -0.5, 0.5, 1.0, 3.0, 1e6}) {
        std::vector<float> out(rgb.size(), kNan);
        Warp(rgb, size, size, Shift(shift, -shift) * Zoom(7.3, -0.2), fill, out);
        for (const float value : out) {
          EXPECT_TRUE(value == 77 || (value == 0 && fill == FillMode::kConstant)) << value << " of " << shift;
        }
      }
    }
  }
}

TEST(Warp, TheProductIsOneWarpAfterTheOther) {
  const Affine product = Rotation(30) * Shift(1, 2) * Zoom(0.5, 2);
  // Row 4, column 6 through the zoom, then the shift, then the rotation.
  const double row = 4 * 0.5 + 1, column = 6 * 2 + 2, sine = 0.5, cosine = std::sqrt(3) / 2;
  EXPECT_NEAR(product.a * 4 + product.b * 6 + product.row_shift, cosine * row - sine * column, 1e-12);
  EXPECT_NEAR(product.c * 4 + product.d * 6 + product.column_shift, sine * row + cosine * column, 1e-12);
}

TEST(Warp, RefusesTheWrongRoom) {
  std::vector<uint8_t> rgb(12);
  std::vector<float> out(11);
  EXPECT_THROW(Warp(rgb, 2, 2, Affine(), FillMode::kNearest, out), Error);
}

}  // namespace
}  // namespace siskin
