#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/testing.h"
#include "tensor/view.h"

namespace siskin {
namespace {

using namespace siskin::testing;

TEST(Shape, CountsElementsAndIsWritten) {
  EXPECT_EQ((Shape{3, 3, 64, 1}.num_elements()), 576);
  EXPECT_EQ((Shape{3, 3, 64, 1}.ToString()), "3x3x64x1");
  EXPECT_EQ(Shape().num_elements(), 1);
  EXPECT_EQ(Shape().ToString(), "scalar");
  EXPECT_EQ((Shape{5, 0}.num_elements()), 0);
}

TEST(Shape, FitsInKnowsBombs) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(FitsIn({4, 4}, 4, 64));
  EXPECT_FALSE(FitsIn({4, 4}, 4, 63));
  EXPECT_FALSE(FitsIn({kHuge, kHuge}, 4, uint64_t{1} << 40)) << "the product wraps around";
  EXPECT_FALSE(FitsIn({kHuge, 0, kHuge}, 4, uint64_t{1} << 40)) << "nothing, but nonsense";
  EXPECT_FALSE(FitsIn({-1, -4}, 4, 64));
  EXPECT_TRUE(FitsIn({1000, 0}, 4, 4000));
}

TEST(Tensor, ElementsAreZeroAndAligned) {
  // Below and above the size from which memory comes in huge pages.
  for (const int64_t floats : {int64_t{1}, int64_t{1000}, int64_t{3} << 20}) {
    const Tensor tensor(Shape{floats});
    const auto values = tensor.values<float>();
    ASSERT_EQ(values.size(), static_cast<size_t>(floats));
    EXPECT_TRUE(std::ranges::all_of(values, [](float value) { return value == 0; }));
    const size_t alignment = floats > 1000 ? size_t{2} << 20 : 64;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(values.data()) % alignment, 0u) << floats;
  }
  EXPECT_TRUE(Tensor(Shape{0, 7}).empty());
  EXPECT_EQ(Tensor(Shape{3}, DType::kI64).num_bytes(), 24u);
}

TEST(Tensor, AClonesElementsAreItsOwn) {
  const std::array<float, 3> values = {1, 2, 3};
  Tensor tensor = Tensor::FromFloats({3}, values);
  const Tensor clone = tensor.Clone();
  tensor.data()[0] = 7;
  EXPECT_TRUE(std::ranges::equal(clone.values<float>(), values));
  EXPECT_EQ(clone.shape(), (Shape{3}));
  EXPECT_EQ(Tensor().Clone().num_elements(), 0);
}

TEST(Tensor, WhatMakesNoSenseIsRefused) {
  const std::array<float, 3> values = {1, 2, 3};
  ExpectError(ErrorKind::kInternal, "3 values for a tensor of shape 2x2", [&] { Tensor::FromFloats({2, 2}, values); });
  ExpectError(ErrorKind::kInternal, "type F32 was read as I32", [] { Tensor(Shape{2}).values<int32_t>(); });
  ExpectError(ErrorKind::kInternal, "beyond reason", [] { Tensor(Shape{int64_t{1} << 40, 2}); });
}

// One digest for one set of weights: it depends on names, shapes, elements and the order asked for, not on what else
// there is.
TEST(Tensor, DigestTellsWeightsApart) {
  const std::array<float, 4> values = {1, 2, 3, 4}, others = {1, 2, 3, 5};
  TensorMap tensors;
  tensors["a"] = Tensor::FromFloats({4}, values);
  tensors["b"] = Tensor::FromFloats({2, 2}, values);
  const std::string digest = TensorDigest(tensors, std::array<std::string, 2>{"a", "b"});
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_NE(digest, TensorDigest(tensors, std::array<std::string, 2>{"b", "a"}));
  tensors["c"] = Tensor(Shape{1});
  EXPECT_EQ(digest, TensorDigest(tensors, std::array<std::string, 2>{"a", "b"}));
  tensors["b"] = Tensor::FromFloats({2, 2}, others);
  EXPECT_NE(digest, TensorDigest(tensors, std::array<std::string, 2>{"a", "b"}));
  tensors["b"] = Tensor::FromFloats({4, 1}, values);
  EXPECT_NE(digest, TensorDigest(tensors, std::array<std::string, 2>{"a", "b"}));
  ExpectError(ErrorKind::kInternal, "no tensor d", [&] { TensorDigest(tensors, std::array<std::string, 1>{"d"}); });
}

TEST(View, PixelsStandAtTheirStride) {
  std::array<float, 200> memory = {};
  const View view{memory.data(), 2, 3, 4, 5, 8, false};
  EXPECT_EQ(view.num_pixels(), 24u);
  EXPECT_EQ(view.pixel(1, 2, 3), memory.data() + ((1 * 3 + 2) * 4 + 3) * 8);
}

// Whole cache lines, never a multiple of 1 KB.
TEST(View, PixelStrideSpreadsOverTheSetsOfTheCache) {
  for (int channels = 1; channels <= 2100; ++channels) {
    const int stride = PixelStride<float>(channels);
    ASSERT_GE(stride, channels);
    ASSERT_LE(stride, channels + 31);
    ASSERT_EQ(stride % 16, 0);
    ASSERT_NE(stride % 256, 0) << channels;
  }
  EXPECT_EQ(PixelStride<float>(728), 736);
  EXPECT_EQ(PixelStride<float>(2048), 2064);
}

// The same in bytes for every type: a cache line of padding, and no two neighbors a multiple of 1 KB apart.
TEST(View, PaddingIsACacheLineOfTheType) {
  EXPECT_EQ(PaddedChannels<float>(40), 48);
  EXPECT_EQ(PaddedChannels<Bfloat16>(40), 64);
  EXPECT_EQ(PaddedChannels<int8_t>(40), 64);
  EXPECT_EQ(PaddedChannels<int8_t>(65), 128);
  EXPECT_EQ(PixelStride<Bfloat16>(728), 736);
  EXPECT_EQ(PixelStride<int8_t>(728), 768);
  EXPECT_EQ(PixelStride<Bfloat16>(2048), 2080);
  EXPECT_EQ(PixelStride<int8_t>(2048), 2112);
  for (const DType type : {DType::kF32, DType::kBF16, DType::kI8, DType::kF64}) {
    for (int channels = 1; channels <= 2100; ++channels) {
      const size_t bytes = static_cast<size_t>(PixelStride(channels, type)) * SizeOf(type);
      ASSERT_EQ(bytes % kLineBytes, 0u) << Name(type) << ' ' << channels;
      ASSERT_NE(bytes % 1024, 0u) << Name(type) << ' ' << channels;
    }
  }
}

TEST(View, KnowsItsTypeAndWhatMayBeTouched) {
  BasicView<int8_t> narrow{.c = 20, .stride = 64, .padded = true};
  EXPECT_EQ(narrow.dtype(), DType::kI8);
  EXPECT_EQ(narrow.touchable(), 64);
  narrow.padded = false;
  EXPECT_EQ(narrow.touchable(), 20);
  const ConstView wide{.c = 20, .stride = 32, .padded = true};
  EXPECT_EQ(wide.dtype(), DType::kF32);
  EXPECT_EQ(wide.touchable(), 32);
}

}  // namespace
}  // namespace siskin
