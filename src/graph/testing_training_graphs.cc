#include "graph/testing_training_graphs.h"

#include <string>
#include <utility>

namespace siskin::testing {

void Finish(Graph& g, NodeId x) {
  const FeatureShape shape = g.shape(x);
  g.Conv2D("logits", x,
           {.filters = 2, .kernel = shape.h, .padding = PaddingMode::kValid, .use_bias = true, .kernel_w = shape.w});
}

Graph XceptionBlock(int h, int w) {
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

namespace {

// A pointwise convolution with bias, so that what flows back to x of the layers after it is seen in gradients.
NodeId Stem(Graph& g, int h, int w, int channels) {
  return g.Conv2D("stem", g.Input(h, w, 3), {.filters = channels, .use_bias = true});
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

// x + scale * residual, where other layers read both.
Graph ScaledResidual(float scale) {
  Graph g;
  const NodeId x = Stem(g, 5, 4, 5);
  const NodeId residual = g.Conv2D("conv", x, {.filters = 5, .kernel = 3, .use_bias = true});
  const NodeId sum = g.Activate("relu", g.AddScaled("add", x, residual, scale), Activation::kRelu);
  const NodeId other = g.Add("both", g.Conv2D("conv2", residual, {.filters = 5}), x);
  Finish(g, g.Add("all", sum, other));
  return g;
}

// The factors of a chain come together; a batch normalisation is scaled and added, once to itself.
Graph ChainOfScaledResiduals() {
  Graph g;
  NodeId x = Stem(g, 4, 5, 17);
  for (const char* name : {"1", "2"}) {
    const std::string block = name;
    const NodeId norm = g.BatchNorm("bn" + block, g.Conv2D("conv" + block, x, {.filters = 17, .kernel = 3}));
    x = g.AddScaled("add" + block, x, norm, 0.5f);
  }
  Finish(g, g.AddScaled("twice", x, x, -0.25f));
  return g;
}

// Zeros before a maximum of what is nowhere below zero. Read by a convolution, too.
Graph PaddingInFrontOfMaximum() {
  Graph g;
  const NodeId relu = g.Activate("relu", g.BatchNorm("bn", Stem(g, 6, 5, 5)), Activation::kRelu);
  const NodeId pad = g.ZeroPad("pad", relu, {1, 1, 1, 1});
  const NodeId pool = g.MaxPool("pool", pad, {.size = 3, .stride = 2});
  const NodeId conv = g.Conv2D("conv", pad, {.filters = 5, .kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
  Finish(g, g.Add("add", pool, conv));
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

// The same ReLU before a convolution, which cannot do it.
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

// The second convolution has a bias before a normalisation; the shortcut is a convolution, then the value itself.
Graph ResNetBlock(int h = 7, int w = 6) {
  Graph g;
  const auto conv = [&](const std::string& name, NodeId x, const Graph::Conv& params) {
    return g.BatchNorm(name + "_bn", g.Conv2D(name, x, params), {.epsilon = 1.001e-5f});
  };
  const auto relu = [&](const std::string& name, NodeId x) { return g.Activate(name, x, Activation::kRelu); };
  NodeId x = relu("stem_relu", conv("stem", g.Input(h, w, 3), {.filters = 4, .kernel = 3}));
  x = g.MaxPool("pool", g.ZeroPad("pool_pad", x, {1, 1, 1, 1}), {.size = 3, .stride = 2});
  NodeId y = relu("relu1", conv("conv1", x, {.filters = 3}));
  y = conv("conv2", y, {.filters = 6, .kernel = 3, .use_bias = true});
  x = relu("out", g.Add("add", conv("shortcut", x, {.filters = 6}), y));
  x = relu("out2", g.Add("add2", x, conv("conv3", x, {.filters = 6, .kernel = 3})));
  g.Dense("logits", g.GlobalAveragePool("mean", x), 3);
  return g;
}

Graph InceptionResNetBlock(int h = 6, int w = 7) {
  Graph g;
  const auto conv = [&](const std::string& name, NodeId x, const Graph::Conv& params) {
    x = g.BatchNorm(name + "_bn", g.Conv2D(name, x, params), {.scale = false});
    return g.Activate(name + "_relu", x, Activation::kRelu);
  };
  NodeId x = conv("stem", g.Input(h, w, 3), {.filters = 5});
  NodeId a = conv("a1", conv("a0", x, {.filters = 3}), {.filters = 4, .kernel = 1, .kernel_w = 7});
  a = conv("a2", a, {.filters = 3, .kernel = 7, .kernel_w = 1});
  const NodeId whole = g.Concat("mixed", {conv("b", x, {.filters = 3}), a});
  x = g.AddScaled("add", x, g.Conv2D("up", whole, {.filters = 5, .use_bias = true}), 0.17f);
  g.Dense("logits", g.GlobalAveragePool("mean", g.Activate("ac", x, Activation::kRelu)), 3);
  return g;
}

// The batch normalisation at the end of a block has no activation and is added to the block's input.
Graph MobileNetV2Block(int h = 6, int w = 5) {
  Graph g;
  const auto norm = [&](const std::string& name, NodeId x) {
    return g.BatchNorm(name + "_bn", x, {.momentum = 0.999f});
  };
  const auto relu6 = [&](const std::string& name, NodeId x) { return g.Activate(name, x, Activation::kRelu6); };
  NodeId x = norm("stem", g.Conv2D("stem", g.Input(h, w, 3), {.filters = 4}));
  NodeId y = relu6("expand_relu", norm("expand", g.Conv2D("expand", x, {.filters = 9})));
  y = relu6("depthwise_relu", norm("depthwise", g.DepthwiseConv2D("depthwise", y, {.kernel = 3})));
  x = g.Add("add", x, norm("project", g.Conv2D("project", y, {.filters = 4})));
  x = norm("last", g.Conv2D("last", x, {.filters = 7}));
  g.Dense("logits", g.GlobalAveragePool("mean", relu6("last_relu", x)), 3);
  return g;
}

constexpr PaddingMode kValid = PaddingMode::kValid;
constexpr PaddingMode kSame = PaddingMode::kSame;

}  // namespace

std::vector<Case> Cases() {
  std::vector<Case> cases;
  const auto add = [&](const char* name, Graph graph) { cases.push_back({name, std::move(graph)}); };
  add("conv 1x1", OneConv(4, 5, 5, {.filters = 17}));
  add("conv 1x1 from 19 channels", OneConv(4, 3, 19, {.filters = 3, .use_bias = true}));
  add("conv 3x3", OneConv(5, 6, 4, {.filters = 6, .kernel = 3, .use_bias = true}));
  add("conv 3x3 valid", OneConv(5, 6, 4, {.filters = 6, .kernel = 3, .padding = kValid}));
  add("conv 3x3 from 17 channels", OneConv(3, 4, 17, {.filters = 3, .kernel = 3}));
  add("conv 5x2", OneConv(6, 5, 3, {.filters = 4, .kernel = 5, .kernel_w = 2}));
  add("conv 1x7", OneConv(3, 8, 4, {.filters = 5, .kernel = 1, .kernel_w = 7}));
  add("conv 7x1", OneConv(8, 3, 4, {.filters = 5, .kernel = 7, .use_bias = true, .kernel_w = 1}));
  add("conv 1x3", OneConv(4, 5, 17, {.filters = 3, .kernel = 1, .kernel_w = 3}));
  add("conv 3x1 narrower than the window", OneConv(2, 5, 4, {.filters = 3, .kernel = 3, .kernel_w = 1}));
  add("conv 5x5", OneConv(6, 5, 3, {.filters = 4, .kernel = 5}));
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
  add("separable 3x3 after ReLU", OneSeparable(5, 5, 17, true, {.filters = 6, .kernel = 3}));
  add("separable 3x3 stride 2 after ReLU", OneSeparable(6, 5, 5, true, {.filters = 19, .kernel = 3, .stride = 2}));
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
  add("scaled residual", ScaledResidual(0.17f));
  add("scaled residual, negative", ScaledResidual(-2));
  add("chain of scaled residuals", ChainOfScaledResiduals());
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
  add("padding before two", PaddingInFrontOfTwo());
  add("padding before separable", PaddingInFrontOfSeparable());
  add("padding before maximum", PaddingInFrontOfMaximum());
  add("concatenation", Concatenation());
  add("the input in a sum", ConcatenationOfTheInput());
  add("dense", Dense());
  add("unread branch", UnreadBranch());
  add("Xception block", XceptionBlock());
  add("MobileNet block", MobileNetBlock());
  add("Inception block", InceptionBlock());
  add("ResNet block", ResNetBlock());
  add("InceptionResNet block", InceptionResNetBlock());
  add("MobileNetV2 block", MobileNetV2Block());
  return cases;
}

std::vector<Case> Blocks(int h, int w) {
  std::vector<Case> cases;
  cases.push_back({"Xception block", XceptionBlock(h, w)});
  cases.push_back({"MobileNet block", MobileNetBlock(h, w)});
  cases.push_back({"Inception block", InceptionBlock(h, w)});
  cases.push_back({"ResNet block", ResNetBlock(h, w)});
  cases.push_back({"InceptionResNet block", InceptionResNetBlock(h, w)});
  cases.push_back({"MobileNetV2 block", MobileNetV2Block(h, w)});
  return cases;
}

}  // namespace siskin::testing
