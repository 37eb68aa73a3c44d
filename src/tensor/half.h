// The 16-bit types in which weights are published, widened to fp32: exactly, since every value of either type is an
// fp32. And the way back to bfloat16, which rounds.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/tensor.h"

namespace siskin {

// IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
float FromHalf(uint16_t bits);
// bfloat16: the upper half of an fp32.
float FromBfloat16(uint16_t bits);
// The nearest one, of two equally near ones that with an even last bit; from half a step beyond the largest on
// infinity. A NaN stays one.
Bfloat16 ToBfloat16(float value);

// The tensor in fp32 if it is F16 or BF16; any other as it is.
Tensor Widened(Tensor tensor);

}  // namespace siskin
