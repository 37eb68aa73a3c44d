// The optimizers by themselves; keras_curves_test.cc has curves that Keras computed. Learning rates over time.
#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "train/epoch.h"

namespace siskin {
namespace {

TEST(Optimizer, L2OfSgdIsAGradient) {
  ThreadPool threads(1);
  const OptimizerRecipe recipe = {.kind = Optimizer::kSgd, .momentum = 0, .weight_decay = 0.5};
  std::vector<float> parameters = {2, 2};
  const std::vector<float> gradient = {1, 1};
  const std::vector<ParameterRange> ranges = {{0, 1, true}, {1, 2, false}};
  OptimizerStep(recipe, 0.1, 1, ranges, {parameters, gradient, {}, {}}, threads);
  EXPECT_FLOAT_EQ(parameters[0], 2 - 0.1f * (1 + 0.5f * 2));
  EXPECT_FLOAT_EQ(parameters[1], 2 - 0.1f);
}

TEST(Schedule, LearningRates) {
  OptimizerRecipe recipe;
  recipe.epochs = 8;
  recipe.lr = 1;
  recipe.schedule = Schedule::kConstant;
  EXPECT_EQ(LearningRate(recipe, 79, 10), 1);
  recipe.schedule = Schedule::kStep;
  EXPECT_EQ(LearningRate(recipe, 39, 10), 1);
  EXPECT_EQ(LearningRate(recipe, 40, 10), 0.1);
  EXPECT_EQ(LearningRate(recipe, 60, 10), 0.01);
  recipe.schedule = Schedule::kCosine;
  EXPECT_EQ(LearningRate(recipe, 0, 10), 1);
  EXPECT_NEAR(LearningRate(recipe, 40, 10), 0.5, 1e-15);
  EXPECT_NEAR(LearningRate(recipe, 79, 10), 0, 1e-3);
  recipe.warmup = 2;  // 20 steps up, then the cosine over the other 60
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 0, 10), 0.05);
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 19, 10), 1);
  EXPECT_EQ(LearningRate(recipe, 20, 10), 1);
  EXPECT_NEAR(LearningRate(recipe, 50, 10), 0.5, 1e-15);
  recipe.warmup = 8;
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 79, 10), 1);
}

TEST(Schedule, PlateauIsATenthAfterThreeEpochsWithoutABest) {
  std::vector<EpochResult> history;
  const auto factor_after = [&](double loss) {
    history.push_back({.validation_loss = loss});
    return PlateauFactor(history);
  };
  for (const double loss : {3.0, 2.0, 2.0, 2.5}) EXPECT_EQ(factor_after(loss), 1);
  EXPECT_DOUBLE_EQ(factor_after(2), 0.1);
  for (const double loss : {1.9, 2.0, 2.0}) EXPECT_DOUBLE_EQ(factor_after(loss), 0.1);
  EXPECT_DOUBLE_EQ(factor_after(2), 0.01);
}

TEST(L2Norm, OfManyThreads) {
  std::vector<float> values(100'001, 0.5f);
  std::vector<double> scratch;
  ThreadPool one(1), three(3);
  const double norm = L2Norm(values, &scratch, one);
  EXPECT_NEAR(norm, 0.5 * std::sqrt(100'001), 1e-9);
  EXPECT_EQ(L2Norm(values, &scratch, three), norm);
  ClipNorm(norm, 1, values, three);
  EXPECT_NEAR(L2Norm(values, &scratch, one), 1, 1e-5);  // fp32 sums of 256 squares
}

}  // namespace
}  // namespace siskin
