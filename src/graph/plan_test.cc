#include "graph/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/testing.h"
#include "base/testing_allocations-inl.h"
#include "graph/testing_graphs.h"
#include "graph/testing_interpreter.h"
#include "graph/training_plan.h"
#include "kernels/isa.h"
#include "kernels/testing_compare.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::Interpret;
using testing::RandomGraph;
using testing::RandomInput;
using testing::RandomWeights;

std::vector<float> RunPlan(Plan& plan, std::span<const float> input, int n) {
  const FeatureShape shape = plan.output_shape();
  // What was in the output before must not matter.
  std::vector<float> output(static_cast<size_t>(n) * shape.h * shape.w * shape.c, std::nanf(""));
  plan.Run(input, n, output);
  return output;
}

using testing::ExpectError;

// A small network of each kind of block: strided convolution, shortcut around separable convolutions and a pool,
// residual, depthwise with ReLU6, concatenation, classifier.
Graph SmallNetwork() {
  Graph g;
  NodeId x = g.Input(17, 13, 3);
  x = g.Conv2D("conv", x, {.filters = 24, .kernel = 3, .stride = 2});
  x = g.Activate("relu", g.BatchNorm("bn", x), Activation::kRelu);
  NodeId y = g.SeparableConv2D("sep", x, {.filters = 40, .kernel = 3});
  y = g.MaxPool("pool", g.BatchNorm("sep_bn", y), {.size = 3, .stride = 2, .padding = PaddingMode::kSame});
  const NodeId shortcut = g.BatchNorm("sc_bn", g.Conv2D("sc", x, {.filters = 40, .stride = 2}));
  x = g.Add("add", y, shortcut);
  y = g.SeparableConv2D("sep2", g.Activate("relu2", x, Activation::kRelu), {.filters = 40, .kernel = 3});
  x = g.Add("add2", g.BatchNorm("sep2_bn", y), x);
  y = g.DepthwiseConv2D("dw", g.ZeroPad("pad", x, {.bottom = 1, .right = 1}),
                        {.kernel = 3, .padding = PaddingMode::kValid});
  y = g.Activate("dw_relu", g.BatchNorm("dw_bn", y), Activation::kRelu6);
  y = g.Activate("pw_relu", g.BatchNorm("pw_bn", g.Conv2D("pw", y, {.filters = 16})), Activation::kRelu6);
  y = g.Concat("concat", {g.Conv2D("left", y, {.filters = 16}),
                          g.AveragePool("right", y, {.size = 3, .stride = 1, .padding = PaddingMode::kSame})});
  y = g.Dense("dense", g.Dropout("drop", g.GlobalAveragePool("mean", y), 0.5f), 11);
  g.Softmax("softmax", y);
  return g;
}

TEST(Plan, RandomGraphsAgreeWithTheInterpreter) {
  ThreadPool threads(2);
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Graph graph = RandomGraph(seed);
    const TensorMap weights = RandomWeights(graph, seed);
    const std::vector<float> input = RandomInput(graph, 2, seed);
    const std::vector<float> expected = Interpret(graph, weights, input, 2);
    Plan plan(graph, weights, {.max_batch = 2}, threads);
    // 1e-4: folding moves roundings around; a sum of a few hundred terms loses about 1e-5 of the largest value.
    ASSERT_TRUE(testing::Close(RunPlan(plan, input, 2), expected, {.relative = 1e-4, .seed = seed}));
    Plan reference(graph, weights, {.max_batch = 2}, threads, ReferenceBackend());
    ASSERT_TRUE(testing::Close(RunPlan(reference, input, 2), expected, {.relative = 1e-5, .seed = seed}));
  }
}

TEST(Plan, TheSmallNetworkAgreesOnEveryInstructionSetAndThreadCount) {
  const Graph graph = SmallNetwork();
  const TensorMap weights = RandomWeights(graph, 3);
  const std::vector<float> input = RandomInput(graph, 3, 3);
  const std::vector<float> expected = Interpret(graph, weights, input, 3);
  testing::OnEveryIsa([&] {
    std::vector<float> first;
    for (const int num_threads : {1, 2, 3}) {
      ThreadPool threads(num_threads);
      Plan plan(graph, weights, {.max_batch = 3}, threads);
      const std::vector<float> output = RunPlan(plan, input, 3);
      EXPECT_TRUE(testing::Close(output, expected, {.relative = 1e-4, .seed = 3}));
      if (first.empty()) first = output;
      EXPECT_EQ(output, first) << num_threads << " threads";
    }
  });
}

