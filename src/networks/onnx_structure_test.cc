// All networks out of ONNX files without names, written by the tests' own exporter in the ways of others (PyTorch's,
// tf2onnx's): the same answers, and refused where the file computes something else.
#include "weights/onnx/onnx_structure.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "graph/plan.h"
#include "kernels/testing_compare.h"
#include "networks/catalogue.h"
#include "networks/testing_golden.h"
#include "weights/import.h"
#include "weights/testing_onnx.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::NamelessOnnx;
using testing::OnnxStyle;

constexpr uint64_t kSeed = 3;

NetworkOptions SmallestOptions(const NetworkCard& card, bool top) {
  return {.network = card.name,
          .height = card.min_size,
          .width = card.min_size + 7,
          .alpha = card.alphas.front(),
          .top = top,
          .softmax = false,
          .classes = 10};
}

std::vector<float> AnswersOf(const Graph& graph, TensorMap weights) {
  const FeatureShape in = graph.layers().front().output;
  const FeatureShape out = graph.shape(graph.output());
  ThreadPool threads(1);  // tests run beside each other
  Plan plan(graph, std::move(weights), {.max_batch = 1}, threads);
  std::vector<float> output(static_cast<size_t>(out.h * out.w * out.c));
  plan.Run(testing::FormulaInput(static_cast<size_t>(in.h * in.w * in.c), kSeed), 1, output);
  return output;
}

class NamelessNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(NamelessNetworks, AnswerTheSame) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  if (testing::UnderEmulator()) GTEST_SKIP() << testing::kTooSlowEmulated;
  const NetworkCard& card = FindNetwork(GetParam());
  const OnnxStyle styles[] = {{},
                              {.norm = OnnxStyle::Norm::kAffineNodes,
                               .channels_last = true,
                               .pad_nodes = true,
                               .swap_sums = true,
                               .mean_nodes = true},
                              {.fold_factors = true}};
  for (const bool top : {false, true}) {
    const NetworkOptions options = SmallestOptions(card, top);
    const Graph graph = BuildNetwork(options);
    const NetworkLayout layout = graph.Layout();
    const TensorMap weights = testing::FormulaWeights(layout, kSeed);
    TensorMap copy;
    for (const auto& [name, tensor] : weights) copy.emplace(name, tensor.Clone());
    const std::vector<float> expected = AnswersOf(graph, std::move(copy));
    for (const OnnxStyle& style : styles) {
      const std::string bytes = NamelessOnnx(graph, weights, style);
      std::string note;
      TensorMap read = ImportWeightsFromBytes(bytes, "x.onnx", layout, {.build = BuilderOf(options)}, &note);
      EXPECT_TRUE(testing::Close(AnswersOf(graph, std::move(read)), expected, {.relative = 1e-4}));
      EXPECT_NE(note.find("batch normalisation was folded"), std::string::npos) << note;
    }
    const std::string named_no_more = NamelessOnnx(graph, weights, {.norm = OnnxStyle::Norm::kNormNodes});
    testing::ExpectSameTensors(ImportWeightsFromBytes(named_no_more, "x.onnx", layout, {.build = BuilderOf(options)}),
                               weights);
  }
}

TEST_P(NamelessNetworks, AreNotTakenForEachOther) {
  const NetworkOptions options = SmallestOptions(FindNetwork(GetParam()), false);
  const Graph graph = BuildNetwork(options);
  const std::string bytes = NamelessOnnx(graph, testing::FormulaWeights(graph.Layout(), kSeed));
  for (const NetworkCard& other : Catalogue()) {
    if (other.name == GetParam()) continue;
    const NetworkOptions asked = SmallestOptions(other, false);
    testing::ExpectError(ErrorKind::kModel, "x.onnx: is not the network asked for: it lacks ", [&] {
      ImportWeightsFromBytes(bytes, "x.onnx", BuildNetwork(asked).Layout(), {.build = BuilderOf(asked)});
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, NamelessNetworks,
                         ::testing::Values("xception", "mobilenet", "mobilenet_v2", "resnet50", "inception_v3",
                                           "inception_resnet_v2"),
                         [](const auto& network) { return std::string(network.param); });

// Version 1.5, torchvision's and timm's: the stride of a block is in its 3x3 convolution. The same shapes of weights.
TEST(NamelessResNet, StridesElsewhereAreRefused) {
  const NetworkOptions options = SmallestOptions(FindNetwork("resnet50"), false);
  const Graph graph = BuildNetwork(options);
  int stride = 1;  // of the block
  const auto window = [&](const Layer& layer) {
    WindowParams w = layer.window;
    if (layer.name.ends_with("_1_conv")) {
      stride = w.stride_h;
      w.stride_h = w.stride_w = 1;
    }
    if (layer.name.ends_with("_2_conv")) w.stride_h = w.stride_w = stride;
    return w;
  };
  const std::string bytes = NamelessOnnx(graph, testing::FormulaWeights(graph.Layout(), kSeed), {.window = window});
  testing::ExpectError(ErrorKind::kModel, "it lacks conv3_block1_1_conv (1x1 convolution, stride 2",
                       [&] { ImportWeightsFromBytes(bytes, "x.onnx", graph.Layout(), {.build = BuilderOf(options)}); });
}

}  // namespace
}  // namespace siskin
