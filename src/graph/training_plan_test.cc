// What a training step promises beside its gradients (training_gradients_test.cc): it does not depend on threads, batch
// or the step before, moves statistics as it should, and refuses what is wrong.
#include "graph/training_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/testing.h"
#include "graph/testing_graphs.h"
#include "graph/testing_interpreter.h"
#include "graph/testing_training_graphs.h"
#include "graph/testing_training_interpreter.h"
#include "graph/testing_training_step.h"

namespace siskin {
namespace {

using testing::Blocks;
using testing::Case;
using testing::ExpectError;
using testing::MakeProblem;
using testing::Outcome;
using testing::PlanOf;
using testing::Problem;
using testing::RandomTrainingGraph;
using testing::RandomWeights;
using testing::Step;
using testing::TrainingInterpreter;
using testing::XceptionBlock;

using testing::kNan;

// ---- what does not change the result ----

TEST(TrainingPlan, TheNumberOfThreadsDoesNotMatter) {
  std::vector<Case> cases = Blocks(33, 29);
  for (uint64_t seed = 0; seed < 20; ++seed) cases.push_back({"random", RandomTrainingGraph(seed)});
  ThreadPool one(1), two(2), three(3), seven(7);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Problem problem = MakeProblem(c.graph, /*batch_statistics=*/true, 5, 1);
    TrainingPlan plan = PlanOf(problem, one);
    const Outcome expected = Step(plan, problem);
    for (ThreadPool* threads : {&two, &three, &seven}) {
      TrainingPlan other = PlanOf(problem, *threads);
      EXPECT_EQ(Step(other, problem), expected) << threads->num_threads() << " threads";
    }
  }
}

TEST(TrainingPlan, ASmallerBatchIsThatOfAPlanForIt) {
  ThreadPool threads(2);
  for (const bool batch_statistics : {false, true}) {
    for (const Case& c : Blocks(17, 15)) {
      for (int n = 1; n <= 6; ++n) {
        const Problem problem = MakeProblem(c.graph, batch_statistics, n, 2);
        TrainingPlan fitting = PlanOf(problem, threads), larger = PlanOf(problem, threads, 7);
        EXPECT_EQ(Step(larger, problem), Step(fitting, problem)) << c.name << ", " << n << " images";
      }
    }
  }
}

// A step reads nothing that the one before it has left in memory: not even if all of that is NaN.
TEST(TrainingPlan, AStepDoesNotDependOnTheOneBefore) {
  ThreadPool threads(2);
  std::vector<Case> cases = Blocks(17, 15);
  for (uint64_t seed = 0; seed < 40; ++seed) cases.push_back({"random", RandomTrainingGraph(seed)});
  for (const Case& c : cases) {
    for (const bool batch_statistics : {false, true}) {
      SCOPED_TRACE(c.name);
      const Problem problem = MakeProblem(c.graph, batch_statistics, 3, 3);
      const Problem other = MakeProblem(c.graph, batch_statistics, 4, 4);
      Problem nothing = other;
      for (auto* values : {&nothing.parameters, &nothing.statistics, &nothing.input, &nothing.dlogits}) {
        std::ranges::fill(*values, kNan);
      }
      TrainingPlan plan = PlanOf(problem, threads, 4);
      const Outcome expected = Step(plan, problem);
      EXPECT_EQ(Step(plan, problem), expected);
      Step(plan, other);
      EXPECT_EQ(Step(plan, problem), expected) << "after another step";
      const Outcome spoilt = Step(plan, nothing);
      EXPECT_TRUE(std::ranges::all_of(spoilt.logits, [](float value) { return std::isnan(value); }));
      EXPECT_EQ(Step(plan, problem), expected) << "after a step of NaN";
      // A forward pass alone, as for validation.
      std::vector<float> statistics = other.statistics;
      plan.Forward(other.parameters, statistics, other.input, 4, nullptr);
      EXPECT_EQ(Step(plan, problem), expected) << "after a forward pass";
    }
  }
}

// Pixels that would be padded in the arena are copied there, others are read where they are, forward and backward.
TEST(TrainingPlan, ReadsANarrowInputWhereItIs) {
  for (const int channels : {3, 15, 16, 20}) {
    Graph g;
    const NodeId x = g.Conv2D("conv", g.Input(4, 5, channels), {.filters = 2, .kernel = 3});
    g.Dense("logits", g.GlobalAveragePool("mean", x), 1);
    ThreadPool threads(1);
    TrainingPlan plan(g, {.max_batch = 2}, threads);
    const std::vector<float> parameters(plan.num_parameters(), 0.5f), input(2 * 4 * 5 * static_cast<size_t>(channels));
    std::vector<float> gradient(plan.num_parameters());
    int seen = 0;
    plan.SetHook([&](const PlanStep& step, const StepMemory& memory) {
      if (step.layer != "conv" || !step.x.exists()) return;
      EXPECT_EQ(memory.Read(step.x).data == input.data(), channels < 16) << channels << ' ' << step.what;
      ++seen;
    });
    plan.Forward(parameters, {}, input, 2, nullptr);
    plan.Backward(std::vector<float>{1, -1}, gradient);
    EXPECT_EQ(seen, 2) << "the convolution and its weight gradient";
  }
}

// ---- statistics ----

// One batch normalisation of the input, which is 1, 2, 6 and in the other channel 5, 5, 5.
struct MovingAverage {
  explicit MovingAverage(float momentum) {
    const NodeId x = graph.BatchNorm("bn", graph.Input(1, 3, 2), {.momentum = momentum, .scale = false});
    graph.Dense("logits", graph.GlobalAveragePool("mean", x), 1);
  }
  std::vector<float> Moved(bool batch_statistics) {
    ThreadPool threads(1);
    TrainingPlan plan(graph, {.max_batch = 1, .batch_statistics = batch_statistics}, threads);
    const std::vector<float> parameters = {0, 0, 1, 1, 0};
    std::vector<float> statistics = {-1, 3, 0.5f, 8};
    plan.Forward(parameters, statistics, std::vector<float>{1, 5, 2, 5, 6, 5}, 1, nullptr);
    return statistics;
  }
  Graph graph;
};

TEST(TrainingPlan, StatisticsMoveAsMomentumSays) {
  using Floats = std::vector<float>;
  const float variance = 14.0f / 3;  // of 1, 2, 6, divided by their number
  EXPECT_EQ(MovingAverage(1).Moved(true), (Floats{-1, 3, 0.5f, 8}));
  const Floats all = MovingAverage(0).Moved(true);
  const Floats half = MovingAverage(0.5f).Moved(true);
  const Floats expected_all = {3, 5, variance, 0}, expected_half = {1, 4, (0.5f + variance) / 2, 4};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(all[i], expected_all[i]) << i;
    EXPECT_FLOAT_EQ(half[i], expected_half[i]) << i;
  }
}