TEST(Plan, AnImageDoesNotDependOnItsNeighbours) {
  const Graph graph = SmallNetwork();
  const TensorMap weights = RandomWeights(graph, 4);
  const std::vector<float> input = RandomInput(graph, 7, 4);
  ThreadPool threads(3);
  Plan plan(graph, weights, {.max_batch = 7}, threads);
  Plan single(graph, weights, {.max_batch = 1}, threads);
  const size_t in = input.size() / 7;
  std::vector<float> one_by_one;
  for (size_t image = 0; image < 7; ++image) {
    const std::vector<float> output = RunPlan(single, std::span(input).subspan(image * in, in), 1);
    one_by_one.insert(one_by_one.end(), output.begin(), output.end());
  }
  Plan passes(graph, weights, {.max_batch = 7, .images_per_pass = 3}, threads);
  EXPECT_LT(passes.arena_bytes(), plan.arena_bytes());
  for (int n = 1; n <= 7; ++n) {
    const auto part = std::span(input).first(static_cast<size_t>(n) * in);
    const std::vector<float> batch = RunPlan(plan, part, n);
    EXPECT_TRUE(std::equal(batch.begin(), batch.end(), one_by_one.begin())) << n;
    EXPECT_EQ(RunPlan(passes, part, n), batch) << n << " images in passes of three";
  }
}

TEST(Plan, NothingIsAllocatedWhileItRuns) {
  const Graph graph = SmallNetwork();
  const std::vector<float> input = RandomInput(graph, 4, 5);
  ThreadPool threads(2);
  Plan plan(graph, RandomWeights(graph, 5), {.max_batch = 4}, threads);
  std::vector<float> output(4 * 11);
  const size_t before = testing::NumAllocations();
  ASSERT_GT(before, 0u) << "allocations are not counted";
  plan.Run(input, 4, output);
  plan.Run(std::span(input).first(input.size() / 2), 2, std::span(output).first(22));
  EXPECT_EQ(testing::NumAllocations(), before);
}

// For training. Its largest matrix is the turned filter of conv2, 630 x 5, for which there was no room at first: nearly
// all of it is the rest of a panel.
Graph SmallTrainingNetwork() {
  Graph g;
  NodeId x = g.Conv2D("conv", g.Input(17, 13, 3), {.filters = 5, .kernel = 3, .stride = 2});
  x = g.Activate("relu", g.BatchNorm("bn", x), Activation::kRelu);
  x = g.Conv2D("conv2", x, {.filters = 70, .kernel = 3, .use_bias = true});
  x = g.MaxPool("pool", x, {.size = 3, .stride = 2, .padding = PaddingMode::kSame});
  x = g.Conv2D("narrow", x, {.filters = 9});
  NodeId y = g.Conv2D("conv3", x, {.filters = 17, .kernel = 3, .stride = 2});
  y = g.Concat("concat", {y, g.Conv2D("shortcut", x, {.filters = 16, .stride = 2})});
  y = g.SeparableConv2D("sep", g.Activate("relu2", y, Activation::kRelu), {.filters = 33, .kernel = 3});
  y = g.DepthwiseConv2D("dw", g.BatchNorm("bn2", y), {.kernel = 3});
  g.Dense("dense", g.Dropout("drop", g.GlobalAveragePool("mean", y), 0.5f), 3);
  return g;
}

TEST(TrainingPlan, NothingIsAllocatedInAStep) {
  const Graph graph = SmallTrainingNetwork();
  const TensorMap weights = RandomWeights(graph, 5);
  const std::vector<float> input = RandomInput(graph, 4, 5), dlogits(12, 1.0f);
  const std::vector<uint32_t> photos = {1, 2, 3, 4};
  const DropoutKey key = {.seed = 1, .epoch = 2, .photos = photos};
  ThreadPool threads(2);
  TrainingPlan plan(graph, {.max_batch = 4, .batch_statistics = true}, threads);
  std::vector<float> parameters(plan.num_parameters()), statistics(plan.num_statistics()), gradient(parameters.size());
  GatherParameters(plan.parameters(), weights, parameters);
  GatherParameters(plan.statistics(), weights, statistics);
  const size_t before = testing::NumAllocations();
  plan.Forward(parameters, statistics, input, 4, &key);
  EXPECT_EQ(testing::NumAllocations(), before) << "forward";
  plan.Backward(dlogits, gradient);
  EXPECT_EQ(testing::NumAllocations(), before) << "backward";
}

