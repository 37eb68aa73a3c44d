#include "export/tensor_layout.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "base/error.h"

namespace siskin {
namespace {

Tensor Counting(const Shape& shape) {
  Tensor tensor(shape);
  std::iota(tensor.values<float>().begin(), tensor.values<float>().end(), 0.0f);
  return tensor;
}

TEST(TensorLayout, PermutesAxes) {
  const Tensor kernel = Counting({2, 3, 4, 5});
  const Tensor permuted = ChannelsFirstKernel(kernel);
  ASSERT_EQ(permuted.shape(), Shape({5, 4, 2, 3}));
  for (int64_t y = 0; y < 2; ++y) {
    for (int64_t x = 0; x < 3; ++x) {
      for (int64_t i = 0; i < 4; ++i) {
        for (int64_t o = 0; o < 5; ++o) {
          EXPECT_EQ(permuted.data()[((o * 4 + i) * 2 + y) * 3 + x], kernel.data()[((y * 3 + x) * 4 + i) * 5 + o]);
        }
      }
    }
  }
  const Tensor depthwise = ChannelsFirstDepthwise(Counting({2, 2, 3, 1}));
  EXPECT_EQ(depthwise.shape(), Shape({3, 1, 2, 2}));
  EXPECT_EQ(depthwise.data()[4], 1);  // channel 1 of the first tap
}

TEST(TensorLayout, RefusesWhatIsNoPermutation) {
  const Tensor tensor = Counting({2, 3});
  EXPECT_THROW(PermuteAxes(tensor, std::array{0, 0}), Error);
  EXPECT_THROW(PermuteAxes(tensor, std::array{0}), Error);
  EXPECT_THROW(PermuteAxes(tensor, std::array{0, 2}), Error);
}

}  // namespace
}  // namespace siskin
