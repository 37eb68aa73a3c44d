#include "graph/step_memory.h"

#include <algorithm>
#include <cassert>
#include <cmath>

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

// With y = gamma * (x - mean) * r + beta and M pixels: a = gamma * r, b = -a * r^2 * sum(dy * (x - mean)) / M,
// c = -a * sum(dy) / M - b * mean.
void NormState::SetCoefficients(const PlanStep& step, size_t num_pixels, std::span<float> gradient) {
  const auto pixels = static_cast<double>(num_pixels);
  for (size_t i = 0; i < mean.size(); ++i) {
    const double r = 1 / std::sqrt(static_cast<double>(variance[i]) + step.epsilon);
    const double of_dy = scale[i], of_x = -of_dy * r * r * sum_dy_x[i] / pixels;
    gradient[step.at.beta + i] = sum_dy[i];
    if (step.at.gamma != kNoParameter) gradient[step.at.gamma + i] = static_cast<float>(sum_dy_x[i] * r);
    a[i] = static_cast<float>(of_dy);
    b[i] = static_cast<float>(of_x);
    c[i] = static_cast<float>(-of_dy * sum_dy[i] / pixels - of_x * mean[i]);
  }
}

ConstView StepMemory::Read(const Slot& slot) const {
  assert(slot.dtype == DType::kF32);  // the only one that kernels know so far
  if (slot.place != Place::kInput) return Write(slot);
  return {input, n, slot.shape.h, slot.shape.w, slot.shape.c, slot.stride, slot.padded};
}

View StepMemory::Write(const Slot& slot) const {
  assert(slot.dtype == DType::kF32);
  if (!slot.exists()) return {};
  float* base = slot.place == Place::kOutput ? output : reinterpret_cast<float*>(Bytes(slot));
  return {base + slot.first_channel, n, slot.shape.h, slot.shape.w, slot.shape.c, slot.stride, slot.padded};
}

}  // namespace siskin
