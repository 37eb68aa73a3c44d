// Batch normalisation while training: statistics of the batch and the backward pass. Ioffe, Szegedy 2015, "Batch
// normalization", section 3. An activation after it is part of it: y = activation(scale * x + shift), and only x is
// kept; whether the activation let a value through is seen by computing y again.
//
// Sums over pixels: of a group of images, pieces of a fixed number of pixels in fp32, the pieces in double; the groups
// along the tree of kernels/image_groups.h: the same bits for any number of threads. What several machines would have
// to join before anybody goes on is what PartialMoments and NormalizationSums give; what comes next
// (FinishMoments, NormalizationCoefficients) divides by the pixels of the whole batch.
#pragma once

#include <cstddef>
#include <span>

#include "base/threads.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

namespace siskin {

// Floats of scratch for sums over x. Its shape counts; what is enough for a batch is enough for a smaller one.
size_t ChannelSumsScratch(ConstView x);

// x: [N, H, W, C]   sums: [C], overwritten: over all pixels.
void ChannelSums(ConstView x, float* sums, std::span<float> scratch, ThreadPool& threads);

// What is known of a channel in some pixels.
struct Moments {
  double pixels = 0, mean = 0;
  double deviations = 0;  // the sum of (x - mean)^2
};

// Of two sets of pixels; a node of the tree. Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for
// computing sample variances". The other way round it gives the same bits.
Moments JoinMoments(const Moments& a, const Moments& b);

// moments: [C], overwritten: of all pixels of x.
void PartialMoments(ConstView x, std::span<Moments> moments, std::span<float> scratch, ThreadPool& threads);

// mean, variance: [C], overwritten. The variance is the biased one (divided by the number of pixels).
void FinishMoments(std::span<const Moments> moments, float* mean, float* variance);

// Both, for a batch that is all here.
void ChannelMoments(ConstView x, float* mean, float* variance, std::span<float> scratch, ThreadPool& threads);

// y = activation(scale * x + shift), channel by channel.
struct Normalization {
  const float* scale = nullptr;  // [C]
  const float* shift = nullptr;  // [C]
  Activation activation = Activation::kNone;
};

// What the scale and shift of a normalisation were made of, [C] each.
struct NormStatistics {
  const float* mean = nullptr;
  const float* variance = nullptr;
  float epsilon = 0;
};

// dy: [N, H, W, C] with respect to y. dbeta, dgamma: [C], overwritten: over the pixels that the activation let through
// the sums of dy and of dy * (x - mean) / sqrt(variance + epsilon).
void NormalizationSums(const Normalization& norm, const NormStatistics& statistics, ConstView dy, ConstView x,
                       float* dbeta, float* dgamma, std::span<float> scratch, ThreadPool& threads);

// a, b, c: [channels], overwritten: those of NormalizationInputGradient where the statistics are those of the batch, of
// so many pixels, to which the sums belong. `scale` is norm.scale: gamma / sqrt(variance + epsilon).
void NormalizationCoefficients(const NormStatistics& statistics, const float* scale, const float* dbeta,
                               const float* dgamma, double pixels, int channels, float* a, float* b, float* c);

// dx = a * dy + b * x + c where the activation let through, b * x + c elsewhere; dx may be dy. a, b, c: [C]. With
// constant statistics b and c are nullptr: 0.
void NormalizationInputGradient(const Normalization& norm, ConstView dy, ConstView x, const float* a, const float* b,
                                const float* c, View dx, ThreadPool& threads);

// y = scale * x + shift + residual; y may be residual. x, residual, y: [N, H, W, C]
void ScaleShiftAdd(ConstView x, const float* scale, const float* shift, ConstView residual, View y,
                   ThreadPool& threads);

}  // namespace siskin
