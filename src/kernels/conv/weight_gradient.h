// The gradient of a matrix product's weights: dW[K, N] = A[M, K]^T * dY[M, N], a sum over the pixels of the whole
// batch, where A is what the forward product read: activations, the windows of a convolution, or the depthwise result
// of a separable convolution, which is computed again instead of being kept.
//
// The order of the sum is that of kernels/image_groups.h: the same bits for any number of threads, and the gradient of
// a batch is that of its halves, added.
#pragma once

#include <cstddef>
#include <span>

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "kernels/separable/separable.h"
#include "tensor/view.h"

namespace siskin {

// Floats of scratch for K rows of dW (KH * KW * Cin, Cin for the others). Of dy, the shape counts; what is enough for a
// batch is enough for a smaller one.
size_t WeightGradientScratch(int k, ConstView dy, int num_threads);

//   x: [N, H, W, Cin]   dy: [N, H, W, Cout]   dw: [Cin, Cout], overwritten   scratch: 64-byte aligned
void MatMulWeightGradient(ConstView x, ConstView dy, float* dw, std::span<float> scratch, ThreadPool& threads);

//   x: [N, H, W, Cin]   dy: [N, OH, OW, Cout]   dw: [KH, KW, Cin, Cout], overwritten
void Conv2DWeightGradient(const WindowParams& params, ConstView x, ConstView dy, float* dw, std::span<float> scratch,
                          ThreadPool& threads);

//   x: [N, H, W, Cin]   depthwise: [KH, KW, Cin]   dy: [N, OH, OW, Cout]   dw: [Cin, Cout] of the pointwise step,
//   overwritten. params as in the forward pass.
void SeparableWeightGradient(const SeparableParams& params, ConstView x, const float* depthwise, ConstView dy,
                             float* dw, std::span<float> scratch, ThreadPool& threads);

}  // namespace siskin
