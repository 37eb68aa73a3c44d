// Dropout in a training plan: which units stay, and where their gradients go.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/testing.h"
#include "graph/testing_gradients.h"
#include "graph/testing_training_graphs.h"
#include "graph/testing_training_step.h"
#include "graph/training_plan.h"
#include "kernels/testing_compare.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::CloseGradients;
using testing::Outcome;
using testing::PlanOf;
using testing::Problem;
using testing::RandomFloats;
using testing::Step;

using testing::kNan;

constexpr float kRate = 0.25f;
constexpr size_t kUnits = 400;

// Units of a dropout layer whose input is 1: what each is multiplied by.
class Units {
 public:
  Units() {
    NodeId x = graph_.Dense("dense", graph_.Input(1, 1, 1), kUnits);
    x = graph_.Dropout("dropout", x, kRate);
    graph_.Dropout("identity", x, 0);
    parameters_.assign(2 * kUnits, 0);
    std::fill_n(parameters_.begin() + kUnits, kUnits, 1.0f);
  }
  std::vector<float> Factors(uint64_t seed, uint32_t epoch, std::vector<uint32_t> photos) {
    plan_.emplace(graph_, TrainingPlanOptions{.max_batch = 8}, threads_);
    photos_ = std::move(photos);
    key_ = {seed, epoch, photos_};
    input_.assign(photos_.size(), 1.0f);
    const auto logits = plan_->Forward(parameters_, {}, input_, static_cast<int>(photos_.size()), &key_);
    return {logits.begin(), logits.end()};
  }
  // Gradient of the bias after Factors.
  std::vector<float> BiasGradient(std::span<const float> dlogits) {
    std::vector<float> gradient(parameters_.size(), kNan);
    plan_->Backward(dlogits, gradient);
    return {gradient.begin() + kUnits, gradient.end()};
  }

 private:
  Graph graph_;
  ThreadPool threads_{2};
  std::optional<TrainingPlan> plan_;
  std::vector<float> parameters_, input_;
  std::vector<uint32_t> photos_;
  DropoutKey key_;
};

TEST(TrainingDropout, UnitsStayWithTheirProbabilityAndAreScaled) {
  const std::vector<float> factors = Units().Factors(1, 2, {3, 4, 5, 6, 7, 8, 9, 10});
  const float kept = 1 / (1 - kRate);
  const auto num_kept = std::ranges::count(factors, kept), num_dropped = std::ranges::count(factors, 0.0f);
  EXPECT_EQ(static_cast<size_t>(num_kept + num_dropped), factors.size());
  // Five deviations of a binomial distribution.
  const auto count = static_cast<double>(factors.size());
  EXPECT_NEAR(static_cast<double>(num_dropped), kRate * count, 5 * std::sqrt(count * kRate * (1 - kRate)));
}

TEST(TrainingDropout, IsAFunctionOfSeedEpochAndPhoto) {
  Units units;
  const std::vector<float> expected = units.Factors(1, 2, {7, 8});
  const std::vector<float> of7(expected.begin(), expected.begin() + kUnits),
      of8(expected.begin() + kUnits, expected.end());
  EXPECT_NE(of7, of8);
  EXPECT_EQ(units.Factors(1, 2, {7}), of7);
  const std::vector<float> moved = units.Factors(1, 2, {8, 9, 7, 7});
  EXPECT_TRUE(std::equal(of8.begin(), of8.end(), moved.begin()));
  EXPECT_TRUE(std::equal(of7.begin(), of7.end(), moved.begin() + 2 * kUnits));
  EXPECT_TRUE(std::equal(of7.begin(), of7.end(), moved.begin() + 3 * kUnits));
  EXPECT_NE(units.Factors(2, 2, {7}), of7);
  EXPECT_NE(units.Factors(1, 3, {7}), of7);
}

TEST(TrainingDropout, TheGradientGoesWhereTheForwardPassWent) {
  Units units;
  const std::vector<float> factors = units.Factors(5, 6, {1, 2, 3});
  const std::vector<float> dlogits = RandomFloats(factors.size(), 1);
  const std::vector<float> gradient = units.BiasGradient(dlogits);
  std::vector<float> expected(kUnits, 0);
  for (size_t i = 0; i < factors.size(); ++i) expected[i % kUnits] += dlogits[i] * factors[i];
  EXPECT_TRUE(testing::Close(gradient, expected, {.depth = 3}));
}

// In the middle of a network that is linear in each of its weights, so that a difference of any size is a derivative
// and can be taken of the plan itself.
TEST(TrainingDropout, GradientsOfANetworkAgreeWithDifferences) {
  Graph g;
  NodeId x = g.Conv2D("conv", g.Input(6, 5, 3), {.filters = 17, .kernel = 3});
  x = g.Dropout("dropout1", x, 0.5f);
  x = g.SeparableConv2D("separable", x, {.filters = 5, .kernel = 3, .stride = 2, .use_bias = true});
  x = g.Dropout("dropout2", g.BatchNorm("bn", x), 0.3f);
  testing::Finish(g, g.AveragePool("pool", x, {.size = 2, .stride = 1}));
  Problem problem = testing::MakeProblem(g, /*batch_statistics=*/false, 3, 1);
  const std::vector<uint32_t> photos = {4, 1, 9};
  const DropoutKey key = {.seed = 11, .epoch = 3, .photos = photos};
  ThreadPool threads(2);
  TrainingPlan plan = PlanOf(problem, threads);
  const Outcome outcome = Step(plan, problem, &key);
  EXPECT_NE(outcome.logits, Step(plan, problem).logits);
  const auto loss = [&] {
    const auto logits = plan.Forward(problem.parameters, problem.statistics, problem.input, problem.n, &key);
    double sum = 0;
    for (size_t i = 0; i < logits.size(); ++i) sum += static_cast<double>(logits[i]) * problem.dlogits[i];
    return sum;
  };
  std::vector<double> expected;
  for (float& parameter : problem.parameters) {
    const float before = parameter;
    parameter = before + 1;
    const double above = loss();
    parameter = before - 1;
    expected.push_back((above - loss()) / 2);
    parameter = before;
  }
  EXPECT_TRUE(CloseGradients(plan.parameters(), outcome.gradient, expected));
  testing::ExpectOnePercentIsRefused(plan.parameters(), outcome.gradient, expected);
}

TEST(TrainingDropout, LayersDropDifferentUnits) {
  Graph g;
  const NodeId x = g.Dense("dense", g.Input(1, 1, 1), kUnits);
  g.Concat("both", {g.Dropout("a", x, 0.5f), g.Dropout("b", x, 0.5f)});
  std::vector<float> parameters(2 * kUnits, 1.0f);
  const std::vector<uint32_t> photos = {0};
  const DropoutKey key = {.photos = photos};
  ThreadPool threads(1);
  TrainingPlan plan(g, {.max_batch = 1}, threads);
  const auto logits = plan.Forward(parameters, {}, std::vector<float>{1}, 1, &key);
  EXPECT_FALSE(std::ranges::equal(logits.first(kUnits), logits.subspan(kUnits)));
}

}  // namespace
}  // namespace siskin