TEST(TrainingPlan, StatisticsStayWhereTheyAreUsed) {
  EXPECT_EQ(MovingAverage(0.5f).Moved(false), (std::vector<float>{-1, 3, 0.5f, 8}));
}

// ---- names and errors ----

TEST(TrainingPlan, ParametersAreInKerasOrder) {
  const Graph graph = XceptionBlock();
  ThreadPool threads(1);
  const TrainingPlan plan(graph, {}, threads);
  const TrainingInterpreter interpreter(graph, false);
  const auto check = [](const std::vector<TrainingParameter>& list, const std::vector<std::string>& names,
                        size_t floats) {
    ASSERT_EQ(list.size(), names.size());
    size_t offset = 0;
    for (size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ(list[i].name, names[i]);
      EXPECT_EQ(list[i].offset, offset);
      EXPECT_EQ(list[i].decays, list[i].name.ends_with("kernel")) << list[i].name;
      offset += list[i].size;
    }
    EXPECT_EQ(offset, floats);
  };
  check(plan.parameters(), interpreter.parameter_names(), plan.num_parameters());
  check(plan.statistics(), interpreter.statistic_names(), plan.num_statistics());
  EXPECT_EQ(static_cast<int64_t>(plan.num_parameters() + plan.num_statistics()), graph.num_parameters());
}

