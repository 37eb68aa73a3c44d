// Gradients of every layer against central differences of the interpreter in double precision, and what else a training
// step promises.
#include "graph/training_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "graph/testing_graphs.h"
#include "graph/testing_interpreter.h"
#include "graph/testing_training_interpreter.h"
#include "kernels/testing_compare.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::RandomFloats;
using testing::RandomInput;
using testing::RandomTrainingGraph;
using testing::RandomWeights;
using testing::TrainingInterpreter;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kNaNDouble = std::numeric_limits<double>::quiet_NaN();

// ---- the comparer ----

// An element may be wrong by this part of its tensor's largest gradient ...
constexpr double kOfTensor = 3e-3;
// ... and by this part of the largest of all: what fp32 leaves of sums that cancel, such as the gradient of a bias in
// front of a batch normalisation, which is 0.
constexpr double kOfAll = 2e-6;
// Along a direction such sums come together: so much may be left of what vanishes exactly.
constexpr double kOfZero = 1e-5;

double Largest(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

::testing::AssertionResult CloseGradients(const std::vector<TrainingParameter>& parameters, std::span<const float> got,
                                          std::span<const double> expected) {
  if (expected.empty() || got.size() != expected.size()) {
    return ::testing::AssertionFailure() << got.size() << " gradients, expected " << expected.size();
  }
  const double largest = Largest(expected);
  for (const TrainingParameter& parameter : parameters) {
    const auto wanted = expected.subspan(parameter.offset, parameter.size);
    const auto found = got.subspan(parameter.offset, parameter.size);
    const double bound = kOfTensor * Largest(wanted) + kOfAll * largest;
    for (size_t i = 0; i < wanted.size(); ++i) {
      const double error = static_cast<double>(found[i]) - wanted[i];
      if (std::abs(error) <= bound) continue;  // a NaN is not
      return ::testing::AssertionFailure() << fmt::format(
                 "{}[{}]: the gradient is {:.7g}, expected {:.7g}; allowed is {:.2g}, the tensor's largest is {:.4g}",
                 parameter.name, i, found[i], wanted[i], bound, Largest(wanted));
    }
  }
  return ::testing::AssertionSuccess();
}

// A gradient that is wrong by 1 % in any one tensor must be refused. Tensors without influence are left out, of which
// there are few: those that vanish exactly.
void ExpectOnePercentIsRefused(const std::vector<TrainingParameter>& parameters, std::span<const float> gradient,
                               std::span<const double> expected) {
  const double largest = Largest(expected);
  size_t refused = 0;
  for (const TrainingParameter& parameter : parameters) {
    const double of_tensor = Largest(expected.subspan(parameter.offset, parameter.size));
    if (of_tensor <= 1e-7 * largest) continue;
    std::vector<float> wrong(gradient.begin(), gradient.end());
    for (size_t i = 0; i < parameter.size; ++i) wrong[parameter.offset + i] *= 1.01f;
    EXPECT_FALSE(CloseGradients(parameters, wrong, expected))
        << parameter.name << ": 1 % too much goes unnoticed, its largest gradient is " << of_tensor << " of "
        << largest;
    ++refused;
  }
  EXPECT_GT(refused, 0u);
}

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

// ---- a step and what it should give ----

struct Problem {
  const Graph* graph = nullptr;
  bool batch_statistics = false;
  int n = 0;
  uint64_t seed = 0;
  std::vector<float> parameters, statistics, input;
  std::vector<float> dlogits;  // the loss is the sum of these times the logits
};

std::vector<double> Doubles(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::vector<float> Floats(std::span<const double> values) {
  return {values.begin(), values.end()};
}

size_t NumClasses(const Graph& graph) {
  return static_cast<size_t>(graph.layers().back().output.c);
}

Problem MakeProblem(const Graph& graph, bool batch_statistics, int n, uint64_t seed) {
  Problem problem;
  problem.graph = &graph;
  problem.batch_statistics = batch_statistics;
  problem.n = n;
  problem.seed = seed;
  const TensorMap weights = RandomWeights(graph, seed);
  const TrainingProgram program = LowerForTraining(graph);
  const auto gather = [&](const std::vector<TrainingParameter>& list, std::vector<float>* flat) {
    flat->assign(list.empty() ? 0 : list.back().offset + list.back().size, kNan);
    GatherParameters(list, weights, *flat);
  };
  gather(program.parameters, &problem.parameters);
  gather(program.statistics, &problem.statistics);
  problem.input = RandomInput(graph, n, seed);
  problem.dlogits = RandomFloats(static_cast<size_t>(n) * NumClasses(graph), seed);
  return problem;
}

// Central differences of the loss.
class Differences {
 public:
  explicit Differences(const Problem& problem)
      : problem_(problem),
        interpreter_(*problem.graph, problem.batch_statistics),
        parameters_(Doubles(problem.parameters)) {
    Loss();
    margin_ = interpreter_.margin();
    pattern_ = interpreter_.pattern();
  }

  // Of the parameters as they are: distance of the nearest kink, logits, moved statistics.
  double margin() const { return margin_; }
  const std::vector<double>& logits() const { return logits_; }
  const std::vector<double>& statistics() const { return statistics_; }
  const TrainingInterpreter& interpreter() const { return interpreter_; }

  // With respect to one parameter.
  double Element(size_t index) {
    const double at = parameters_[index];
    const double slope = Along([&](double step) { parameters_[index] = at + step; });
    parameters_[index] = at;
    return slope;
  }

  // Along a direction in one tensor.
  double Along(const TrainingParameter& parameter, std::span<const double> direction) {
    const std::vector<double> before = parameters_;
    const double slope = Along([&](double step) {
      for (size_t i = 0; i < parameter.size; ++i) {
        parameters_[parameter.offset + i] = before[parameter.offset + i] + step * direction[i];
      }
    });
    parameters_ = before;
    return slope;
  }

 private:
  double Loss() {
    statistics_ = Doubles(problem_.statistics);
    logits_ = interpreter_.Forward(parameters_, statistics_, problem_.input, problem_.n);
    double loss = 0;
    for (size_t i = 0; i < logits_.size(); ++i) loss += logits_[i] * problem_.dlogits[i];
    return loss;
  }

  // The step is made smaller until there is no kink between its ends.
  template <class Move>
  double Along(const Move& move) {
    for (double h = 1e-5; h > 1e-9; h /= 8) {
      move(h);
      const double above = Loss();
      const bool smooth = interpreter_.pattern() == pattern_;
      move(-h);
      const double below = Loss();
      if (smooth && interpreter_.pattern() == pattern_) return (above - below) / (2 * h);
    }
    return kNaNDouble;  // nothing is close to it
  }

  const Problem& problem_;
  TrainingInterpreter interpreter_;
  std::vector<double> parameters_, statistics_, logits_;
  double margin_ = 0;
  uint64_t pattern_ = 0;
};

// fp32 and double must not fall on different sides of a kink. Values are around 1, and a few hundred additions move
// them by about 1e-6.
constexpr double kMargin = 1e-5;

// The first random numbers from this seed on that keep their distance from kinks.
Problem SmoothProblem(const Graph& graph, bool batch_statistics, int n, uint64_t seed) {
  for (uint64_t attempt = 0; attempt < 100; ++attempt) {
    Problem problem = MakeProblem(graph, batch_statistics, n, seed + 1000 * attempt);
    if (Differences(problem).margin() > kMargin) return problem;
  }
  ADD_FAILURE() << "no input away from kinks";
  return MakeProblem(graph, batch_statistics, n, seed);
}

struct Outcome {
  std::vector<float> logits, gradient, statistics;
  bool operator==(const Outcome&) const = default;
};

Outcome Step(TrainingPlan& plan, const Problem& problem, const DropoutKey* dropout = nullptr) {
  Outcome outcome;
  outcome.statistics = problem.statistics;
  outcome.gradient.assign(problem.parameters.size(), kNan);
  const auto logits = plan.Forward(problem.parameters, outcome.statistics, problem.input, problem.n, dropout);
  outcome.logits.assign(logits.begin(), logits.end());
  plan.Backward(problem.dlogits, outcome.gradient);
  return outcome;
}

TrainingPlan PlanOf(const Problem& problem, ThreadPool& threads, int max_batch = 0) {
  return {*problem.graph,
          {.max_batch = max_batch > 0 ? max_batch : problem.n, .batch_statistics = problem.batch_statistics},
          threads};
}

void ExpectForward(const Problem& problem, const Differences& differences, const Outcome& outcome) {
  EXPECT_TRUE(testing::Close(outcome.logits, Floats(differences.logits()), {.relative = 1e-4, .seed = problem.seed}));
  if (!problem.batch_statistics) {
    EXPECT_EQ(outcome.statistics, problem.statistics);
  } else if (!problem.statistics.empty()) {
    EXPECT_TRUE(
        testing::Close(outcome.statistics, Floats(differences.statistics()), {.relative = 1e-5, .seed = problem.seed}));
  }
}

// Every element of every gradient.
void CheckEveryElement(const Graph& graph, bool batch_statistics) {
  const Problem problem = SmoothProblem(graph, batch_statistics, 2, 1);
  SCOPED_TRACE(fmt::format("seed {}, {} statistics", problem.seed, batch_statistics ? "batch" : "moving"));
  ThreadPool threads(2);
  TrainingPlan plan = PlanOf(problem, threads);
  Differences differences(problem);
  const Outcome outcome = Step(plan, problem);
  ExpectForward(problem, differences, outcome);
  std::vector<double> expected(problem.parameters.size());
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = differences.Element(i);
  EXPECT_TRUE(CloseGradients(plan.parameters(), outcome.gradient, expected));
  ExpectOnePercentIsRefused(plan.parameters(), outcome.gradient, expected);
}

// ---- graphs, one for each kind of layer and for what may stand around it ----

// A pointwise convolution with bias, so that what flows back to x of the layers behind it is seen in gradients.
NodeId Stem(Graph& g, int h, int w, int channels) {
  return g.Conv2D("stem", g.Input(h, w, 3), {.filters = channels, .use_bias = true});
}

// Logits to which every element contributes with a weight of its own.
void Finish(Graph& g, NodeId x) {
  const FeatureShape shape = g.shape(x);
  g.Conv2D("logits", x,
           {.filters = 2, .kernel = shape.h, .padding = PaddingMode::kValid, .use_bias = true, .kernel_w = shape.w});
}

Graph OneConv(int h, int w, int channels, const Graph::Conv& conv) {
  Graph g;
  Finish(g, g.Conv2D("conv", Stem(g, h, w, channels), conv));
  return g;
}

Graph PaddedConv(int h, int w, const Padding& padding, const Graph::Conv& conv) {
  Graph g;
  Finish(g, g.Conv2D("conv", g.ZeroPad("pad", Stem(g, h, w, 5), padding), conv));
  return g;
}

Graph OneDepthwise(int h, int w, int channels, const Graph::Conv& conv) {
  Graph g;
  Finish(g, g.DepthwiseConv2D("depthwise", Stem(g, h, w, channels), conv));
  return g;
}

Graph OneSeparable(int h, int w, int channels, bool relu, const Graph::Conv& conv) {
  Graph g;
  NodeId x = Stem(g, h, w, channels);
  if (relu) x = g.Activate("relu", x, Activation::kRelu);
  Finish(g, g.SeparableConv2D("separable", x, conv));
  return g;
}

Graph OneBatchNorm(int channels, Activation activation, bool scale) {
  Graph g;
  NodeId x = g.BatchNorm("bn", Stem(g, 5, 4, channels), {.momentum = 0.9f, .scale = scale});
  if (activation != Activation::kNone) x = g.Activate("activation", x, activation);
  Finish(g, x);
  return g;
}

Graph OneActivation(Activation activation) {
  Graph g;
  // Weights of the stem give values around 1: eight times that for the upper end of ReLU6.
  NodeId x = Stem(g, 5, 5, 4);
  for (const char* name : {"twice", "four_times", "eight_times"}) x = g.Add(name, x, x);
  Finish(g, g.Activate("activation", x, activation));
  return g;
}

Graph OnePool(bool largest, const Graph::Pool& pool) {
  Graph g;
  const NodeId x = Stem(g, 7, 6, 5);
  Finish(g, largest ? g.MaxPool("pool", x, pool) : g.AveragePool("pool", x, pool));
  return g;
}

Graph GlobalPool(bool largest) {
  Graph g;
  const NodeId x = Stem(g, 5, 4, 17);
  g.Dense("logits", largest ? g.GlobalMaxPool("pool", x) : g.GlobalAveragePool("pool", x), 3);
  return g;
}

// x, read by a convolution, a pool and an addition.
Graph ValueReadThreeTimes() {
  Graph g;
  const NodeId x = Stem(g, 5, 5, 4);
  const NodeId conv = g.Conv2D("conv", x, {.filters = 4, .kernel = 3});
  const NodeId pool = g.AveragePool("pool", x, {.size = 3, .stride = 1, .padding = PaddingMode::kSame});
  Finish(g, g.Add("add2", g.Add("add", conv, x), pool));
  return g;
}

// A batch normalisation that is added to what it was computed from; `left`: as the first operand.
Graph ResidualBatchNorm(bool left) {
  Graph g;
  const NodeId x = Stem(g, 5, 4, 6);
  const NodeId norm = g.BatchNorm("bn", g.Conv2D("conv", x, {.filters = 6, .kernel = 3}));
  Finish(g, g.Activate("relu", left ? g.Add("add", norm, x) : g.Add("add", x, norm), Activation::kRelu));
  return g;
}

Graph SumOfTwoBatchNorms() {
  Graph g;
  const NodeId x = Stem(g, 6, 5, 4);
  const NodeId a = g.BatchNorm("bn_a", g.Conv2D("conv_a", x, {.filters = 5, .kernel = 3, .stride = 2}));
  const NodeId b = g.BatchNorm("bn_b", g.Conv2D("conv_b", x, {.filters = 5, .stride = 2}));
  Finish(g, g.Add("add", a, b));
  return g;
}

// The sum is added again, so that the gradient of one addition is that of the other.
Graph ChainOfResiduals() {
  Graph g;
  NodeId x = Stem(g, 4, 4, 4);
  for (const char* name : {"1", "2", "3"}) {
    const std::string block = name;
    NodeId y = g.Activate("relu" + block, x, Activation::kRelu);
    y = g.SeparableConv2D("sep" + block, y, {.filters = 4, .kernel = 3});
    x = g.Add("add" + block, g.BatchNorm("bn" + block, y), x);
  }
  Finish(g, x);
  return g;
}

Graph BatchNormReadTwice() {
  Graph g;
  const NodeId norm = g.BatchNorm("bn", Stem(g, 5, 4, 5));
  const NodeId relu = g.Activate("relu", norm, Activation::kRelu);
  Finish(g, g.Add("add", g.Conv2D("conv", relu, {.filters = 5, .kernel = 3}), norm));
  return g;
}

Graph BatchNormWithReluReadTwice() {
  Graph g;
  const NodeId x = g.Activate("relu", g.BatchNorm("bn", Stem(g, 5, 4, 5)), Activation::kRelu);
  const NodeId conv = g.Conv2D("conv", x, {.filters = 5, .kernel = 3});
  Finish(g, g.Add("add", g.SeparableConv2D("separable", x, {.filters = 5, .kernel = 3}), g.Add("shortcut", conv, x)));
  return g;
}

Graph BatchNormAddedToItself() {
  Graph g;
  const NodeId x = g.BatchNorm("bn", Stem(g, 5, 4, 5));
  Finish(g, g.Add("add", x, x));
  return g;
}

Graph ChainOfBatchNorms() {
  Graph g;
  NodeId x = g.BatchNorm("bn0", g.Input(4, 5, 3));
  x = g.BatchNorm("bn1", g.Conv2D("conv", x, {.filters = 4, .kernel = 3}));
  x = g.Activate("relu", g.BatchNorm("bn2", x), Activation::kRelu);
  Finish(g, g.BatchNorm("bn3", x));
  return g;
}

// Logits that are not a convolution's: of a batch normalisation, of an activation, of a sum.
Graph LogitsOf(LayerKind kind) {
  Graph g;
  const NodeId x = g.Dense("dense", g.GlobalAveragePool("mean", Stem(g, 4, 4, 6)), 5);
  if (kind == LayerKind::kBatchNorm) g.BatchNorm("logits", x);
  if (kind == LayerKind::kActivation) g.Activate("logits", x, Activation::kRelu);
  if (kind == LayerKind::kAdd) g.Add("logits", x, g.Dense("other", x, 5));
  if (kind == LayerKind::kDropout) g.Dropout("logits", x, 0.5f);
  return g;
}

// The ReLU is done by whoever loads x, but x is read without it too.
Graph ReluBesideTheValue() {
  Graph g;
  const NodeId x = Stem(g, 5, 5, 5);
  const NodeId relu = g.Activate("relu", x, Activation::kRelu);
  const NodeId a = g.SeparableConv2D("separable", relu, {.filters = 5, .kernel = 3});
  const NodeId b = g.DepthwiseConv2D("depthwise", relu, {.kernel = 3});
  Finish(g, g.Add("add", g.Add("both", a, b), x));
  return g;
}

// The same ReLU in front of a convolution, which cannot do it.
Graph ReluForSeparableAndConv() {
  Graph g;
  const NodeId relu = g.Activate("relu", Stem(g, 5, 5, 5), Activation::kRelu);
  const NodeId a = g.SeparableConv2D("separable", relu, {.filters = 4, .kernel = 3});
  Finish(g, g.Add("add", a, g.Conv2D("conv", relu, {.filters = 4, .kernel = 3})));
  return g;
}

Graph PaddingInFrontOfTwo() {
  Graph g;
  const NodeId pad = g.ZeroPad("pad", Stem(g, 5, 6, 4), {.top = 0, .bottom = 1, .left = 2, .right = 1});
  const NodeId a = g.DepthwiseConv2D("depthwise", pad, {.kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
  const NodeId b = g.Conv2D("conv", pad, {.filters = 4, .kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
  Finish(g, g.Add("add", a, b));
  return g;
}

Graph PaddingInFrontOfSeparable() {
  Graph g;
  const NodeId relu = g.Activate("relu", Stem(g, 5, 4, 4), Activation::kRelu);
  const NodeId pad = g.ZeroPad("pad", relu, {.top = 2, .bottom = 0, .left = 0, .right = 1});
  Finish(g, g.SeparableConv2D("separable", pad, {.filters = 5, .kernel = 3}));
  return g;
}

// Parts of several kinds, one of them twice; the whole is read by two, a part by others.
Graph Concatenation() {
  Graph g;
  const NodeId x = Stem(g, 4, 5, 3);
  const NodeId norm = g.Activate("relu", g.BatchNorm("bn", x), Activation::kRelu);
  const NodeId pool = g.MaxPool("pool", x, {.size = 3, .stride = 1, .padding = PaddingMode::kSame});
  const NodeId whole = g.Concat("concat", {x, norm, pool, norm, g.Conv2D("conv", x, {.filters = 16})});
  const NodeId a = g.Conv2D("narrow", whole, {.filters = 3});
  Finish(g, g.Concat("again", {g.Add("add", a, x), g.DepthwiseConv2D("depthwise", whole, {.kernel = 3})}));
  return g;
}

Graph ConcatenationOfTheInput() {
  Graph g;
  const NodeId input = g.Input(4, 4, 3);
  const NodeId x = g.Conv2D("conv", input, {.filters = 3, .kernel = 3, .use_bias = true});
  Finish(g, g.Add("add", g.Activate("relu", input, Activation::kRelu), g.Add("sum", x, input)));
  return g;
}

Graph Dense() {
  Graph g;
  NodeId x = g.Dense("dense1", g.GlobalAveragePool("mean", Stem(g, 4, 4, 6)), 19);
  x = g.Dropout("dropout", g.Activate("relu", x, Activation::kRelu), 0.5f);
  g.Dense("logits", x, 3);
  return g;
}

// A layer whose output nobody reads has gradients too: zeros. They were left as they had been.
Graph UnreadBranch() {
  Graph g;
  const NodeId x = Stem(g, 4, 4, 4);
  const NodeId unread = g.SeparableConv2D("unread", x, {.filters = 4, .kernel = 3, .use_bias = true});
  g.BatchNorm("unread_bn", unread);
  Finish(g, x);
  return g;
}

Graph XceptionBlock(int h = 9, int w = 8) {
  Graph g;
  NodeId x = g.Conv2D("conv", g.Input(h, w, 3), {.filters = 6, .kernel = 3, .stride = 2});
  x = g.Activate("conv_relu", g.BatchNorm("conv_bn", x), Activation::kRelu);
  NodeId y = g.SeparableConv2D("sep1", x, {.filters = 8, .kernel = 3});
  y = g.Activate("sep2_relu", g.BatchNorm("sep1_bn", y), Activation::kRelu);
  y = g.BatchNorm("sep2_bn", g.SeparableConv2D("sep2", y, {.filters = 8, .kernel = 3}));
  y = g.MaxPool("pool", y, {.size = 3, .stride = 2, .padding = PaddingMode::kSame});
  x = g.Add("add", y, g.BatchNorm("shortcut_bn", g.Conv2D("shortcut", x, {.filters = 8, .stride = 2})));
  y = g.SeparableConv2D("sep3", g.Activate("sep3_relu", x, Activation::kRelu), {.filters = 8, .kernel = 3});
  x = g.Add("add2", g.BatchNorm("sep3_bn", y), x);
  g.Dense("logits", g.Dropout("dropout", g.GlobalAveragePool("mean", x), 0.5f), 3);
  return g;
}

Graph MobileNetBlock(int h = 8, int w = 8) {
  Graph g;
  NodeId x = g.ZeroPad("pad1", g.Input(h, w, 3), {.bottom = 1, .right = 1});
  x = g.Conv2D("conv", x, {.filters = 6, .kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
  x = g.Activate("conv_relu", g.BatchNorm("conv_bn", x), Activation::kRelu6);
  x = g.ZeroPad("pad2", x, {.bottom = 1, .right = 1});
  x = g.DepthwiseConv2D("depthwise", x, {.kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
  x = g.Activate("depthwise_relu", g.BatchNorm("depthwise_bn", x), Activation::kRelu6);
  x = g.Conv2D("pointwise", x, {.filters = 17});
  x = g.Activate("pointwise_relu", g.BatchNorm("pointwise_bn", x), Activation::kRelu6);
  g.Dense("logits", g.GlobalAveragePool("mean", x), 3);
  return g;
}

Graph InceptionBlock(int h = 5, int w = 5) {
  Graph g;
  const auto block = [&](const char* name, NodeId x, const Graph::Conv& conv) {
    const std::string prefix = name;
    x = g.BatchNorm(prefix + "_bn", g.Conv2D(prefix, x, conv), {.momentum = 0.9f, .scale = false});
    return g.Activate(prefix + "_relu", x, Activation::kRelu);
  };
  const NodeId x = block("stem", g.Input(h, w, 3), {.filters = 5});
  const NodeId a = block("a", x, {.filters = 3});
  NodeId b = block("b1", block("b0", x, {.filters = 3}), {.filters = 4, .kernel = 1, .kernel_w = 3});
  b = block("b2", b, {.filters = 4, .kernel = 3, .kernel_w = 1});
  const NodeId pool = g.AveragePool("pool", x, {.size = 3, .stride = 1, .padding = PaddingMode::kSame});
  const NodeId whole = g.Concat("concat", {a, b, block("c", pool, {.filters = 3})});
  const NodeId down = block("down", whole, {.filters = 4, .kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
  const NodeId other = g.MaxPool("max", whole, {.size = 3, .stride = 2});
  g.Dense("logits", g.GlobalAveragePool("mean", g.Concat("concat2", {down, other})), 3);
  return g;
}

struct Case {
  const char* name;
  Graph graph;
};

constexpr PaddingMode kValid = PaddingMode::kValid;
constexpr PaddingMode kSame = PaddingMode::kSame;

std::vector<Case> Cases() {
  std::vector<Case> cases;
  const auto add = [&](const char* name, Graph graph) { cases.push_back({name, std::move(graph)}); };
  add("conv 1x1", OneConv(4, 5, 5, {.filters = 17}));
  add("conv 1x1 from 19 channels", OneConv(4, 3, 19, {.filters = 3, .use_bias = true}));
  add("conv 3x3", OneConv(5, 6, 4, {.filters = 6, .kernel = 3, .use_bias = true}));
  add("conv 3x3 valid", OneConv(5, 6, 4, {.filters = 6, .kernel = 3, .padding = kValid}));
  add("conv 3x3 from 17 channels", OneConv(3, 4, 17, {.filters = 3, .kernel = 3}));
  add("conv 5x2", OneConv(6, 5, 3, {.filters = 4, .kernel = 5, .kernel_w = 2}));
  add("conv 3x3 stride 2, even", OneConv(6, 8, 4, {.filters = 5, .kernel = 3, .stride = 2}));
  add("conv 3x3 stride 2, odd", OneConv(7, 5, 4, {.filters = 5, .kernel = 3, .stride = 2, .use_bias = true}));
  add("conv 3x3 stride 2, a row unread", OneConv(6, 8, 4, {.filters = 5, .kernel = 3, .stride = 2, .padding = kValid}));
  add("conv 3x3 stride 3", OneConv(9, 8, 3, {.filters = 5, .kernel = 3, .stride = 3}));
  add("conv 2x2 stride 3, pixels unread", OneConv(8, 9, 3, {.filters = 5, .kernel = 2, .stride = 3}));
  add("conv 1x1 stride 2, even", OneConv(6, 4, 5, {.filters = 6, .stride = 2}));
  add("conv 1x1 stride 2, odd", OneConv(5, 7, 5, {.filters = 6, .stride = 2, .use_bias = true}));
  add("padded conv 3x3", PaddedConv(5, 6, {2, 0, 1, 3}, {.filters = 4, .kernel = 3, .padding = kValid}));
  add("padded conv 3x3 same", PaddedConv(5, 4, {1, 0, 0, 1}, {.filters = 4, .kernel = 3, .padding = kSame}));
  add("padded conv 3x3 stride 2",
      PaddedConv(6, 7, {0, 1, 0, 1}, {.filters = 4, .kernel = 3, .stride = 2, .padding = kValid}));
  add("padding wider than the window", PaddedConv(4, 4, {4, 3, 3, 5}, {.filters = 3, .kernel = 3, .padding = kValid}));
  add("padded conv 1x1", PaddedConv(4, 5, {1, 0, 2, 1}, {.filters = 4}));
  // Was spread over the image as if there were no padding.
  add("padded conv 1x1 stride 2", PaddedConv(5, 4, {1, 0, 0, 2}, {.filters = 4, .stride = 2}));
  add("depthwise 3x3", OneDepthwise(5, 6, 17, {.kernel = 3}));
  add("depthwise 3x3 stride 2", OneDepthwise(6, 7, 5, {.kernel = 3, .stride = 2, .use_bias = true}));
  add("depthwise 5x5 valid", OneDepthwise(6, 7, 5, {.kernel = 5, .padding = kValid}));
  add("separable 3x3", OneSeparable(5, 5, 5, false, {.filters = 6, .kernel = 3, .use_bias = true}));
  add("separable 3x3 behind ReLU", OneSeparable(5, 5, 17, true, {.filters = 6, .kernel = 3}));
  add("separable 3x3 stride 2 behind ReLU", OneSeparable(6, 5, 5, true, {.filters = 19, .kernel = 3, .stride = 2}));
  add("batch norm", OneBatchNorm(5, Activation::kNone, true));
  add("batch norm without scale", OneBatchNorm(19, Activation::kNone, false));
  add("batch norm, ReLU", OneBatchNorm(17, Activation::kRelu, true));
  add("batch norm, ReLU6", OneBatchNorm(5, Activation::kRelu6, true));
  add("batch norm without scale, ReLU", OneBatchNorm(5, Activation::kRelu, false));
  add("ReLU", OneActivation(Activation::kRelu));
  add("ReLU6", OneActivation(Activation::kRelu6));
  add("max pool 3x3 stride 2", OnePool(true, {.size = 3, .stride = 2, .padding = kSame}));
  add("max pool 3x3 stride 1", OnePool(true, {.size = 3, .stride = 1, .padding = kSame}));
  add("max pool 2x2", OnePool(true, {}));
  add("average pool 3x3 stride 1", OnePool(false, {.size = 3, .stride = 1, .padding = kSame}));
  add("average pool 3x3 stride 2", OnePool(false, {.size = 3, .stride = 2, .padding = kSame}));
  add("average pool 2x2 valid", OnePool(false, {}));
  add("global average pool", GlobalPool(false));
  add("global max pool", GlobalPool(true));
  add("value read three times", ValueReadThreeTimes());
  add("residual batch norm, left", ResidualBatchNorm(true));
  add("residual batch norm, right", ResidualBatchNorm(false));
  add("sum of two batch norms", SumOfTwoBatchNorms());
  add("chain of residuals", ChainOfResiduals());
  add("batch norm read twice", BatchNormReadTwice());
  add("batch norm with ReLU read twice", BatchNormWithReluReadTwice());
  add("batch norm added to itself", BatchNormAddedToItself());
  add("chain of batch norms", ChainOfBatchNorms());
  add("logits of a batch norm", LogitsOf(LayerKind::kBatchNorm));
  add("logits of an activation", LogitsOf(LayerKind::kActivation));
  add("logits of a sum", LogitsOf(LayerKind::kAdd));
  add("logits of a dropout", LogitsOf(LayerKind::kDropout));
  add("ReLU beside the value", ReluBesideTheValue());
  add("ReLU for separable and conv", ReluForSeparableAndConv());
  add("padding in front of two", PaddingInFrontOfTwo());
  add("padding in front of separable", PaddingInFrontOfSeparable());
  add("concatenation", Concatenation());
  add("the input in a sum", ConcatenationOfTheInput());
  add("dense", Dense());
  add("unread branch", UnreadBranch());
  add("Xception block", XceptionBlock());
  add("MobileNet block", MobileNetBlock());
  add("Inception block", InceptionBlock());
  return cases;
}

std::vector<Case> Blocks(int h, int w) {
  std::vector<Case> cases;
  cases.push_back({"Xception block", XceptionBlock(h, w)});
  cases.push_back({"MobileNet block", MobileNetBlock(h, w)});
  cases.push_back({"Inception block", InceptionBlock(h, w)});
  return cases;
}

TEST(TrainingGradients, EveryElementWithMovingStatistics) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    CheckEveryElement(c.graph, /*batch_statistics=*/false);
  }
}

TEST(TrainingGradients, EveryElementWithBatchStatistics) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    CheckEveryElement(c.graph, /*batch_statistics=*/true);
  }
}

TEST(TrainingGradients, EveryInstructionSet) {
  const std::vector<Case> blocks = Blocks(7, 6);
  testing::OnEveryIsa([&] {
    for (const Case& c : blocks) {
      SCOPED_TRACE(c.name);
      CheckEveryElement(c.graph, /*batch_statistics=*/true);
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
void CheckDirections(const Graph& graph, bool batch_statistics, uint64_t seed) {
  const Problem problem = SmoothProblem(graph, batch_statistics, 3, seed);
  SCOPED_TRACE(
      fmt::format("graph {}, seed {}, {} statistics", seed, problem.seed, batch_statistics ? "batch" : "moving"));
  ThreadPool threads(2);
  TrainingPlan plan = PlanOf(problem, threads);
  Differences differences(problem);
  const Outcome outcome = Step(plan, problem);
  ExpectForward(problem, differences, outcome);
  const std::vector<double> gradient = Doubles(outcome.gradient);
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
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Graph graph = RandomTrainingGraph(seed);
    if (LowerForTraining(graph).parameters.empty()) continue;
    CheckDirections(graph, /*batch_statistics=*/seed % 2 == 0, seed);
    if (HasFailure()) return;  // the first one is enough to look at
  }
}

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

// ---- dropout ----

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
  Finish(g, g.AveragePool("pool", x, {.size = 2, .stride = 1}));
  Problem problem = MakeProblem(g, /*batch_statistics=*/false, 3, 1);
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
  ExpectOnePercentIsRefused(plan.parameters(), outcome.gradient, expected);
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

// ---- names and errors ----

void ExpectError(ErrorKind kind, const std::string& part, const std::function<void()>& action) {
  try {
    action();
    ADD_FAILURE() << "no error, expected one with: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

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
