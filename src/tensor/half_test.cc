#include "tensor/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
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

// Against the definition, between all neighbors: what is nearer, and of both the even one.
TEST(ToBfloat16, RoundsToTheNearestAndEven) {
  const auto rounded = [](float value) { return ToBfloat16(value).bits; };
  for (uint16_t bits = 0; bits < 0x7F80; ++bits) {  // 0x7F80 is infinity
    const auto next = static_cast<uint16_t>(bits + 1);
    const uint32_t low = uint32_t{bits} << 16;
    for (const uint32_t sign : {uint32_t{0}, uint32_t{0x80000000}}) {
      const auto at = [&](uint32_t rest) { return std::bit_cast<float>(sign | (low + rest)); };
      const auto signed_bits = [&](uint16_t b) { return static_cast<uint16_t>(b | sign >> 16); };
      ASSERT_EQ(rounded(at(0)), signed_bits(bits)) << bits;
      ASSERT_EQ(rounded(at(0x7FFF)), signed_bits(bits)) << bits;
      ASSERT_EQ(rounded(at(0x8000)), signed_bits(bits % 2 == 0 ? bits : next)) << bits;
      ASSERT_EQ(rounded(at(0x8001)), signed_bits(next)) << bits;
    }
  }
  EXPECT_EQ(rounded(std::numeric_limits<float>::infinity()), 0x7F80);
  EXPECT_EQ(rounded(-std::numeric_limits<float>::infinity()), 0xFF80);
}

TEST(ToBfloat16, ANanStaysOne) {
  for (const uint32_t bits : {0x7FC00000u, 0x7F800001u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    EXPECT_TRUE(std::isnan(FromBfloat16(ToBfloat16(std::bit_cast<float>(bits)).bits))) << bits;
  }
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
