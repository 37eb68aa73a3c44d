#include "graph/graph.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/testing.h"

namespace siskin {
namespace {

using Shapes = std::vector<FeatureShape>;

using testing::ExpectError;

TEST(Graph, WindowShapes) {
  // Expected sizes: ceil(size / stride) for "same", ceil((size - kernel + 1) / stride) for "valid" (TensorFlow's rule).
  for (const int size : {1, 2, 3, 7, 8, 224, 299}) {
    for (const int kernel : {1, 2, 3, 5}) {
      for (const int stride : {1, 2, 3}) {
        Graph graph;
        const NodeId x = graph.Input(size, size + 1, 4);
        const FeatureShape same =
            graph.shape(graph.Conv2D("same", x, {.filters = 6, .kernel = kernel, .stride = stride}));
        EXPECT_EQ(same, (FeatureShape{(size + stride - 1) / stride, (size + stride) / stride, 6}));
        if (size < kernel) continue;
        const FeatureShape valid =
            graph.shape(graph.MaxPool("valid", x, {.size = kernel, .stride = stride, .padding = PaddingMode::kValid}));
        EXPECT_EQ(valid, (FeatureShape{(size - kernel + stride) / stride, (size - kernel + 1 + stride) / stride, 4}));
      }
    }
  }
}

TEST(Graph, ShapesOfTheOtherLayers) {
  Graph g;
  const NodeId x = g.Input(5, 7, 3);
  EXPECT_EQ(g.shape(g.ZeroPad("pad", x, {.top = 1, .bottom = 2, .left = 3, .right = 4})), (FeatureShape{8, 14, 3}));
  EXPECT_EQ(g.shape(g.DepthwiseConv2D("dw", x, {.kernel = 3, .stride = 2})), (FeatureShape{3, 4, 3}));
  const NodeId wide = g.Conv2D("wide", x, {.filters = 8, .kernel = 1, .kernel_w = 7});
  EXPECT_EQ(g.shape(wide), (FeatureShape{5, 7, 8}));
  EXPECT_EQ(g.layer(wide).window.kernel_w, 7);
  const NodeId sep = g.SeparableConv2D("sep", x, {.filters = 9, .kernel = 3});
  EXPECT_EQ(g.shape(g.Concat("concat", {x, wide, sep})), (FeatureShape{5, 7, 20}));
  EXPECT_EQ(g.shape(g.Add("add", sep, sep)), (FeatureShape{5, 7, 9}));
  EXPECT_EQ(g.shape(g.AveragePool("pool", sep, {.size = 2, .stride = 2})), (FeatureShape{2, 3, 9}));
  EXPECT_EQ(g.shape(g.Flatten("flat", sep)), (FeatureShape{1, 1, 315}));
  const NodeId mean = g.GlobalAveragePool("mean", sep);
  EXPECT_EQ(g.shape(mean), (FeatureShape{1, 1, 9}));
  EXPECT_EQ(g.shape(g.GlobalMaxPool("max", sep)), (FeatureShape{1, 1, 9}));
  EXPECT_EQ(g.shape(g.Dense("dense", g.Dropout("drop", mean, 0.5f), 4)), (FeatureShape{1, 1, 4}));
  EXPECT_EQ(g.layer(g.output()).name, "dense");
}

TEST(Graph, ErrorsNameTheLayer) {
  Graph g;
  ExpectError(ErrorKind::kUsage, "input of 0x5x3", [&] { Graph().Input(0, 5, 3); });
  const NodeId x = g.Input(4, 6, 3);
  const Graph::Pool pool{.size = 5, .stride = 1};
  ExpectError(ErrorKind::kUsage, "tiny: its 5x5 window does not fit the 4x6 activation",
              [&] { g.MaxPool("tiny", x, pool); });
  // One row short with a stride of 2, where (4 - 5) / 2 + 1 rounds to an output of one row.
  ExpectError(ErrorKind::kUsage, "strided", [&] {
    g.Conv2D("strided", x, {.filters = 1, .kernel = 5, .stride = 2, .padding = PaddingMode::kValid});
  });
  const NodeId y = g.Conv2D("y", x, {.filters = 4});
  ExpectError(ErrorKind::kInternal, "y: two layers", [&] { g.Activate("y", x, Activation::kRelu); });
  ExpectError(ErrorKind::kInternal, "sum: 4x6x3 and 4x6x4", [&] { g.Add("sum", x, y); });
  ExpectError(ErrorKind::kInternal, "sum2", [&] { g.Add("sum2", x, NodeId{17}); });
  ExpectError(ErrorKind::kInternal, "cat", [&] { g.Concat("cat", {x, g.GlobalMaxPool("gmp", x)}); });
  ExpectError(ErrorKind::kInternal, "dense", [&] { g.Dense("dense", x, 5); });
  ExpectError(ErrorKind::kInternal, "one input", [&] { g.Input(4, 4, 4); });
}

TEST(Graph, LayoutHasKerasNamesShapesAndOrder) {
  Graph g;
  NodeId x = g.Input(8, 8, 3);
  x = g.Conv2D("conv", x, {.filters = 5, .kernel = 3, .use_bias = true});
  x = g.BatchNorm("bn", x);
  x = g.BatchNorm("bn_centered", x, {.momentum = 0.9f, .scale = false});
  g.MarkUnnamed(x);
  x = g.DepthwiseConv2D("dw", x, {.kernel = 3});
  x = g.SeparableConv2D("sep", x, {.filters = 7, .kernel = 3});
  x = g.Dense("dense", g.GlobalAveragePool("mean", x), 2);
  std::string text;
  for (const LayerLayout& layer : g.Layout()) {
    text += layer.keras_class + (layer.named_by_keras ? ":" : "?:");
    for (const ParameterSpec& parameter : layer.parameters) {
      text += " " + parameter.name + " " + parameter.shape.ToString();
    }
    text += "\n";
  }
  EXPECT_EQ(text,
            "Conv2D: conv/kernel 3x3x3x5 conv/bias 5\n"
            "BatchNormalization: bn/gamma 5 bn/beta 5 bn/moving_mean 5 bn/moving_variance 5\n"
            "BatchNormalization?: bn_centered/beta 5 bn_centered/moving_mean 5 bn_centered/moving_variance 5\n"
            "DepthwiseConv2D: dw/depthwise_kernel 3x3x5x1\n"
            "SeparableConv2D: sep/depthwise_kernel 3x3x5x1 sep/pointwise_kernel 1x1x5x7\n"
            "Dense: dense/kernel 7x2 dense/bias 2\n");
  EXPECT_EQ(g.num_parameters(), 140 + 20 + 15 + 45 + 45 + 35 + 16);
  EXPECT_EQ(g.num_multiply_adds(), 64 * (27 * 5 + 45 + 5 * (9 + 7)) + 14);
}

// docs/networks.md: a 3x3 convolution from 16 to 32 channels, and the two orders of its separable versions.
TEST(Graph, WeightsOfASeparableConvolution) {
  const auto weights = [](const auto& build) {
    Graph g;
    build(g, g.Input(8, 8, 16));
    return g.num_parameters();
  };
  const Graph::Conv conv{.filters = 32, .kernel = 3}, pointwise{.filters = 32}, depthwise{.kernel = 3};
  EXPECT_EQ(weights([&](Graph& g, NodeId x) { g.Conv2D("conv", x, conv); }), 4608);
  EXPECT_EQ(weights([&](Graph& g, NodeId x) { g.SeparableConv2D("separable", x, conv); }), 144 + 512);
  EXPECT_EQ(weights([&](Graph& g, NodeId x) {
              g.DepthwiseConv2D("depthwise", g.Conv2D("pointwise", x, pointwise), depthwise);
            }),
            512 + 288);
}

// Two branches of different length between a first and a last layer: the layer that is deeper comes first, of two that
// are as deep the one in the branch that the concatenation names first. Built in the order of people, branch by branch.
TEST(Graph, LayoutOfParallelBranchesIsSortedByDepth) {
  Graph g;
  const Graph::Conv conv{.filters = 2};
  const NodeId x = g.Conv2D("first", g.Input(4, 4, 3), conv);
  const NodeId a = g.Conv2D("a", x, conv);
  const NodeId b = g.Conv2D("b2", g.Conv2D("b1", x, conv), conv);
  const NodeId c = g.Conv2D("c2", g.Activate("c_relu", g.Conv2D("c1", x, conv), Activation::kRelu), conv);
  g.Conv2D("last", g.Concat("concat", {b, a, c}), conv);
  std::string text;
  for (const LayerLayout& layer : g.Layout()) text += layer.name + " ";
  EXPECT_EQ(text, "first c1 b1 b2 a c2 last ");
}

}  // namespace
}  // namespace siskin
