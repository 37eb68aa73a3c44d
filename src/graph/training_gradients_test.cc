// Gradients of every layer against central differences of the interpreter in double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "base/testing.h"
#include "graph/testing_gradients.h"
#include "graph/testing_graphs.h"
#include "graph/testing_training_graphs.h"
#include "graph/training_plan.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::Blocks;
using testing::Case;
using testing::CloseGradients;
using testing::Differences;
using testing::ExpectForward;
using testing::kOfAll;
using testing::kOfTensor;
using testing::kOfZero;
using testing::Outcome;
using testing::PlanOf;
using testing::Problem;
using testing::RandomTrainingGraph;
using testing::SmoothProblem;
using testing::Step;

using testing::kNan;

TEST(CloseGradientsTest, RefusesWhatItShould) {
  const std::vector<TrainingParameter> parameters = {{"a", {2}, 0, 2}, {"b", {1}, 2, 1}};
  const std::vector<double> expected = {1, -2, 1e-3};
  using Floats = std::vector<float>;
  EXPECT_TRUE(CloseGradients(parameters, Floats{1, -2, 1e-3f}, expected));
  EXPECT_FALSE(CloseGradients(parameters, Floats{1.01f, -2, 1e-3f}, expected));
  EXPECT_FALSE(CloseGradients(parameters, Floats{1, -2, 1.01e-3f}, expected));
  EXPECT_FALSE(CloseGradients(parameters, Floats{1, 2, 1e-3f}, expected));
  EXPECT_FALSE(CloseGradients(parameters, Floats{1, kNan, 1e-3f}, expected));
  EXPECT_FALSE(CloseGradients(parameters, Floats{1, -2, INFINITY}, expected));
  EXPECT_FALSE(CloseGradients(parameters, Floats{1, -2}, expected));
  EXPECT_FALSE(CloseGradients(parameters, {}, {}));
}

// A wrong kernel fails on one of them, a wrong step on both.
std::vector<const Backend*> BothBackends() {
  return {&CpuBackend(), &ReferenceBackend()};
}

const char* NameOf(const Backend* backend) {
  return backend == &CpuBackend() ? "CPU" : "reference";
}

// Every element of every gradient.
void CheckEveryElement(const Graph& graph, bool batch_statistics, const std::vector<const Backend*>& backends) {
  const Problem problem = SmoothProblem(graph, batch_statistics, 2, 1);
  SCOPED_TRACE(fmt::format("seed {}, {} statistics", problem.seed, batch_statistics ? "batch" : "moving"));
  ThreadPool threads(2);
  Differences differences(problem);
  std::vector<double> expected(problem.parameters.size());
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = differences.Element(i);
  for (const Backend* backend : backends) {
    SCOPED_TRACE(NameOf(backend));
    TrainingPlan plan = PlanOf(problem, threads, 0, *backend);
    const Outcome outcome = Step(plan, problem);
    ExpectForward(problem, differences, outcome);
    EXPECT_TRUE(CloseGradients(plan.parameters(), outcome.gradient, expected));
    testing::ExpectOnePercentIsRefused(plan.parameters(), outcome.gradient, expected);
  }
}

TEST(TrainingGradients, EveryElementWithMovingStatistics) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  for (const Case& c : testing::Cases()) {
    SCOPED_TRACE(c.name);
    CheckEveryElement(c.graph, /*batch_statistics=*/false, BothBackends());
  }
}

// Without the reference backend (its batch statistics: the two tests below). Of two images the gradient of a bias in
// front of a batch normalisation, which is 0, is fp32 noise: "logits of a batch norm" leaves 3.487e-6 of it there, a
// hair more than is allowed.
TEST(TrainingGradients, EveryElementWithBatchStatistics) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  for (const Case& c : testing::Cases()) {
    SCOPED_TRACE(c.name);
    CheckEveryElement(c.graph, /*batch_statistics=*/true, {&CpuBackend()});
  }
}

TEST(TrainingGradients, EveryInstructionSet) {
  if (testing::UnderThreadSanitizer()) GTEST_SKIP() << testing::kNoThreads;
  const std::vector<Case> blocks = Blocks(7, 6);
  testing::OnEveryIsa([&] {
    for (const Case& c : blocks) {
      SCOPED_TRACE(c.name);
      CheckEveryElement(c.graph, /*batch_statistics=*/true, BothBackends());
    }
  });
}

double Norm(std::span<const double> values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Too many parameters for one difference each: every tensor along its own gradient, and along random signs, which sees
// what the gradient has nothing of.
void CheckDirections(const Graph& graph, bool batch_statistics, uint64_t seed, const Backend& backend) {
  const Problem problem = SmoothProblem(graph, batch_statistics, 3, seed);
  SCOPED_TRACE(
      fmt::format("graph {}, seed {}, {} statistics", seed, problem.seed, batch_statistics ? "batch" : "moving"));
  ThreadPool threads(2);
  TrainingPlan plan = PlanOf(problem, threads, 0, backend);
  Differences differences(problem);
  const Outcome outcome = Step(plan, problem);
  ExpectForward(problem, differences, outcome);
  const std::vector<double> gradient = testing::Doubles(outcome.gradient);
  double largest = 0;
  for (const TrainingParameter& parameter : plan.parameters()) {
    largest = std::max(largest, Norm(std::span(gradient).subspan(parameter.offset, parameter.size)));
  }
  Random random(seed, RandomPurpose::kTest);
  for (const TrainingParameter& parameter : plan.parameters()) {
    const auto of_tensor = std::span(gradient).subspan(parameter.offset, parameter.size);
    const double norm = Norm(of_tensor);
    ASSERT_TRUE(std::isfinite(norm)) << parameter.name;
    const auto check = [&](std::span<const double> direction) {
      const double expected = differences.Along(parameter, direction), got = Dot(of_tensor, direction);
      const double rest = std::abs(expected) <= 1e-8 * largest ? kOfZero : kOfAll;
      EXPECT_NEAR(got, expected, kOfTensor * norm + rest * largest) << parameter.name;
    };
    std::vector<double> direction(parameter.size);
    for (double& sign : direction) {
      sign = (random.Below(2) == 0 ? 1 : -1) / std::sqrt(static_cast<double>(parameter.size));
    }
    check(direction);
    if (norm == 0) continue;
    for (size_t i = 0; i < direction.size(); ++i) direction[i] = of_tensor[i] / norm;
    check(direction);
  }
}

TEST(TrainingGradients, RandomGraphs) {
  const uint64_t graphs = testing::UnderThreadSanitizer() ? 20 : 100;
  for (uint64_t seed = 0; seed < graphs; ++seed) {
    const Graph graph = RandomTrainingGraph(seed);
    if (LowerForTraining(graph).parameters.empty()) continue;
    for (const Backend* backend : BothBackends()) {
      SCOPED_TRACE(NameOf(backend));
      CheckDirections(graph, /*batch_statistics=*/seed % 2 == 0, seed, *backend);
      if (HasFailure()) return;  // the first one is enough to look at
    }
  }
}

}  // namespace
}  // namespace siskin
