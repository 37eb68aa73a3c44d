// What a hook after the steps may rely on: order, values, and which gradients are final.
#include "graph/run_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/testing.h"
#include "graph/plan.h"
#include "graph/testing_graphs.h"
#include "graph/testing_interpreter.h"
#include "graph/testing_training_graphs.h"
#include "graph/testing_training_step.h"

namespace siskin {
namespace {

using testing::Case;
using testing::kNan;
using testing::MakeProblem;
using testing::Outcome;
using testing::PlanOf;
using testing::Problem;

std::vector<Case> BlocksAndRandomGraphs() {
  std::vector<Case> cases = testing::Blocks(17, 15);
  for (uint64_t seed = 0; seed < 60; ++seed) {
    cases.push_back({"random", testing::RandomTrainingGraph(seed)});
  }
  return cases;
}

TEST(StepHook, SeesEveryStepOfEveryPassInOrder) {
  const Graph graph = testing::RandomGraph(1);
  const std::vector<float> input = testing::RandomInput(graph, 5, 1);
  ThreadPool threads(1);
  const auto model = std::make_shared<CompiledModel>(graph, testing::RandomWeights(graph, 1));
  Session session(model, {.max_batch = 5, .images_per_pass = 2}, threads);
  std::vector<int> seen, images;
  session.SetHook([&](const PlanStep& step, const StepMemory& memory) {
    seen.push_back(step.index);
    if (step.index == 0) images.push_back(memory.n);
  });
  std::vector<float> output(
      5 * static_cast<size_t>(model->output_shape().h * model->output_shape().w * model->output_shape().c));
  session.Run(input, 5, output);
  std::vector<int> expected;
  for (int pass = 0; pass < 3; ++pass) {
    for (size_t i = 0; i < model->steps().size(); ++i) expected.push_back(static_cast<int>(i));
  }
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(images, (std::vector<int>{2, 2, 1}));
  session.SetHook({});
  session.Run(input, 5, output);
  EXPECT_EQ(seen.size(), expected.size());
}

// An observer finds the step's result: the last one's is the output.
TEST(StepHook, SeesWhatTheStepHasWritten) {
  Graph graph;
  const NodeId x = graph.Conv2D("conv", graph.Input(4, 4, 3), {.filters = 20, .kernel = 3});
  graph.GlobalMaxPool("max", x);
  const std::vector<float> input = testing::RandomInput(graph, 1, 2);
  ThreadPool threads(1);
  Session session(std::make_shared<CompiledModel>(graph, testing::RandomWeights(graph, 2)), {}, threads);
  std::vector<float> largest(20, -INFINITY), output(20);
  session.SetHook([&](const PlanStep& step, const StepMemory& memory) {
    if (step.layer != "conv") return;
    const ConstView y = memory.Read(step.y);
    for (size_t i = 0; i < 16; ++i) {
      const float* pixel = y.pixel(0, static_cast<int>(i / 4), static_cast<int>(i % 4));
      for (size_t c = 0; c < 20; ++c) largest[c] = std::max(largest[c], pixel[c]);
    }
  });
  session.Run(input, 1, output);
  EXPECT_EQ(output, largest);
}

// What an all-reduce beside the backward pass stands on: a range that a step says to have finished is never written
// again, and every float of the gradient is in one such range.
TEST(StepHook, AFinishedGradientIsFinal) {
  ThreadPool threads(2);
  for (const Case& c : BlocksAndRandomGraphs()) {
    SCOPED_TRACE(c.name);
    const Problem problem = MakeProblem(c.graph, /*batch_statistics=*/true, 3, 1);
    TrainingPlan plan = PlanOf(problem, threads);
    std::vector<float> statistics = problem.statistics, gradient(problem.parameters.size(), kNan);
    std::vector<float> when_finished(gradient.size(), kNan);
    std::vector<int> times(gradient.size());
    plan.SetHook([&](const PlanStep& step, const StepMemory&) {
      for (size_t i = step.finishes.begin; i < step.finishes.end; ++i) {
        when_finished[i] = gradient[i];
        ++times[i];
      }
    });
    plan.Forward(problem.parameters, statistics, problem.input, problem.n, nullptr);
    EXPECT_TRUE(std::ranges::all_of(times, [](int count) { return count == 0; })) << "in the forward pass";
    plan.Backward(problem.dlogits, gradient);
    EXPECT_TRUE(std::ranges::all_of(times, [](int count) { return count == 1; }));
    EXPECT_TRUE(std::ranges::none_of(gradient, [](float value) { return std::isnan(value); }));
    EXPECT_EQ(when_finished, gradient);
  }
}

// Whoever receives weights from elsewhere needs to know when: a step reads no parameters but those it says.
TEST(StepHook, AStepReadsTheParametersThatItSays) {
  ThreadPool threads(2);
  for (const Case& c : BlocksAndRandomGraphs()) {
    SCOPED_TRACE(c.name);
    const Problem problem = MakeProblem(c.graph, /*batch_statistics=*/false, 2, 1);
    TrainingPlan plan = PlanOf(problem, threads);
    const Outcome expected = testing::Step(plan, problem);
    std::vector<FlatRange> reads;  // by step
    plan.SetHook([&](const PlanStep& step, const StepMemory&) { reads.push_back(step.reads); });
    testing::Step(plan, problem);
    std::vector<float> parameters(problem.parameters.size(), kNan);
    const auto show = [&](size_t step) {  // only what this step reads
      std::ranges::fill(parameters, kNan);
      if (step == reads.size()) return;
      for (size_t i = reads[step].begin; i < reads[step].end; ++i) parameters[i] = problem.parameters[i];
    };
    plan.SetHook([&](const PlanStep& step, const StepMemory&) { show(static_cast<size_t>(step.index) + 1); });
    show(0);
    Outcome outcome;
    outcome.statistics = problem.statistics;
    outcome.gradient.assign(parameters.size(), kNan);
    const auto logits = plan.Forward(parameters, outcome.statistics, problem.input, problem.n, nullptr);
    outcome.logits.assign(logits.begin(), logits.end());
    plan.Backward(problem.dlogits, outcome.gradient);
    EXPECT_EQ(outcome, expected);
  }
}

}  // namespace
}  // namespace siskin