TEST(Plan, StepsSayWhatWasFused) {
  const Graph graph = SmallNetwork();
  ThreadPool threads(1);
  const Plan plan(graph, RandomWeights(graph, 6), {}, threads);
  std::string text;
  int64_t multiply_adds = 0;
  for (const Plan::Step& step : plan.steps()) {
    text += step.kernel + " " + step.name;
    for (const std::string& name : step.fused) text += " " + name;
    text += "\n";
    multiply_adds += step.multiply_adds;
  }
  EXPECT_EQ(text,
            "conv conv bn relu\n"
            "separable sep sep_bn\n"
            "max_pool pool\n"
            "conv sc sc_bn add\n"
            "separable sep2 sep2_bn add2 relu2\n"
            "separable dw pad dw_bn dw_relu pw pw_bn pw_relu\n"
            "matmul left\n"
            "average_pool right\n"
            "global_average_pool mean\n"
            "matmul dense\n"
            "softmax softmax\n");
  EXPECT_EQ(multiply_adds, graph.num_multiply_adds());
  EXPECT_EQ(plan.step_seconds().size(), plan.steps().size());
}

TEST(Plan, SizesAreReported) {
  const Graph graph = SmallNetwork();
  ThreadPool threads(1);
  const TensorMap weights = RandomWeights(graph, 6);
  const Plan one(graph, weights, {.max_batch = 1}, threads), four(graph, weights, {.max_batch = 4}, threads);
  EXPECT_EQ(one.max_batch(), 1);
  EXPECT_EQ(one.input_shape(), (FeatureShape{17, 13, 3}));
  EXPECT_EQ(one.output_shape(), (FeatureShape{1, 1, 11}));
  // At least one image's largest activation, and no more than every image on its own (scratch is shared).
  EXPECT_GT(one.arena_bytes(), sizeof(float) * 9 * 7 * 32);
  EXPECT_GT(four.arena_bytes(), one.arena_bytes());
  EXPECT_LE(four.arena_bytes(), 4 * one.arena_bytes());
  EXPECT_GE(one.weights_bytes(), sizeof(float) * (3 * 9 * 24 + 24 * 40 + 40 * 40));
  EXPECT_EQ(one.weights_bytes(), four.weights_bytes());
}

// What a server does: every thread its own session, with a pool of its own, of the one model.
TEST(Session, SessionsOfOneModelRunAtTheSameTime) {
  const Graph graph = SmallNetwork();
  const auto model = std::make_shared<CompiledModel>(graph, RandomWeights(graph, 9));
  constexpr int kSessions = 2, kRuns = 200;  // long enough that they meet on one processor too
  std::vector<std::vector<float>> inputs, expected;
  for (int i = 0; i < kSessions; ++i) {
    ThreadPool threads(1);
    Session alone(model, {.max_batch = 3}, threads);
    inputs.push_back(RandomInput(graph, 3, static_cast<uint64_t>(i)));
    expected.emplace_back(3 * 11);
    alone.Run(inputs.back(), 3, expected.back());
  }
  EXPECT_NE(expected[0], expected[1]);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kSessions; ++i) {
    threads.emplace_back([&, i] {
      ThreadPool pool(static_cast<int>(i) + 1);
      Session session(model, {.max_batch = 3}, pool);
      for (int run = 0; run < kRuns; ++run) {
        std::vector<float> output(3 * 11, std::nanf(""));
        session.Run(inputs[i], 3, output);
        EXPECT_EQ(output, expected[i]) << "run " << run;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// The same without threads, and so without chance: a whole run of another session after every step of the first.
TEST(Session, ARunBetweenTheStepsOfAnotherDoesNotDisturbIt) {
  const Graph graph = SmallNetwork();
  const auto model = std::make_shared<CompiledModel>(graph, RandomWeights(graph, 9));
  ThreadPool threads(2);
  Session first(model, {.max_batch = 2}, threads), second(model, {.max_batch = 3}, threads);
  const std::vector<float> input = RandomInput(graph, 2, 1), others = RandomInput(graph, 3, 2);
  std::vector<float> expected(2 * 11), expected_others(3 * 11), output(2 * 11), output_others(3 * 11);
  first.Run(input, 2, expected);
  second.Run(others, 3, expected_others);
  first.SetHook([&](const PlanStep&, const StepMemory&) {
    second.Run(others, 3, output_others);
    EXPECT_EQ(output_others, expected_others);
  });
  first.Run(input, 2, output);
  EXPECT_EQ(output, expected);
}

// Weights are the model's: a second session brings activations only, and outlives whoever compiled.
TEST(Session, AnotherSessionHasNoWeightsOfItsOwn) {
  const Graph graph = SmallNetwork();
  const TensorMap weights = RandomWeights(graph, 9);
  ThreadPool threads(1);
  auto model = std::make_shared<const CompiledModel>(graph, weights);
  const Session first(model, {}, threads);
  Session second(model, {}, threads);
  EXPECT_EQ(&first.model(), &second.model());
  EXPECT_EQ(first.arena_bytes(), second.arena_bytes());
  EXPECT_EQ(model->weights_bytes(), Plan(graph, weights, {}, threads).weights_bytes());
  model.reset();
  std::vector<float> output(11);
  second.Run(RandomInput(graph, 1, 1), 1, output);
  EXPECT_FALSE(std::isnan(output[0]));
}

// Weights that are given away are freed tensor by tensor, once they are packed; what folding has used up stays.
TEST(CompiledModel, TakesWeightsApartWhileItPacksThem) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph = seed == 0 ? SmallNetwork() : RandomGraph(seed);
    const std::vector<float> input = RandomInput(graph, 1, seed);
    ThreadPool threads(1);
    TensorMap weights = RandomWeights(graph, seed);
    Plan kept(graph, weights, {}, threads), taken(graph, std::move(weights), {}, threads);
    EXPECT_EQ(RunPlan(taken, input, 1), RunPlan(kept, input, 1));
    EXPECT_EQ(taken.weights_bytes(), kept.weights_bytes());
    if (seed != 0) continue;
    for (const auto& [name, tensor] : weights) EXPECT_FALSE(name.ends_with("kernel")) << name << " is still there";
    EXPECT_TRUE(weights.contains("dense/bias"));
  }
}

TEST(CompiledModel, ReplacedWeightsAreThoseOfANewModel) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph = seed == 0 ? SmallNetwork() : RandomGraph(seed);
    const TensorMap before = RandomWeights(graph, seed), after = RandomWeights(graph, seed + 100);
    const std::vector<float> input = RandomInput(graph, 2, seed);
    ThreadPool threads(2);
    Plan plan(graph, before, {.max_batch = 2}, threads), fresh(graph, after, {.max_batch = 2}, threads);
    const std::vector<float> old = RunPlan(plan, input, 2);
    plan.ReplaceWeights(after);
    EXPECT_EQ(RunPlan(plan, input, 2), RunPlan(fresh, input, 2));
    EXPECT_EQ(plan.weights_bytes(), fresh.weights_bytes());
    plan.ReplaceWeights(before);
    EXPECT_EQ(RunPlan(plan, input, 2), old);
  }
}

