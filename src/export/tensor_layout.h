// Weights in the order of axes that other frameworks want.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace siskin {

// fp32; axis i of the result is axis order[i] of the input. kInternal if `order` is not a permutation of its axes.
Tensor PermuteAxes(const Tensor& tensor, std::span<const int> order);

// A convolution's kernel [KH, KW, Cin, Cout] as [Cout, Cin, KH, KW]; a depthwise one [KH, KW, C, 1] as [C, 1, KH, KW].
Tensor ChannelsFirstKernel(const Tensor& kernel);
Tensor ChannelsFirstDepthwise(const Tensor& kernel);

}  // namespace siskin
