#include "weights/testing_network.h"

#include <vector>

namespace siskin::testing {
namespace {

// Convolutions and an average side by side, concatenated twice and mixed.
NodeId Branches(const SmallNetwork& network, Graph& g, NodeId x) {
  const NodeId a = g.BatchNorm("a_bn", g.Conv2D("a", x, {.filters = 4}));
  const NodeId b = g.BatchNorm("b_bn", g.Conv2D("b", x, {.filters = 4, .kernel = 1, .kernel_w = 3}));
  const Graph::Pool same{.size = 3, .stride = 1, .padding = PaddingMode::kSame};
  const Graph::Pool valid{.size = 3, .stride = 1, .padding = PaddingMode::kValid};
  const NodeId c = network.padded_average ? g.AveragePool("c_pool", x, same)
                                          : g.AveragePool("c_pool", g.ZeroPad("c_pad", x, {1, 1, 1, 1}), valid);
  const NodeId inner = g.Concat("inner", network.other_order ? std::vector<NodeId>{b, a} : std::vector<NodeId>{a, b});
  const NodeId whole = g.Concat("whole", {inner, g.Conv2D("c", c, {.filters = 4, .use_bias = true})});
  return g.Conv2D("mix", whole, {.filters = 12, .use_bias = true});
}

}  // namespace

Graph SmallNetwork::operator()(int more) const {
  Graph g;
  NodeId x = g.ZeroPad("pad", g.Input(17 + more, 20 + more, 3), zeros);
  const PaddingMode valid = PaddingMode::kValid;
  x = g.Conv2D("conv1", x,
               {.filters = filters, .kernel = kernel, .stride = stride, .padding = valid, .use_bias = true});
  x = g.Activate("conv1_relu", g.BatchNorm("conv1_bn", x, {.epsilon = 1e-5f}), activation);
  NodeId y = g.BatchNorm("sep_bn", g.SeparableConv2D("sep", x, {.filters = 12, .kernel = 3}), {.scale = false});
  if (always_padded) {
    y = g.MaxPool("pool", g.ZeroPad("pool_pad", y, {1, 1, 1, 1}), {.size = 3, .stride = sum_stride});
  } else {
    y = g.MaxPool("pool", y, {.size = 3, .stride = sum_stride, .padding = PaddingMode::kSame});
  }
  x = g.BatchNorm("shortcut_bn", g.Conv2D("shortcut", x, {.filters = 12, .stride = sum_stride}));
  x = g.Activate("sum_relu", g.Add("sum", y, x), Activation::kRelu);
  x = g.Activate("scaled_relu", g.AddScaled("scaled", x, Branches(*this, g, x), 0.3f), Activation::kRelu);
  x = g.BatchNorm("dw_bn", g.DepthwiseConv2D("dw", x, {.kernel = 3}));
  if (pooling) x = g.GlobalAveragePool("average", x);
  if (top) g.Softmax("softmax", g.Dense("logits", g.Dropout("dropout", x, 0.5f), 5));
  return g;
}

}  // namespace siskin::testing
