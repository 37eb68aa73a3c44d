// The one check that tensors are a network's parameters: each of them there, with its shape and type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/layout.h"
#include "tensor/tensor.h"

namespace siskin {

// The names of all parameters, in the network's own order: what TensorDigest wants.
std::vector<std::string> ParameterNames(const NetworkLayout& layout);

// The tensor of one parameter. kModel if it is missing or not F32 of this shape; `where`, if given, is the file that
// the message names.
const Tensor& FindParameter(const TensorMap& tensors, const std::string& name, const Shape& shape,
                            std::string_view where = {});

// Checks that `tensors` are exactly the parameters of `layout`, and that all of their numbers are finite. kModel
// otherwise.
void CheckWeights(const TensorMap& tensors, const NetworkLayout& layout, std::string_view where);

}  // namespace siskin
