// For tests: a network small enough to look at, with every kind of layer that importers have to tell apart.
#pragma once

#include <map>
#include <string>

#include "graph/layout.h"
#include "tensor/tensor.h"
#include "weights/file/safetensors.h"

namespace siskin::testing {

using Metadata = std::map<std::string, std::string>;

// conv (named), its batch norm, two shortcuts without names of the same shape (only their order tells them apart) with
// their batch norms, a separable convolution, and with `top` a dense layer "predictions".
NetworkLayout SmallLayout(bool top = false);

// Every element of every tensor is different.
TensorMap SmallWeights(const NetworkLayout& layout);

// The name of a layer in a file of Keras, which numbers layers without names, continuing after other models of the same
// program.
std::string KerasName(const LayerLayout& layer);

// The bytes of a .safetensors file.
std::string Serialized(const TensorMap& tensors, const Metadata& metadata);

// EXPECTs the same names, shapes and bits.
void ExpectSameTensors(const TensorMap& got, const TensorMap& expected);

}  // namespace siskin::testing
