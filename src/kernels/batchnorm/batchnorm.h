// Batch normalisation in inference mode. Ioffe, Szegedy 2015, "Batch normalization".
#pragma once

#include "base/threads.h"
#include "kernels/epilogue.h"
#include "tensor/view.h"

namespace siskin {

// The four vectors of a layer, [C] each; gamma may be missing (scale=False in Keras: 1).
struct BatchNormWeights {
  const float* gamma = nullptr;
  const float* beta = nullptr;
  const float* mean = nullptr;
  const float* variance = nullptr;
  float epsilon = 1e-3f;
};

// The same as y = scale * x + shift: scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale; computed in
// double, rounded once. scale, shift: [channels], overwritten. This is what the planner folds into weights.
void BatchNormAffine(const BatchNormWeights& weights, int channels, float* scale, float* shift);

// y = activation(scale * x + shift); y may be x. x, y: [N, H, W, C]; scale, shift: [C].
void ScaleShift(ConstView x, const float* scale, const float* shift, Activation activation, View y,
                ThreadPool& threads);

}  // namespace siskin
