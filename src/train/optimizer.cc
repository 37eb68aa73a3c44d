#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace siskin {
namespace {

// Keras' defaults.
constexpr double kBeta1 = 0.9, kBeta2 = 0.999;
constexpr float kEpsilon = 1e-7f;

// Parameters a thread updates at once: 4 arrays of 16 KB stay in a core's cache.
constexpr size_t kChunk = 4096;

// The numbers of one step, in the precision in which Keras applies them.
struct StepConstants {
  float lr;       // sgd: learning rate; adam: with the bias corrections of step t
  float penalty;  // added to the gradient: penalty * weight
  float keep;     // decoupled decay: weight * keep first
  float momentum;
  bool nesterov;
};

void SgdUpdate(const StepConstants& c, const float* gradient, float* weight, float* velocity, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float move = -c.lr * (gradient[i] + c.penalty * weight[i]);
    if (velocity == nullptr) {
      weight[i] += move;
      continue;
    }
    velocity[i] = c.momentum * velocity[i] + move;
    weight[i] += c.nesterov ? c.momentum * velocity[i] + move : velocity[i];
  }
}

void AdamUpdate(const StepConstants& c, const float* gradient, float* weight, float* mean, float* square,
                size_t count) {
  constexpr float kNew1 = static_cast<float>(1 - kBeta1), kNew2 = static_cast<float>(1 - kBeta2);
  for (size_t i = 0; i < count; ++i) {
    const float g = gradient[i] + c.penalty * weight[i];
    mean[i] += (g - mean[i]) * kNew1;
    square[i] += (g * g - square[i]) * kNew2;
    weight[i] = weight[i] * c.keep - mean[i] * c.lr / (std::sqrt(square[i]) + kEpsilon);
  }
}

StepConstants ConstantsOf(const OptimizerRecipe& recipe, double lr, int64_t step, bool decays) {
  const bool decoupled = recipe.kind == Optimizer::kAdamW;
  const double decay = decays ? recipe.decay() : 0;
  const double t = static_cast<double>(step);
  const double correction = std::sqrt(1 - std::pow(kBeta2, t)) / (1 - std::pow(kBeta1, t));
  return {.lr = static_cast<float>(recipe.kind == Optimizer::kSgd ? lr : lr * correction),
          .penalty = static_cast<float>(decoupled ? 0 : decay),
          .keep = static_cast<float>(decoupled ? 1 - lr * decay : 1),
          .momentum = static_cast<float>(recipe.momentum),
          .nesterov = recipe.nesterov};
}

// Epochs of warm-up left out: 0 when the learning rate has its full value, 1 at the end of the training.
double ProgressAfterWarmup(const OptimizerRecipe& recipe, double epoch) {
  const double length = recipe.epochs - recipe.warmup;
  return length <= 0 ? 0 : std::clamp((epoch - recipe.warmup) / length, 0.0, 1.0);
}

// Calls body(begin, count) for the chunks of [0, size), on all threads.
template <class Body>
void ForEachChunk(size_t size, ThreadPool& threads, const Body& body) {
  threads.ParallelFor((size + kChunk - 1) / kChunk,
                      [&](size_t chunk, int) { body(chunk * kChunk, std::min(kChunk, size - chunk * kChunk)); });
}

}  // namespace

double LearningRate(const OptimizerRecipe& recipe, int64_t step, int64_t steps_per_epoch) {
  const double epoch = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
  if (epoch < recipe.warmup) {
    return recipe.lr * static_cast<double>(step + 1) / std::ceil(recipe.warmup * static_cast<double>(steps_per_epoch));
  }
  const double progress = ProgressAfterWarmup(recipe, epoch);
  switch (recipe.schedule) {
    case Schedule::kConstant:
    case Schedule::kPlateau:  // PlateauFactor
      break;
    case Schedule::kStep:
      return recipe.lr * (progress < 0.5 ? 1 : progress < 0.75 ? 0.1 : 0.01);
    case Schedule::kCosine:
      return recipe.lr * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  }
  return recipe.lr;
}

double L2Norm(std::span<const float> values, std::vector<double>* scratch, ThreadPool& threads) {
  std::vector<double>& squares = *scratch;  // by chunk
  squares.assign((values.size() + kChunk - 1) / kChunk, 0);
  ForEachChunk(values.size(), threads, [&](size_t begin, size_t count) {
    constexpr size_t kSums = 16;  // independent chains, which a compiler keeps in vectors
    float sums[kSums] = {};
    const float* const value = values.data() + begin;
    const size_t whole = count / kSums * kSums;
    for (size_t i = 0; i < whole; i += kSums) {
      for (size_t k = 0; k < kSums; ++k) sums[k] += value[i + k] * value[i + k];
    }
    for (size_t i = whole; i < count; ++i) sums[i - whole] += value[i] * value[i];
    for (const float sum : sums) squares[begin / kChunk] += static_cast<double>(sum);
  });
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

void ClipNorm(double norm, double limit, std::span<float> values, ThreadPool& threads) {
  if (!(norm > limit)) return;
  const auto factor = static_cast<float>(limit / norm);
  ForEachChunk(values.size(), threads, [&](size_t begin, size_t count) {
    for (float& value : values.subspan(begin, count)) value *= factor;
  });
}

void MoveAverage(double decay, std::span<const float> values, std::span<float> average, ThreadPool& threads) {
  const auto keep = static_cast<float>(decay), take = static_cast<float>(1 - decay);
  ForEachChunk(values.size(), threads, [&](size_t begin, size_t count) {
    for (size_t i = begin; i < begin + count; ++i) average[i] = keep * average[i] + take * values[i];
  });
}

void OptimizerStep(const OptimizerRecipe& recipe, double lr, int64_t step, std::span<const ParameterRange> ranges,
                   const OptimizerArrays& arrays, ThreadPool& threads) {
  for (const ParameterRange& range : ranges) {
    const StepConstants constants = ConstantsOf(recipe, lr * range.lr_factor, step, range.decays);
    ForEachChunk(range.end - range.begin, threads, [&](size_t offset, size_t count) {
      const size_t begin = range.begin + offset;
      const float* gradient = arrays.gradient.data() + begin;
      float* weight = arrays.parameters.data() + begin;
      float* first = arrays.first.empty() ? nullptr : arrays.first.data() + begin;
      if (recipe.kind == Optimizer::kSgd) {
        SgdUpdate(constants, gradient, weight, first, count);
      } else {
        AdamUpdate(constants, gradient, weight, first, arrays.second.data() + begin, count);
      }
    });
  }
}

}  // namespace siskin
