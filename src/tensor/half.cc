#include "tensor/half.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

namespace siskin {
namespace {

Tensor Convert(const Tensor& tensor, float convert(uint16_t)) {
  Tensor wide(tensor.shape());
  const std::span<const std::byte> bytes = tensor.bytes();
  const std::span<float> values = wide.values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * sizeof(bits), sizeof(bits));
    values[i] = convert(bits);
  }
  return wide;
}

}  // namespace

float FromHalf(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  const float magnitude = exponent == 0x1F ? (fraction == 0 ? kInfinity : kNan)
                          : exponent == 0  ? std::ldexp(static_cast<float>(fraction), -24)
                                           : std::ldexp(static_cast<float>(0x400 + fraction), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

float FromBfloat16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

Bfloat16 ToBfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  constexpr uint32_t kQuiet = 0x00400000;  // rounding could carry a NaN's bits into infinity
  if (std::isnan(value)) return {static_cast<uint16_t>((bits | kQuiet) >> 16)};
  const uint32_t is_odd = bits >> 16 & 1;
  return {static_cast<uint16_t>((bits + 0x7FFF + is_odd) >> 16)};
}

Tensor Widened(Tensor tensor) {
  if (tensor.dtype() == DType::kF16) return Convert(tensor, FromHalf);
  if (tensor.dtype() == DType::kBF16) return Convert(tensor, FromBfloat16);
  return tensor;
}

}  // namespace siskin
