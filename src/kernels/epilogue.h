// What a matrix product does to a finished output element before it is stored, so that bias, activation and residual
// addition never cost a pass over memory:  y = activation(product + bias + residual).
#pragma once

#include "tensor/view.h"

namespace siskin {

enum class Activation { kNone, kRelu, kRelu6 };

struct Epilogue {
  const float* bias = nullptr;  // [Cout], or none
  ConstView residual = {};      // shape of y, added before the activation; data == nullptr: none; may be y itself
  Activation activation = Activation::kNone;
};

}  // namespace siskin
