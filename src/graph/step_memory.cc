#include "graph/step_memory.h"

#include <algorithm>
#include <cassert>

#include "kernels/batchnorm/batchnorm.h"

namespace siskin {

void NormState::MoveAverages(const PlanStep& step, std::span<float> statistics) const {
  const float keep = step.momentum, take = 1 - step.momentum;
  for (size_t i = 0; i < mean.size(); ++i) {
    float& moving_mean = statistics[step.at.mean + i];
    float& moving_variance = statistics[step.at.variance + i];
    moving_mean = moving_mean * keep + mean[i] * take;
    moving_variance = moving_variance * keep + variance[i] * take;
  }
}

void NormState::UseAverages(const PlanStep& step, std::span<const float> statistics) {
  std::copy_n(&statistics[step.at.mean], mean.size(), mean.begin());
  std::copy_n(&statistics[step.at.variance], variance.size(), variance.begin());
}

void NormState::SetScaleAndShift(const PlanStep& step, std::span<const float> parameters) {
  BatchNormAffine({.gamma = step.at.gamma == kNoParameter ? nullptr : &parameters[step.at.gamma],
                   .beta = &parameters[step.at.beta],
                   .mean = mean.data(),
                   .variance = variance.data(),
                   .epsilon = step.epsilon},
                  static_cast<int>(mean.size()), scale.data(), shift.data());
}

void NormState::SetCoefficients(const PlanStep& step, size_t num_pixels, std::span<float> gradient) {
  std::ranges::copy(dbeta, &gradient[step.at.beta]);
  if (step.at.gamma != kNoParameter) std::ranges::copy(dgamma, &gradient[step.at.gamma]);
  NormalizationCoefficients(statistics(step), scale.data(), dbeta.data(), dgamma.data(),
                            static_cast<double>(num_pixels), static_cast<int>(mean.size()), a.data(), b.data(),
                            c.data());
}

ConstView StepMemory::Read(const Slot& slot) const {
  assert(slot.dtype == ConstView::dtype());  // the only one that kernels know so far
  if (slot.place != Place::kInput) return Write(slot);
  return {input, n, slot.shape.h, slot.shape.w, slot.shape.c, slot.stride, slot.padded};
}

View StepMemory::Write(const Slot& slot) const {
  assert(slot.dtype == View::dtype());
  if (!slot.exists()) return {};
  float* base = slot.place == Place::kOutput ? output : reinterpret_cast<float*>(Bytes(slot));
  return {base + slot.first_channel, n, slot.shape.h, slot.shape.w, slot.shape.c, slot.stride, slot.padded};
}

}  // namespace siskin