TEST(TrainingPlan, WrongWeightsAreRefused) {
  const Graph graph = XceptionBlock();
  const TrainingProgram program = LowerForTraining(graph);
  TensorMap weights = RandomWeights(graph, 1);
  std::vector<float> flat(program.parameters.back().offset + program.parameters.back().size, kNan);
  const auto gather = [&] { GatherParameters(program.parameters, weights, flat); };
  gather();
  EXPECT_TRUE(std::ranges::none_of(flat, [](float value) { return std::isnan(value); }));
  TensorMap back;
  ScatterParameters(program.parameters, flat, &back);
  ASSERT_EQ(back.size(), program.parameters.size());
  for (const auto& [name, tensor] : back) {
    EXPECT_EQ(tensor.shape(), weights.at(name).shape()) << name;
    EXPECT_TRUE(std::ranges::equal(tensor.values<float>(), weights.at(name).values<float>())) << name;
  }
  Tensor good = std::move(weights.at("sep1/pointwise_kernel"));
  weights.erase("sep1/pointwise_kernel");
  ExpectError(ErrorKind::kModel, "have no sep1/pointwise_kernel (shape 1x1x6x8)", gather);
  weights["sep1/pointwise_kernel"] = Tensor(Shape{1, 1, 8, 6});
  ExpectError(ErrorKind::kModel, "of shape 1x1x8x6, expected F32 of shape 1x1x6x8", gather);
  weights["sep1/pointwise_kernel"] = Tensor(Shape{1, 1, 6, 8}, DType::kF64);
  ExpectError(ErrorKind::kModel, "sep1/pointwise_kernel is F64", gather);
  weights["sep1/pointwise_kernel"] = std::move(good);
  gather();
}

TEST(TrainingPlan, WrongBatchesAreRefused) {
  const Graph graph = XceptionBlock();
  ThreadPool threads(1);
  ExpectError(ErrorKind::kUsage, "a batch of 0 images", [&] { TrainingPlan(graph, {.max_batch = 0}, threads); });
  Problem problem = MakeProblem(graph, true, 3, 1);
  TrainingPlan plan = PlanOf(problem, threads, 2);
  const auto forward = [&](int n, size_t input, size_t parameters, size_t statistics) {
    plan.Forward(std::span(problem.parameters).first(parameters), std::span(problem.statistics).first(statistics),
                 std::span(problem.input).first(input), n, nullptr);
  };
  const size_t image = problem.input.size() / 3, all = problem.parameters.size(), moving = problem.statistics.size();
  forward(1, image, all, moving);
  std::vector<float> gradient(all);
  const auto backward = [&](size_t dlogits, size_t parameters) {
    plan.Backward(std::span(problem.dlogits).first(dlogits), std::span(gradient).first(parameters));
  };
  backward(3, all);
  ExpectError(ErrorKind::kInternal, "6 gradients of logits", [&] { backward(6, all); });
  ExpectError(ErrorKind::kInternal, "3 gradients of logits", [&] { backward(3, all - 1); });
  ExpectError(ErrorKind::kInternal, "a training step of 0 images", [&] { forward(0, 0, all, moving); });
  ExpectError(ErrorKind::kInternal, "a training step of 3 images", [&] { forward(3, 3 * image, all, moving); });
  ExpectError(ErrorKind::kInternal, "a training step of 2 images", [&] { forward(2, image, all, moving); });
  ExpectError(ErrorKind::kInternal, "a training step", [&] { forward(2, 2 * image, all - 1, moving); });
  ExpectError(ErrorKind::kInternal, "a training step", [&] { forward(2, 2 * image, all, moving - 1); });
}

TEST(TrainingPlan, LayersThatAreNoPartOfATrainingAreRefused) {
  ThreadPool threads(1);
  const auto compile = [&](const std::function<void(Graph&, NodeId)>& end) {
    Graph g;
    end(g, g.Conv2D("conv", g.Input(4, 4, 3), {.filters = 2}));
    const TrainingPlan plan(g, {}, threads);
  };
  ExpectError(ErrorKind::kInternal, "softmax: a layer of this kind cannot be trained through",
              [&] { compile([](Graph& g, NodeId x) { g.Softmax("softmax", g.GlobalMaxPool("max", x)); }); });
  ExpectError(ErrorKind::kInternal, "sigmoid: a layer",
              [&] { compile([](Graph& g, NodeId x) { g.Sigmoid("sigmoid", g.GlobalMaxPool("max", x)); }); });
  ExpectError(ErrorKind::kInternal, "flatten: a layer",
              [&] { compile([](Graph& g, NodeId x) { g.Flatten("flatten", x); }); });
  ExpectError(ErrorKind::kInternal, "pad: a layer",
              [&] { compile([](Graph& g, NodeId x) { g.MaxPool("max", g.ZeroPad("pad", x, {1, 1, 1, 1}), {}); }); });
  ExpectError(ErrorKind::kInternal, "ends in 4x4x2, expected logits",
              [&] { compile([](Graph& g, NodeId x) { g.BatchNorm("bn", x); }); });
  ExpectError(ErrorKind::kInternal, "a graph without layers", [&] { TrainingPlan(Graph(), {}, threads); });
}

}  // namespace
}  // namespace siskin
