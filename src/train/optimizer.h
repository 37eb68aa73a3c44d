// Gradient to new weights: SGD with momentum and Nesterov's look-ahead, Adam, AdamW; and the learning rate over time.
// SGD and Adam are Keras' to the letter (keras/src/optimizers/sgd.py, adam.py), epsilon included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/threads.h"

namespace siskin {

enum class Optimizer { kSgd, kAdam, kAdamW };
enum class Schedule { kConstant, kStep, kCosine, kPlateau };

// How weights follow gradients in a phase of a training.
struct OptimizerRecipe {
  Optimizer kind = Optimizer::kAdamW;
  int epochs = 50;  // the schedule ends with the last one
  double lr = 0.003;
  double momentum = 0.9;                    // sgd
  bool nesterov = false;                    // sgd
  std::optional<double> weight_decay = {};  // none: what suits the optimizer
  Schedule schedule = Schedule::kCosine;
  double warmup = 0;  // epochs over which the learning rate rises linearly; at most epochs

  // 5 suits adamw, whose steps do not depend on the size of gradients; the others do without.
  double decay() const { return weight_decay.value_or(kind == Optimizer::kAdamW ? 5 : 0); }
  // Which arrays a step keeps for the next one: see OptimizerArrays.
  bool keeps_first() const { return kind != Optimizer::kSgd || momentum > 0; }
  bool keeps_second() const { return kind != Optimizer::kSgd; }
};

// The learning rate of a step (counted from 0 over all epochs) according to the recipe's lr, schedule and warm-up; for
// Schedule::kPlateau see PlateauFactor (epoch.h).
double LearningRate(const OptimizerRecipe& recipe, int64_t step, int64_t steps_per_epoch);

// A part of the parameters; weight decay pulls at kernels, not at biases.
struct ParameterRange {
  size_t begin = 0, end = 0;
  bool decays = false;
  double lr_factor = 1;  // of the step's learning rate
};

// What a step works on: arrays of one size, and of which it changes all but the gradient. `first` and `second` are what
// it keeps for the next step, zero before the first one; empty where the recipe keeps nothing.
struct OptimizerArrays {
  std::span<float> parameters;
  std::span<const float> gradient;
  std::span<float> first;   // sgd: velocity; adam: mean of the gradients
  std::span<float> second;  // adam: mean of their squares
};

// The root of the sum of squares. The same bits for any number of threads. Of equally many values each time, it
// allocates `scratch` once.
double L2Norm(std::span<const float> values, std::vector<double>* scratch, ThreadPool& threads);

// Gradient clipping by norm: values *= limit / norm if norm (of values) is above limit.
void ClipNorm(double norm, double limit, std::span<float> values, ThreadPool& threads);

// average = decay * average + (1 - decay) * values, element by element.
void MoveAverage(double decay, std::span<const float> values, std::span<float> average, ThreadPool& threads);

// Step `step` (counted from 1) over `ranges`. Weight decay: adamw subtracts lr * decay * weight (Loshchilov, Hutter
// 2019, as in Keras), sgd and adam add decay * weight to the gradient (an L2 penalty of decay / 2). The same bits for
// any number of threads.
void OptimizerStep(const OptimizerRecipe& recipe, double lr, int64_t step, std::span<const ParameterRange> ranges,
                   const OptimizerArrays& arrays, ThreadPool& threads);

}  // namespace siskin
