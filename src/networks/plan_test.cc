// What the compiler makes of the networks of the catalogue: which kernels are called, how much memory that takes.
#include "graph/plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "networks/catalogue.h"

namespace siskin {
namespace {

TensorMap ZeroWeights(const Graph& graph) {
  TensorMap weights;
  for (const LayerLayout& layer : graph.Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) weights[parameter.name] = Tensor(parameter.shape);
  }
  return weights;
}

std::map<std::string, int> KernelCalls(const Plan& plan) {
  std::map<std::string, int> calls;
  for (const Plan::Step& step : plan.steps()) ++calls[step.kernel];
  return calls;
}

TEST(NetworkPlan, XceptionIsSeparableConvolutionsAndFourShortcuts) {
  const Graph graph = BuildNetwork({.network = "xception", .height = 150, .width = 150});
  ThreadPool threads(1);
  const Plan plan(graph, ZeroWeights(graph), {.max_batch = 32}, threads);
  // Every batch norm, ReLU and addition is part of one of these 45 calls.
  EXPECT_EQ(KernelCalls(plan),
            (std::map<std::string, int>{{"conv", 6}, {"global_average_pool", 1}, {"max_pool", 4}, {"separable", 34}}));
  // 80 MB of weights, and no more than 64 MB of activations for any batch.
  EXPECT_LT(plan.arena_bytes() + plan.weights_bytes(), size_t{150} << 20);
}

TEST(NetworkPlan, LargeXceptionNeedsNoMoreMemory) {
  const Graph graph = BuildNetwork({.network = "xception"});
  ThreadPool threads(1);
  const Plan plan(graph, ZeroWeights(graph), {.max_batch = 8}, threads);
  EXPECT_LT(plan.arena_bytes(), size_t{66} << 20);
}

TEST(NetworkPlan, MobileNetIsThirteenSeparableConvolutions) {
  const Graph graph = BuildNetwork({.network = "mobilenet", .top = true});
  ThreadPool threads(1);
  const Plan plan(graph, ZeroWeights(graph), {}, threads);
  EXPECT_EQ(KernelCalls(plan),
            (std::map<std::string, int>{
                {"conv", 1}, {"global_average_pool", 1}, {"matmul", 1}, {"separable", 13}, {"softmax", 1}}));
}

// Additions, factors of residuals, padding, normalisations, ReLUs and concatenations are part of the calls that are
// left.
TEST(NetworkPlan, OnlyConvolutionsAndPoolsAreLeft) {
  const std::set<std::string> expected = {"conv",     "matmul",       "separable",          "depthwise",
                                          "max_pool", "average_pool", "global_average_pool"};
  ThreadPool threads(1);
  for (const NetworkCard& card : Catalogue()) {
    const Graph graph = BuildNetwork({.network = card.name});
    const Plan plan(graph, ZeroWeights(graph), {}, threads);
    for (const Plan::Step& step : plan.steps()) {
      EXPECT_TRUE(expected.contains(step.kernel)) << card.name << " " << step.name << ": " << step.kernel;
    }
  }
}

}  // namespace
}  // namespace siskin
