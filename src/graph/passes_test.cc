#include "graph/passes.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "graph/testing_interpreter.h"

namespace siskin {
namespace {

Program LowerRandom(const Graph& graph) {
  return Lower(graph, testing::RandomWeights(graph, 1));
}

std::vector<float> Numbers(const Filter& filter) {
  std::vector<float> memory;
  const std::span<const float> numbers = filter.Read(&memory);
  return {numbers.begin(), numbers.end()};
}

// One line an op: name(inputs) and what is not at its default.
std::string Describe(const Program& program) {
  std::string text;
  for (const Op& op : program.ops) {
    text += fmt::format("{}({})", op.name, fmt::join(op.inputs, ","));
    if (op.relu_input) text += " relu_input";
    if (op.residual != kNoValue) text += fmt::format(" +{}", op.residual);
    if (op.between != Activation::kNone) text += fmt::format(" between{}", static_cast<int>(op.between));
    if (op.activation != Activation::kNone) text += fmt::format(" act{}", static_cast<int>(op.activation));
    if (!op.fused.empty()) text += fmt::format(" [{}]", fmt::join(op.fused, " "));
    text += fmt::format(" -> {}\n", op.output);
  }
  return text;
}

constexpr int kRelu = static_cast<int>(Activation::kRelu), kRelu6 = static_cast<int>(Activation::kRelu6);
static_assert(kRelu == 1 && kRelu6 == 2, "as the texts below have them");

TEST(Passes, DeadOpsAndIdentitiesGo) {
  Graph g;
  const NodeId x = g.Input(4, 4, 3);
  g.Conv2D("unused", x, {.filters = 2});
  NodeId y = g.Dropout("drop", g.Activate("nothing", x, Activation::kNone), 0.5f);
  y = g.Conv2D("conv", y, {.filters = 2});
  g.Dropout("last", y, 0.5f);
  Program program = LowerRandom(g);
  RemoveIdentities(program);
  EXPECT_EQ(Describe(program), "conv(0) -> 4\n");
  EXPECT_EQ(program.output, 4);
}

TEST(Passes, PaddingMovesIntoEveryConvolutionThatReadsIt) {
  Graph g;
  const NodeId x = g.Input(5, 5, 3);
  const NodeId pad = g.ZeroPad("pad", x, {1, 2, 3, 4});
  const NodeId a = g.Conv2D("a", pad, {.filters = 4, .kernel = 3});
  const NodeId b = g.DepthwiseConv2D("b", pad, {.kernel = 3, .padding = PaddingMode::kValid});
  g.Concat("all", {g.GlobalMaxPool("amax", a), g.GlobalMaxPool("bmax", b)});
  Program program = LowerRandom(g);
  MergeZeroPadding(program);
  ASSERT_EQ(program.ops[0].name, "a");
  EXPECT_EQ(program.ops[0].inputs[0], x.index);
  EXPECT_EQ(program.ops[0].window.padding, (Padding{2, 3, 4, 5}));
  EXPECT_EQ(program.ops[1].window.padding, (Padding{1, 2, 3, 4}));
  EXPECT_EQ(program.ops[1].fused, std::vector<std::string>{"pad"});
}

TEST(Passes, PaddingInFrontOfAPoolStays) {
  Graph g;
  g.MaxPool("pool", g.ZeroPad("pad", g.Input(5, 5, 3), {1, 1, 1, 1}), {});
  Program program = LowerRandom(g);
  MergeZeroPadding(program);
  ASSERT_EQ(program.ops.size(), 2u);
  EXPECT_EQ(program.ops[0].kind, LayerKind::kDepthwiseConv2D);
  EXPECT_EQ(Numbers(program.ops[0].depthwise), std::vector<float>(3, 1.0f));
}

TEST(Passes, PaddingMovesIntoAMaximumOfWhatIsNotNegative) {
  const auto merged = [](const Padding& padding) {
    Graph g;
    const NodeId relu = g.Activate("relu", g.Input(6, 6, 3), Activation::kRelu);
    g.MaxPool("pool", g.ZeroPad("pad", relu, padding), {.size = 3, .stride = 2});
    Program program = LowerRandom(g);
    MergeZeroPadding(program);
    return program;
  };
  const Program program = merged({1, 2, 0, 1});
  EXPECT_EQ(Describe(program), "relu(0) act1 -> 1\npool(1) [pad] -> 3\n");
  EXPECT_EQ(program.ops[1].window.padding, (Padding{1, 2, 0, 1}));
  // A window of zeros alone has a maximum, one of nothing has none.
  EXPECT_EQ(merged({1, 1, 1, 3}).ops.size(), 3u);
  EXPECT_EQ(merged({3, 1, 1, 1}).ops.size(), 3u);
}

TEST(Passes, TheFactorOfAResidualMovesIntoTheConvolution) {
  Graph g;
  const NodeId x = g.Input(4, 4, 1);
  const NodeId residual = g.Conv2D("conv", x, {.filters = 1, .use_bias = true});
  g.AddScaled("add", x, residual, 0.25f);
  TensorMap weights;
  weights["conv/kernel"] = Tensor::FromFloats({1, 1, 1, 1}, std::vector<float>{8});
  weights["conv/bias"] = Tensor::FromFloats({1}, std::vector<float>{-2});
  Program program = Lower(g, weights);
  FoldBatchNorm(program);
  FuseAdd(program);
  ASSERT_EQ(Describe(program), "conv(0) +0 [add add] -> 2\n");
  EXPECT_EQ(Numbers(program.ops[0].matrix), std::vector<float>{2});
  EXPECT_EQ(program.ops[0].bias, std::vector<float>{-0.5f});
}

TEST(Passes, AResidualThatOthersReadIsScaledByItself) {
  Graph g;
  const NodeId x = g.Input(4, 4, 2);
  const NodeId residual = g.Conv2D("conv", x, {.filters = 2});
  g.Add("both", g.AddScaled("add", x, residual, 0.25f), residual);
  Program program = LowerRandom(g);
  FoldBatchNorm(program);
  FuseAdd(program);
  EXPECT_EQ(Describe(program), "conv(0) -> 1\nadd(1) -> 4\nadd(0,4) -> 2\nboth(2,1) -> 3\n");
}

TEST(Passes, ConcatenationsOfConcatenationsAreOne) {
  Graph g;
  const NodeId x = g.Input(4, 4, 2);
  const NodeId a = g.MaxPool("a", x, {}), b = g.AveragePool("b", x, {});
  const NodeId inner = g.Concat("inner", {g.Concat("innermost", {a, b}), a}), shared = g.Concat("shared", {b, b});
  g.Concat("last", {shared, g.Concat("outer", {b, inner, shared})});
  Program program = LowerRandom(g);
  FlattenConcat(program);
  EXPECT_EQ(Describe(program),
            "a(0) -> 1\nb(0) -> 2\nshared(2,2) -> 5\nlast(5,2,1,2,1,5) [outer inner innermost] -> 7\n");
}

TEST(Passes, BatchNormFoldsIntoWeightsAndBias) {
  Graph g;
  NodeId x = g.Conv2D("conv", g.Input(4, 4, 1), {.filters = 2, .use_bias = true});
  g.BatchNorm("bn", x);
  TensorMap weights;
  weights["conv/kernel"] = Tensor::FromFloats({1, 1, 1, 2}, std::vector<float>{3, 5});
  weights["conv/bias"] = Tensor::FromFloats({2}, std::vector<float>{1, 2});
  weights["bn/gamma"] = Tensor::FromFloats({2}, std::vector<float>{2, -1});
  weights["bn/beta"] = Tensor::FromFloats({2}, std::vector<float>{10, 20});
  weights["bn/moving_mean"] = Tensor::FromFloats({2}, std::vector<float>{4, 8});
  weights["bn/moving_variance"] = Tensor::FromFloats({2}, std::vector<float>{0.25f - 1e-3f, 4 - 1e-3f});
  Program program = Lower(g, weights);
  FoldBatchNorm(program);
  ASSERT_EQ(Describe(program), "conv(0) [bn] -> 2\n");
  // gamma / sqrt(variance + 0.001) is 4 and -0.5.
  const Op& op = program.ops[0];
  EXPECT_NEAR(Numbers(op.matrix)[0], 12, 1e-5);
  EXPECT_NEAR(Numbers(op.matrix)[1], -2.5, 1e-5);
  EXPECT_NEAR(op.bias[0], 10 + (1 - 4) * 4, 1e-5);
  EXPECT_NEAR(op.bias[1], 20 + (2 - 8) * -0.5, 1e-5);
}

TEST(Passes, BatchNormStaysWhereTheRawValuesAreNeeded) {
  Graph g;
  const NodeId x = g.Conv2D("conv", g.Input(4, 4, 3), {.filters = 2});
  const NodeId normal = g.BatchNorm("bn", x);
  g.Add("add", x, normal);
  Program program = LowerRandom(g);
  FoldBatchNorm(program);
  EXPECT_EQ(Describe(program), "conv(0) -> 1\nbn(1) -> 2\nadd(1,2) -> 3\n");
  Graph after_pool;
  after_pool.BatchNorm("bn", after_pool.MaxPool("pool", after_pool.Input(4, 4, 3), {}));
  program = LowerRandom(after_pool);
  FoldBatchNorm(program);
  EXPECT_EQ(program.ops.size(), 2u);
}

TEST(Passes, AnAdditionMovesIntoTheLaterConvolution) {
  for (const bool swapped : {false, true}) {
    Graph g;
    const NodeId x = g.Input(4, 4, 3);
    const NodeId a = g.Conv2D("a", x, {.filters = 3}), b = g.Conv2D("b", x, {.filters = 3});
    g.Add("add", swapped ? b : a, swapped ? a : b);
    Program program = LowerRandom(g);
    FuseAdd(program);
    EXPECT_EQ(Describe(program), "a(0) -> 1\nb(0) +1 [add] -> 3\n");
  }
}

TEST(Passes, TheConvolutionWaitsForTheOtherAddend) {
  Graph g;  // Xception's shortcut: the convolution comes first, the pool is done when the sum is
  const NodeId x = g.Input(4, 4, 3);
  const NodeId shortcut = g.Conv2D("shortcut", x, {.filters = 3, .stride = 2});
  const NodeId pool = g.MaxPool("pool", x, {});
  g.Add("add", pool, shortcut);
  Program program = LowerRandom(g);
  FuseAdd(program);
  EXPECT_EQ(Describe(program), "pool(0) -> 2\nshortcut(0) +2 [add] -> 3\n");
}

TEST(Passes, AnAdditionOfActivatedOrSharedValuesStays) {
  Graph g;
  const NodeId x = g.Conv2D("x", g.Input(4, 4, 3), {.filters = 3});
  const NodeId active = g.Activate("relu", x, Activation::kRelu);
  const NodeId twice = g.Add("twice", active, active);
  g.Add("add", twice, x);
  Program program = LowerRandom(g);
  FuseAdd(program);
  EXPECT_EQ(program.ops.size(), 4u);
}

TEST(Passes, ActivationsMoveToTheirProducer) {
  Graph g;
  NodeId x = g.Activate("relu", g.Conv2D("conv", g.Input(4, 4, 3), {.filters = 3}), Activation::kRelu);
  x = g.BatchNorm("bn", x);
  x = g.Activate("relu6", x, Activation::kRelu6);
  g.Activate("again", x, Activation::kRelu);
  Program program = LowerRandom(g);
  FuseActivation(program);
  EXPECT_EQ(Describe(program), "conv(0) act1 [relu] -> 2\nbn(2) act2 [relu6] -> 4\nagain(4) act1 -> 5\n");
}

TEST(Passes, AReluMovesToItsReadersIfTheRawValuesAreNeededToo) {
  Graph g;
  const NodeId x = g.Conv2D("conv", g.Input(4, 4, 3), {.filters = 3});
  const NodeId active = g.Activate("relu", x, Activation::kRelu);
  const NodeId a = g.SeparableConv2D("a", active, {.filters = 3, .kernel = 3});
  const NodeId b = g.DepthwiseConv2D("b", active, {.kernel = 3});
  g.Concat("all", {x, a, b});
  Program program = LowerRandom(g);
  FuseActivation(program);
  EXPECT_EQ(Describe(program),
            "conv(0) -> 1\na(1) relu_input [relu] -> 3\nb(1) relu_input [relu] -> 4\nall(1,3,4) -> 5\n");
}

TEST(Passes, AReluThatOthersReadStays) {
  for (const bool read_by_conv : {true, false}) {
    Graph g;
    const NodeId x = g.Conv2D("conv", g.Input(4, 4, 3), {.filters = 3});
    const NodeId active = g.Activate("act", x, read_by_conv ? Activation::kRelu : Activation::kRelu6);
    const NodeId a = g.SeparableConv2D("a", active, {.filters = 3, .kernel = 3});
    const NodeId b = read_by_conv ? g.Conv2D("b", active, {.filters = 3}) : a;
    g.Concat("all", {x, a, b});
    Program program = LowerRandom(g);
    FuseActivation(program);
    EXPECT_EQ(program.ops[1].name, "act") << "only ReLU can be applied while loading, and only by depthwise steps";
  }
}

TEST(Passes, AReluThatIsAddedStays) {
  Graph g;
  const NodeId x = g.Conv2D("conv", g.Input(4, 4, 3), {.filters = 3});
  const NodeId active = g.Activate("relu", x, Activation::kRelu);
  const NodeId sum = g.Add("add", g.SeparableConv2D("sep", x, {.filters = 3, .kernel = 3}), active);
  g.Concat("all", {x, sum});
  Program program = LowerRandom(g);
  FuseAdd(program);
  FuseActivation(program);
  EXPECT_EQ(Describe(program), "conv(0) -> 1\nrelu(1) act1 -> 2\nsep(1) +2 [add] -> 4\nall(1,4) -> 5\n");
}

TEST(Passes, NothingIsMergedBehindAnActivation) {
  Graph g;
  const NodeId x = g.Input(4, 4, 3);
  NodeId y = g.Activate("relu", g.Conv2D("conv", x, {.filters = 3}), Activation::kRelu);
  y = g.Activate("relu2", g.Conv2D("conv2", g.BatchNorm("bn", y), {.filters = 3}), Activation::kRelu);
  g.Add("add", x, y);
  Program program = LowerRandom(g);
  FuseActivation(program);
  FoldBatchNorm(program);
  FuseAdd(program);
  EXPECT_EQ(Describe(program), "conv(0) act1 [relu] -> 2\nbn(2) -> 3\nconv2(3) act1 [relu2] -> 5\nadd(0,5) -> 6\n");
}

TEST(Passes, DepthwiseAndPointwiseBecomeSeparable) {
  Graph g;
  NodeId x = g.DepthwiseConv2D("dw", g.Input(4, 4, 3), {.kernel = 3, .stride = 2, .use_bias = true});
  x = g.Activate("relu6", x, Activation::kRelu6);
  x = g.Conv2D("pw", x, {.filters = 5, .use_bias = true});
  g.Activate("relu", x, Activation::kRelu);
  const TensorMap weights = testing::RandomWeights(g, 1);
  Program program = Lower(g, weights);
  FuseActivation(program);
  FuseSeparable(program);
  ASSERT_EQ(Describe(program), "dw(0) between2 act1 [relu6 pw relu] -> 4\n");
  const Op& op = program.ops[0];
  EXPECT_EQ(op.kind, LayerKind::kSeparableConv2D);
  EXPECT_EQ(op.columns, 5);
  EXPECT_TRUE(std::ranges::equal(op.between_bias, weights.at("dw/bias").values<float>()));
  EXPECT_TRUE(std::ranges::equal(op.bias, weights.at("pw/bias").values<float>()));
  EXPECT_TRUE(std::ranges::equal(Numbers(op.matrix), weights.at("pw/kernel").values<float>()));
  EXPECT_EQ(op.multiply_adds, g.num_multiply_adds());
}

TEST(Passes, DepthwiseStaysBeforeAnythingButAPlain1x1) {
  for (const Graph::Conv& conv : {Graph::Conv{.filters = 5, .kernel = 3}, Graph::Conv{.filters = 5, .stride = 2}}) {
    Graph g;
    g.Conv2D("pw", g.DepthwiseConv2D("dw", g.Input(4, 4, 3), {.kernel = 3}), conv);
    Program program = LowerRandom(g);
    FuseSeparable(program);
    EXPECT_EQ(program.ops.size(), 2u);
  }
}

TEST(Passes, DepthwiseWithAnAdditionStays) {
  Graph g;
  const NodeId x = g.Input(4, 4, 3);
  g.Conv2D("pw", g.Add("add", g.DepthwiseConv2D("dw", x, {.kernel = 3}), x), {.filters = 5});
  Program program = LowerRandom(g);
  FuseAdd(program);
  FuseSeparable(program);
  EXPECT_EQ(Describe(program), "dw(0) +0 [add] -> 2\npw(2) -> 3\n");
}

TEST(Passes, AGraphWithoutWorkBecomesACopy) {
  Graph g;
  g.Dropout("drop", g.Input(4, 4, 3), 0.5f);
  Program program = LowerRandom(g);
  Optimize(program);
  EXPECT_EQ(Describe(program), "copy(0) -> 2\n");
  EXPECT_EQ(program.output, 2);
}

}  // namespace
}  // namespace siskin
