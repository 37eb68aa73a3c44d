// The comparer of the kernel tests: says whether two tensors agree and, if not, where. It fails by !(error <= bound),
// so a NaN or an infinity on either side is a failure; so are different shapes and nothing to compare. Not for NaN that
// is expected (test that element by element) nor for integers (those must be equal).
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>

#include "tensor/tensor.h"
#include "tensor/view.h"

namespace siskin::testing {

// How far apart two results may be: each element by factor * 2^-24 * sqrt(depth) * max|expected|, which is what
// rounding does to a sum of `depth` terms; and the mean of the signed errors by a fraction of that, because rounding
// has no favourite direction while a wrong constant has.
struct Accuracy {
  int64_t depth = 1;    // terms added up for one element: K of a matrix product, pixels of a pooling window
  double factor = 8;    // fp32 chains of multiply-adds stay below 3 in practice; 8 leaves room for other orders
  double relative = 0;  // if > 0: the bound is relative * max|expected| instead, depth and factor are not looked at
  uint64_t seed = 0;    // only reported
};

// Are `got` and `expected` the same up to `accuracy`? The failure names the worst element, both values, shape, seed and
// instruction set. Use: EXPECT_TRUE(Close(y, expected, {.depth = k, .seed = seed}));
::testing::AssertionResult Close(ConstView got, ConstView expected, const Accuracy& accuracy);
::testing::AssertionResult Close(const Shape& shape, std::span<const float> got, const Shape& expected_shape,
                                 std::span<const float> expected, const Accuracy& accuracy);
::testing::AssertionResult Close(std::span<const float> got, std::span<const float> expected, const Accuracy& accuracy);

// Bit for bit, NaN included: results of different numbers of threads.
::testing::AssertionResult SameBits(ConstView got, ConstView expected);

}  // namespace siskin::testing
