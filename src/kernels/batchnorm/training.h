// Batch normalisation while training: statistics of the batch and the backward pass. Ioffe, Szegedy 2015, "Batch
// normalization", section 3. An activation behind it is part of it: y = activation(scale * x + shift), and only x is
// kept; whether the activation let a value through is seen by computing y again.
//
// Sums over pixels: pieces of a fixed number of pixels in fp32, the pieces in double, both in a fixed order: the same
// bits for any number of threads.
#pragma once

#include <cstddef>
#include <span>

#include "base/threads.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

namespace siskin {

// Floats of scratch for sums over x.
size_t ChannelSumsScratch(size_t num_pixels, int channels);

// x: [N, H, W, C]   sums: [C], overwritten: over all pixels.
void ChannelSums(ConstView x, float* sums, std::span<float> scratch, ThreadPool& threads);

// mean, variance: [C], overwritten. The variance is the biased one (divided by the number of pixels).
void ChannelMoments(ConstView x, float* mean, float* variance, std::span<float> scratch, ThreadPool& threads);

// y = activation(scale * x + shift), channel by channel.
struct Normalization {
  const float* scale = nullptr;  // [C]
  const float* shift = nullptr;  // [C]
  Activation activation = Activation::kNone;
};

// dy: [N, H, W, C] with respect to y. sum_dy, sum_dy_x: [C], overwritten: sums of dy and of dy * (x - centre) over the
// pixels that the activation let through: the gradients of beta and, times 1 / deviation, of gamma.
void NormalizationSums(const Normalization& norm, ConstView dy, ConstView x, const float* centre, float* sum_dy,
                       float* sum_dy_x, std::span<float> scratch, ThreadPool& threads);

// dx = a * dy + b * x + c where the activation let through, b * x + c elsewhere; dx may be dy. a, b, c: [C]. With
// constant statistics b and c are nullptr: 0.
void NormalizationInputGradient(const Normalization& norm, ConstView dy, ConstView x, const float* a, const float* b,
                                const float* c, View dx, ThreadPool& threads);

// y = scale * x + shift + residual; y may be residual. x, residual, y: [N, H, W, C]
void ScaleShiftAdd(ConstView x, const float* scale, const float* shift, ConstView residual, View y,
                   ThreadPool& threads);

}  // namespace siskin
