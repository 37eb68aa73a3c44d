#include "tensor/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

namespace siskin {
namespace {

TEST(FromHalf, EveryKindOfNumber) {
  EXPECT_EQ(FromHalf(0x3C00), 1);
  EXPECT_EQ(FromHalf(0xC000), -2);
  EXPECT_EQ(FromHalf(0x7BFF), 65504) << "the largest";
  EXPECT_EQ(FromHalf(0x0400), 0x1p-14f) << "the smallest normal one";
  EXPECT_EQ(FromHalf(0x8001), -0x1p-24f) << "the smallest subnormal one";
  EXPECT_TRUE(std::signbit(FromHalf(0x8000)));
  EXPECT_EQ(FromHalf(0x8000), 0);
  EXPECT_EQ(FromHalf(0xFC00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(FromHalf(0x7C01)));
}

// Counting up through all positive bit patterns counts up through the numbers.
TEST(FromHalf, IsMonotonic) {
  for (uint16_t bits = 0; bits < 0x7C00; ++bits) {
    EXPECT_LT(FromHalf(bits), FromHalf(static_cast<uint16_t>(bits + 1))) << bits;
  }
}

TEST(FromBfloat16, IsTheUpperHalfOfAFloat) {
  EXPECT_EQ(FromBfloat16(0x3F80), 1);
  EXPECT_EQ(FromBfloat16(0xC040), -3);
  EXPECT_EQ(FromBfloat16(0x0001), std::bit_cast<float>(uint32_t{0x00010000}));
  EXPECT_TRUE(std::isnan(FromBfloat16(0x7FC0)));
}

Tensor Of16Bits(DType type, const std::vector<uint16_t>& bits) {
  Tensor tensor(Shape{static_cast<int64_t>(bits.size())}, type);
  std::memcpy(tensor.bytes().data(), bits.data(), tensor.num_bytes());
  return tensor;
}

TEST(Widened, KeepsTheShapeAndOtherTypes) {
  const Tensor half = Widened(Of16Bits(DType::kF16, {0x3C00, 0xC000, 0x3800}));
  ASSERT_EQ(half.dtype(), DType::kF32);
  EXPECT_EQ(half.shape(), Shape({3}));
  EXPECT_EQ(half.values<float>()[1], -2);
  EXPECT_EQ(half.values<float>()[2], 0.5f);
  EXPECT_EQ(Widened(Of16Bits(DType::kBF16, {0x4000})).values<float>()[0], 2);
  EXPECT_EQ(Widened(Tensor(Shape{2}, DType::kI64)).dtype(), DType::kI64);
}

}  // namespace
}  // namespace siskin