TEST(CompiledModel, WrongWeightsLeaveTheOldOnes) {
  const Graph graph = SmallNetwork();
  const std::vector<float> input = RandomInput(graph, 1, 7);
  ThreadPool threads(1);
  Plan plan(graph, RandomWeights(graph, 7), {}, threads);
  const std::vector<float> expected = RunPlan(plan, input, 1);
  TensorMap others = RandomWeights(graph, 8);
  others.erase("dense/bias");
  ExpectError(ErrorKind::kModel, "have no dense/bias", [&] { plan.ReplaceWeights(others); });
  EXPECT_EQ(RunPlan(plan, input, 1), expected);
}

TEST(Plan, WrongWeightsAreRefused) {
  const Graph graph = SmallNetwork();
  ThreadPool threads(1);
  TensorMap weights = RandomWeights(graph, 7);
  Tensor good = std::move(weights.at("sep/pointwise_kernel"));
  weights.erase("sep/pointwise_kernel");
  const auto compile = [&] { const Plan plan(graph, weights, {}, threads); };
  ExpectError(ErrorKind::kModel, "have no sep/pointwise_kernel (shape 1x1x24x40)", compile);
  weights["sep/pointwise_kernel"] = Tensor(Shape{1, 1, 40, 24});
  ExpectError(ErrorKind::kModel, "of shape 1x1x40x24, expected F32 of shape 1x1x24x40", compile);
  weights["sep/pointwise_kernel"] = Tensor(Shape{1, 1, 24, 40}, DType::kF64);
  ExpectError(ErrorKind::kModel, "sep/pointwise_kernel is F64", compile);
  weights["sep/pointwise_kernel"] = std::move(good);
  compile();
}

TEST(Plan, WrongBatchesAreRefused) {
  const Graph graph = SmallNetwork();
  ThreadPool threads(1);
  Plan plan(graph, RandomWeights(graph, 8), {.max_batch = 2}, threads);
  const std::vector<float> input = RandomInput(graph, 3, 8);
  std::vector<float> output(33);
  ExpectError(ErrorKind::kInternal, "expected 1 to 2 images", [&] { plan.Run(input, 3, output); });
  ExpectError(ErrorKind::kInternal, "a batch of 0", [&] { plan.Run({}, 0, {}); });
  ExpectError(ErrorKind::kInternal, "33 out", [&] { plan.Run(std::span(input).first(663), 1, output); });
  ExpectError(ErrorKind::kUsage, "a batch of 0 images",
              [&] { const Plan none(graph, RandomWeights(graph, 8), {.max_batch = 0}, threads); });
}

}  // namespace
}  // namespace siskin
