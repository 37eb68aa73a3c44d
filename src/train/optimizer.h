// Gradient to new weights: SGD with momentum and Nesterov's look-ahead, Adam, AdamW; and the learning rate over time.
// SGD and Adam are Keras' to the letter (keras/src/optimizers/sgd.py, adam.py), epsilon included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "train/recipe.h"

namespace siskin {

// The learning rate of a step (counted from 0 over all epochs) according to the recipe's lr, schedule and warm-up.
double LearningRate(const Recipe& recipe, int64_t step, int64_t steps_per_epoch);

// For Schedule::kPlateau: what the learning rate is multiplied by after epochs with these validation losses; a tenth
// after every three without a new best.
double PlateauFactor(std::span<const double> validation_losses);

// A part of the parameters; weight decay pulls at kernels, not at biases.
struct ParameterRange {
  size_t begin = 0, end = 0;
  bool decays = false;
  double lr_factor = 1;  // of the step's learning rate
};

// What has to be saved with the weights to go on later.
struct OptimizerState {
  int64_t steps = 0;
  std::vector<float> first;   // sgd: velocity (empty without momentum); adam: mean of the gradients
  std::vector<float> second;  // adam: mean of their squares
};

OptimizerState NewOptimizerState(const Recipe& recipe, size_t num_parameters);

// The root of the sum of squares. The same bits for any number of threads.
double L2Norm(std::span<const float> values, ThreadPool& threads);

// Gradient clipping by norm: values *= limit / norm if norm (of values) is above limit.
void ClipNorm(double norm, double limit, std::span<float> values, ThreadPool& threads);

// average = decay * average + (1 - decay) * values, element by element.
void MoveAverage(double decay, std::span<const float> values, std::span<float> average, ThreadPool& threads);

// One step over `ranges` of `parameters`. Weight decay: adamw subtracts lr * decay * weight (Loshchilov, Hutter 2019,
// as in Keras), sgd and adam add decay * weight to the gradient (an L2 penalty of decay / 2). The same bits for any
// number of threads.
void OptimizerStep(const Recipe& recipe, double lr, std::span<const ParameterRange> ranges,
                   std::span<const float> gradient, std::span<float> parameters, OptimizerState* state,
                   ThreadPool& threads);

// The same with the optimizer's memory where the caller keeps it: `step` counts from 1, first and second may be empty
// where NewOptimizerState leaves them so.
void OptimizerStep(const Recipe& recipe, double lr, std::span<const ParameterRange> ranges, int64_t step,
                   std::span<const float> gradient, std::span<float> parameters, std::span<float> first,
                   std::span<float> second, ThreadPool& threads);

}  // namespace siskin
