// Gradients of a depthwise convolution: of its filter and of its input.
#pragma once

#include <cstddef>
#include <span>

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "tensor/view.h"

namespace siskin {

// Floats of scratch. Of x, the shape counts; what is enough for a batch is enough for a smaller one.
size_t DepthwiseGradientScratch(const WindowParams& params, ConstView x);

//   x: [N, H, W, C]   dy: [N, OH, OW, C]   dfilter: [KH, KW, C], overwritten   scratch: 64-byte aligned
// relu_input: the forward pass put x through ReLU. The order of the sum is that of kernels/image_groups.h: the same
// bits for any number of threads, and the gradient of a batch is that of its halves, added.
void DepthwiseFilterGradient(const WindowParams& params, ConstView x, bool relu_input, ConstView dy, float* dfilter,
                             std::span<float> scratch, ThreadPool& threads);

//   dy: [N, OH, OW, C]   filter: [KH, KW, C]   dx: [N, H, W, C], overwritten
// With respect to what the filter saw: after the ReLU of relu_input, if there was one.
void DepthwiseInputGradient(const WindowParams& params, ConstView dy, const float* filter, View dx,
                            std::span<float> scratch, ThreadPool& threads);

// Both at once: dy is read only once where the stride is 1. dx and x may be the same memory.
void DepthwiseGradients(const WindowParams& params, ConstView x, bool relu_input, ConstView dy, const float* filter,
                        float* dfilter, View dx, std::span<float> scratch, ThreadPool& threads);

}  // namespace siskin
