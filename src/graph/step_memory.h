// What the steps of a run work on: the arena, the caller's arrays, and in training what normalisations remember.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/dropout.h"
#include "graph/plan_step.h"
#include "kernels/batchnorm/training.h"
#include "tensor/view.h"

namespace siskin {

// What a batch normalisation knows between the steps of a training pass, [C] each. A scaled addition has scale and
// shift only.
struct NormState {
  explicit NormState(int channels) {
    for (auto* values : {&mean, &variance, &scale, &shift, &dbeta, &dgamma, &a, &b, &c}) {
      values->resize(static_cast<size_t>(channels));
    }
  }
  static NormState Factor(float factor, int channels) {
    NormState state;
    state.scale.assign(static_cast<size_t>(channels), factor);
    state.shift.assign(static_cast<size_t>(channels), 0.0f);
    return state;
  }

  // The moving averages follow the moments: Keras' moving * momentum + batch * (1 - momentum).
  void MoveAverages(const PlanStep& step, std::span<float> statistics) const;
  // The moments are the moving averages.
  void UseAverages(const PlanStep& step, std::span<const float> statistics);
  // Scale and shift from the moments.
  void SetScaleAndShift(const PlanStep& step, std::span<const float> parameters);
  // What the sums of the backward pass are taken around.
  NormStatistics statistics(const PlanStep& step) const { return {mean.data(), variance.data(), step.epsilon}; }
  // Gradients of gamma and beta, and the coefficients a, b, c, from the sums over so many pixels.
  void SetCoefficients(const PlanStep& step, size_t num_pixels, std::span<float> gradient);

  std::vector<float> mean, variance;  // moments
  std::vector<float> scale, shift;    // y = activation(scale * x + shift)
  std::vector<float> dbeta, dgamma;   // sums over the pixels that the activation let through
  std::vector<float> a, b, c;         // dx = a * dy + b * x + c

 private:
  NormState() = default;
};

struct StepMemory {
  int n = 0;  // images
  std::byte* arena = nullptr;
  std::span<const size_t> offsets;  // of the arena's buffers, in bytes
  const float* input = nullptr;     // what Place::kInput and kOutput are
  float* output = nullptr;
  std::span<const std::span<std::byte>> scratch;  // of the kernels, by step
  // Training.
  std::span<const float> parameters;
  std::span<float> statistics, gradient;
  std::span<NormState> norms;
  const DropoutKey* dropout = nullptr;  // null: everything stays

  // The first n images of a slot; a view without data for none.
  ConstView Read(const Slot& slot) const;
  View Write(const Slot& slot) const;
  std::span<std::byte> Scratch(const PlanStep& step) const { return scratch[static_cast<size_t>(step.index)]; }
  std::byte* Bytes(const Slot& slot) const { return arena + offsets[static_cast<size_t>(slot.buffer)]; }
};

}  // namespace siskin
