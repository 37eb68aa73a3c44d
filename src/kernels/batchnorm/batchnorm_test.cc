#include "kernels/batchnorm/batchnorm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::AllLayouts;
using testing::Buffer;
using testing::CheckKernel;
using testing::Dense;
using testing::Layout;
using testing::RandomBuffer;
using testing::RandomFloats;

struct Layer {
  explicit Layer(int c)
      : gamma(RandomFloats(c, 1, 0.5f, 2)),
        beta(RandomFloats(c, 2)),
        mean(RandomFloats(c, 3)),
        variance(RandomFloats(c, 4, 0.1f, 4)) {}
  BatchNormWeights weights() const { return {gamma.data(), beta.data(), mean.data(), variance.data(), 1e-3f}; }
  std::vector<float> gamma, beta, mean, variance;
};

TEST(BatchNorm, AgreesWithReferenceInAnyLayout) {
  for (const int c : {1, 3, 4, 16, 23, 36, 728}) {
    const Layer layer(c);
    std::vector<float> scale(c), shift(c);
    BatchNormAffine(layer.weights(), c, scale.data(), shift.data());
    for (const Activation activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6}) {
      Buffer expected(Dense(2, 3, 2, c));
      reference::BatchNorm(layer.weights(), RandomBuffer(Dense(2, 3, 2, c), 5, -9, 9).view(), activation,
                           expected.view());
      for (const Layout& layout : AllLayouts(2, 3, 2, c)) {
        const Buffer x = RandomBuffer(layout, 5, -9, 9);
        const ConstView initial = x.view();
        CheckKernel(layout, expected.view(), {.depth = 2, .seed = 5}, [&](View y, ThreadPool& threads) {
          ScaleShift(x.view(), scale.data(), shift.data(), activation, y, threads);
        });
        CheckKernel(
            layout, expected.view(), {.depth = 2, .seed = 5},
            [&](View y, ThreadPool& threads) { ScaleShift(y, scale.data(), shift.data(), activation, y, threads); },
            &initial);
      }
    }
  }
}

TEST(BatchNorm, WithoutGammaTheScaleIsOneOverDeviation) {
  const float beta[] = {1, 2}, mean[] = {3, -4}, variance[] = {3.999f, 0};
  float scale[2], shift[2];
  BatchNormAffine({nullptr, beta, mean, variance, 1e-3f}, 2, scale, shift);
  EXPECT_FLOAT_EQ(scale[0], 0.5f);
  EXPECT_FLOAT_EQ(shift[0], -0.5f);
  EXPECT_FLOAT_EQ(scale[1], 1 / std::sqrt(1e-3f));  // a dead channel stays finite
  EXPECT_FLOAT_EQ(shift[1], 2 + 4 / std::sqrt(1e-3f));
}

TEST(BatchNorm, NanStays) {
  testing::OnEveryIsa([] {
    ThreadPool threads(1);
    std::vector<float> x(19, 1.0f), ones(19, 1.0f);
    x[0] = x[17] = std::numeric_limits<float>::quiet_NaN();
    const View view = DenseView(x.data(), 1, 1, 1, 19);
    ScaleShift(view, ones.data(), ones.data(), Activation::kRelu6, view, threads);
    for (int i = 0; i < 19; ++i) EXPECT_EQ(std::isnan(x[i]), i == 0 || i == 17) << i;
  });
}

}  // namespace
}  // namespace siskin
