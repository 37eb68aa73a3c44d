// For tests: a network small enough to look at, with every kind of layer that importers have to tell apart.
#pragma once

#include <string>

#include "graph/layout.h"
#include "tensor/tensor.h"

namespace siskin::testing {

// conv (named), its batch norm, two shortcuts without names of the same shape (only their order tells them apart) with
// their batch norms, a separable convolution, and with `top` a dense layer "predictions".
NetworkLayout SmallLayout(bool top = false);

// Every element of every tensor is different.
TensorMap SmallWeights(const NetworkLayout& layout);

// EXPECTs the same names, shapes and bits.
void ExpectSameTensors(const TensorMap& got, const TensorMap& expected);

}  // namespace siskin::testing
