// The 16-bit types in which weights are published, widened to fp32. Both conversions are exact: every value of either
// type is an fp32.
#pragma once

#include <cstdint>

#include "tensor/tensor.h"

namespace siskin {

// IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
float FromHalf(uint16_t bits);
// bfloat16: the upper half of an fp32.
float FromBfloat16(uint16_t bits);

// The tensor in fp32 if it is F16 or BF16; any other as it is.
Tensor Widened(Tensor tensor);

}  // namespace siskin
