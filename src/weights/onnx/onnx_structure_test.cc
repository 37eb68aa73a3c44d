#include "weights/onnx/onnx_structure.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/testing.h"
#include "graph/testing_interpreter.h"
#include "kernels/testing_compare.h"
#include "weights/import.h"
#include "weights/testing_network.h"
#include "weights/testing_onnx.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::Interpret;
using testing::NamelessOnnx;
using testing::OnnxNodeOf;
using testing::OnnxStyle;
using testing::OnnxTensorOf;
using testing::RandomWeights;
using Network = testing::SmallNetwork;

constexpr uint64_t kSeed = 5;

TensorMap WeightsOf(const Graph& graph) {
  return RandomWeights(graph, kSeed);
}

std::string FileOf(const Network& network, const OnnxStyle& style = {}, int more = 0) {
  const Graph graph = network(more);
  return NamelessOnnx(graph, WeightsOf(graph), style);
}

TensorMap Take(const std::string& bytes, const Network& network = {}, std::string* note = nullptr) {
  std::string ignored;
  TensorMap tensors = TakeByStructure(bytes, "x.onnx", network, note == nullptr ? &ignored : note);
  CheckWeights(tensors, network(0).Layout(), "x.onnx");
  return tensors;
}

// The network answers with these weights as with its own.
void ExpectSameAnswers(const Network& network, const TensorMap& weights) {
  const Graph graph = network(0);
  const std::vector<float> input = testing::RandomInput(graph, 2, kSeed);
  EXPECT_TRUE(testing::Close(Interpret(graph, weights, input, 2), Interpret(graph, WeightsOf(graph), input, 2),
                             {.relative = 1e-5}));
}

std::vector<OnnxStyle> AllStyles() {
  std::vector<OnnxStyle> styles;
  for (const auto norm : {OnnxStyle::Norm::kFolded, OnnxStyle::Norm::kAffineNodes, OnnxStyle::Norm::kNormNodes}) {
    for (int bits = 0; bits < 32; ++bits) {
      styles.push_back({.norm = norm,
                        .channels_last = (bits & 1) != 0,
                        .pad_nodes = (bits & 2) != 0,
                        .swap_sums = (bits & 4) != 0,
                        .fold_factors = (bits & 8) != 0,
                        .mean_nodes = (bits & 16) != 0});
    }
  }
  return styles;
}

TEST(OnnxStructure, ReadsEveryStyleOfFile) {
  for (const bool top : {false, true}) {
    const Network network{.top = top};
    for (const OnnxStyle& style : AllStyles()) ExpectSameAnswers(network, Take(FileOf(network, style), network));
  }
}

// Nothing is lost where nothing was folded, or only into the kernel in front.
TEST(OnnxStructure, KeepsNormalisationThatIsThere) {
  std::string note;
  const TensorMap tensors = Take(FileOf({}, {.norm = OnnxStyle::Norm::kNormNodes}), {}, &note);
  ExpectSameTensors(tensors, WeightsOf(Network()(0)));
  EXPECT_EQ(note, "");
}

// Folded once more, by our own compiler, the kernels stay what they are, to the last bit.
TEST(OnnxStructure, IdentityNormalisationIsExact) {
  std::string note;
  const TensorMap tensors = Take(FileOf({}), {}, &note);
  EXPECT_NE(note.find("batch normalisation was folded"), std::string::npos) << note;
  const Graph graph = Network()(0);
  for (const Layer& layer : graph.layers()) {
    if (layer.kind != LayerKind::kBatchNorm) continue;
    for (const float variance : tensors.at(layer.name + "/moving_variance").values<float>()) {
      const double scale = 1 / std::sqrt(double{variance} + double{layer.epsilon});
      for (const float weight : {1.0f, 1.9999999f, 0.7f, 3.1415927f})
        EXPECT_EQ(static_cast<float>(weight * scale), weight);
    }
    EXPECT_EQ(tensors.at(layer.name + "/moving_mean").values<float>()[0], 0);
  }
}

TEST(OnnxStructure, TopAndPoolingMayBeMissing) {
  const std::string whole = FileOf({});
  for (const bool pooling : {false, true}) {
    const Network network{.top = false, .pooling = pooling};
    ExpectSameAnswers(network, Take(whole, network));
    ExpectSameAnswers(network, Take(FileOf({.top = false, .pooling = false}), network));
  }
  ExpectError(ErrorKind::kModel, "it lacks logits (matrix", [] { Take(FileOf({.top = false})); });
}

TEST(OnnxStructure, SaysWhatItLeavesOut) {
  std::string note;
  Take(FileOf({}, {.norm = OnnxStyle::Norm::kNormNodes, .channels_last = true}), {}, &note);
  EXPECT_NE(note.find("to the pixels before the network is left out"), std::string::npos) << note;
}

TEST(OnnxStructure, RefusesOtherNetworks) {
  struct Case {
    Network file;
    std::string expected;
  };
  const Case cases[] = {
      {{.stride = 1}, "it lacks conv1 (3x3 convolution, stride 2, 3 to 8 channels)"},
      {{.kernel = 5}, "it lacks conv1 (3x3"},
      {{.filters = 9}, "it lacks conv1 (3x3"},
      {{.sum_stride = 1}, "it lacks the 3x3 maximum, stride 2 after sep"},
      {{.activation = Activation::kRelu}, "it lacks the ReLU6 after conv1"},
      {{.other_order = true}, "it lacks the concatenation after a"},
      {{.zeros = {.top = 1, .left = 1}}, "pads images and activations otherwise"},
      {{.zeros = {}}, "pads images and activations otherwise"},
      {{.padded_average = false}, "pads images and activations otherwise"},
  };
  for (const Case& c : cases) {
    for (const bool pad_nodes : {false, true}) {
      ExpectError(ErrorKind::kModel, c.expected, [&] { Take(FileOf(c.file, {.pad_nodes = pad_nodes})); });
    }
  }
}

// Keras pads by the size of the image; made for another size, a file is the same network.
TEST(OnnxStructure, OtherImageSizes) {
  const Graph graph = Network()(0);
  for (int more = 0; more < 8; ++more) {
    std::string note;
    ExpectSameTensors(Take(FileOf({}, {.norm = OnnxStyle::Norm::kNormNodes}, more), {}, &note), WeightsOf(graph));
    // The first convolution gives (17 + more - 2) / 2 + 1 rows, the maximum pads above an odd number of them.
    EXPECT_EQ(note.find("it pads") == std::string::npos, more % 4 == 0) << more << ": " << note;
  }
}

// PyTorch pads every maximum above and below: the same where the activation's height and width are odd.
TEST(OnnxStructure, PaddingThatFitsAtSomeSizes) {
  std::string note;
  Take(FileOf({.always_padded = true}), {}, &note);
  EXPECT_NE(note.find("for images of 18x22, or a multiple of 32 more, not of 17x20"), std::string::npos) << note;
}

TEST(OnnxStructure, ZerosInFrontOfAMaximumCount) {
  ExpectError(ErrorKind::kModel, "pads images and activations otherwise",
              [] { Take(FileOf({.always_padded = true}, {.pad_nodes = true})); });
}

TEST(OnnxStructure, RefusesTheNetworkTwice) {
  const Network network{.top = false};
  const Graph graph = network(0);
  const TensorMap weights = WeightsOf(graph);
  const std::string one = testing::NamelessOnnxGraph(graph, weights),
                    other = testing::NamelessOnnxGraph(graph, weights, {.prefix = "other::"});
  Take(testing::OnnxModelOf(one), network);
  ExpectError(ErrorKind::kModel, "has the network in it twice",
              [&] { Take(testing::OnnxModelOf(one + other), network); });
}

// Two sides of a sum that only their weights tell apart.
TEST(OnnxStructure, RefusesSumsWhoseSidesCannotBeToldApart) {
  const GraphBuilder build = [](int more) {
    Graph g;
    const NodeId x = g.Input(4 + more, 4 + more, 3);
    g.Add("sum", g.Conv2D("a", x, {.filters = 3, .use_bias = true}),
          g.Conv2D("b", x, {.filters = 3, .use_bias = true}));
    return g;
  };
  const Graph graph = build(0);
  const std::string bytes = NamelessOnnx(graph, WeightsOf(graph));
  std::string note;
  ExpectError(ErrorKind::kModel, "which one is meant cannot be known",
              [&] { TakeByStructure(bytes, "x", build, &note); });
}

// Three branches, joined at once or two and then the third: the same computation, whoever writes it which way.
TEST(OnnxStructure, ConcatenationsOfConcatenations) {
  const auto joined = [](bool at_once) {
    return [at_once](int more) {
      Graph g;
      const NodeId x = g.Input(4 + more, 4 + more, 3);
      std::vector<NodeId> parts;
      for (const int filters : {2, 3, 4}) {
        parts.push_back(g.Conv2D("conv" + std::to_string(filters), x, {.filters = filters, .use_bias = true}));
      }
      if (!at_once) parts = {g.Concat("two", {parts[0], parts[1]}), parts[2]};
      g.Concat("all", parts);
      return g;
    };
  };
  for (const bool ours : {false, true}) {
    const Graph theirs = joined(!ours)(0);
    std::string note;
    const TensorMap taken = TakeByStructure(NamelessOnnx(theirs, WeightsOf(theirs)), "x", joined(ours), &note);
    ExpectSameTensors(taken, WeightsOf(theirs));
  }
}

// One layer, for files made by hand.
Graph OneConvolution(int more) {
  Graph g;
  const NodeId x = g.Conv2D("conv", g.Input(5 + more, 5 + more, 2), {.filters = 3, .kernel = 3, .use_bias = true});
  g.Activate("relu", x, Activation::kRelu);
  return g;
}

TensorMap TakeOne(const std::string& graph) {
  std::string note;
  TensorMap tensors =
      TakeByStructure(testing::OnnxModelOf(testing::OnnxInputOf("image") + graph), "x.onnx", OneConvolution, &note);
  CheckWeights(tensors, OneConvolution(0).Layout(), "x.onnx");
  return tensors;
}

std::string Weights(const Shape& kernel = {3, 2, 3, 3}) {
  return OnnxTensorOf("w", kernel, std::vector<float>(54, 0.5f)) + OnnxTensorOf("b", {3}, std::vector<float>{1, 2, 3});
}

std::string ConvNode(const std::string& attributes = "", const std::vector<std::string>& inputs = {"image", "w", "b"}) {
  return OnnxNodeOf("Conv", inputs, "y", testing::OnnxIntsAttribute("pads", {1, 1, 1, 1}) + attributes);
}

std::string ReluNode(const std::string& input = "y") {
  return OnnxNodeOf("Relu", {input}, "z");
}

TEST(OnnxStructure, ArithmeticBehindAConvolution) {
  const std::string constants =
      OnnxTensorOf("two", {}, std::vector<float>{2}) + OnnxTensorOf("many", {3, 1, 1}, std::vector<float>{1, 2, 4});
  const std::string nodes = OnnxNodeOf("Sub", {"y", "many"}, "1") + OnnxNodeOf("Div", {"1", "many"}, "2") +
                            OnnxNodeOf("Identity", {"2"}, "3") + OnnxNodeOf("Mul", {"two", "3"}, "4") +
                            OnnxNodeOf("Add", {"4", "two"}, "5");
  const TensorMap tensors = TakeOne(Weights() + constants + ConvNode() + nodes + ReluNode("5"));
  const std::span<const float> kernel = tensors.at("conv/kernel").values<float>(),
                               bias = tensors.at("conv/bias").values<float>();
  EXPECT_EQ(std::vector<float>(kernel.begin(), kernel.begin() + 3), (std::vector<float>{1, 0.5f, 0.25f}));
  EXPECT_EQ(std::vector<float>(bias.begin(), bias.end()), (std::vector<float>{2, 2, 1.5f}));
}

TEST(OnnxStructure, WeightsByAnotherName) {
  const std::string twins = OnnxNodeOf("Identity", {"b"}, "b1") + OnnxNodeOf("Identity", {"b1"}, "b2");
  const TensorMap tensors = TakeOne(Weights() + twins + ConvNode("", {"image", "w", "b2"}) + ReluNode());
  const std::span<const float> bias = tensors.at("conv/bias").values<float>();
  EXPECT_EQ(std::vector<float>(bias.begin(), bias.end()), (std::vector<float>{1, 2, 3}));
}

// Where our layer has no normalisation to put it into.
TEST(OnnxStructure, NormalisationBehindAConvolutionWithout) {
  const auto vector = [](const std::string& name, float value) {
    return OnnxTensorOf(name, {3}, std::vector<float>(3, value));
  };
  const std::string constants =
      vector("gamma", 4) + vector("beta", 7) + vector("mean", 10) + vector("variance", 4 - 1e-5f);
  const std::string norm = OnnxNodeOf("BatchNormalization", {"y", "gamma", "beta", "mean", "variance"}, "n");
  const TensorMap tensors = TakeOne(Weights() + constants + ConvNode() + norm + ReluNode("n"));
  EXPECT_FLOAT_EQ(tensors.at("conv/kernel").values<float>()[0], 1);     // 0.5 * 4 / 2
  EXPECT_FLOAT_EQ(tensors.at("conv/bias").values<float>()[1], 7 - 16);  // (2 - 10) * 2 + 7
}

// What is read raw elsewhere stays raw: the sum must not be taken for the convolution's.
TEST(OnnxStructure, ScaledForOneReaderOnly) {
  const std::string nodes = OnnxNodeOf("Add", {"y", "b3"}, "shifted") + OnnxNodeOf("Sigmoid", {"shifted"}, "s");
  const TensorMap tensors =
      TakeOne(Weights() + OnnxTensorOf("b3", {3, 1, 1}, std::vector<float>{9, 9, 9}) + ConvNode() + nodes + ReluNode());
  EXPECT_EQ(tensors.at("conv/bias").values<float>()[2], 3);
}

TEST(OnnxStructure, RefusesNodesThatMeanSomethingElse) {
  const auto ints = testing::OnnxIntsAttribute;
  const auto number = testing::OnnxIntAttribute;
  const std::string relu = ReluNode();
  const std::string cases[] = {
      "",
      ConvNode() + Weights(),                                    // without ReLU
      relu + ConvNode() + Weights(),                             // read before it is computed
      ConvNode("", {"z", "w", "b"}) + relu + Weights(),          // a cycle
      ConvNode("", {"y", "w", "b"}) + relu + Weights(),          // of one node
      ConvNode("", {"other", "w", "b"}) + relu + Weights(),      // no such input
      ConvNode("", {}) + relu + Weights(),                       // none at all
      ConvNode("", {"image", "other", "b"}) + relu + Weights(),  // no such weight
      ConvNode("", {"image", "w", "other"}) + relu + Weights(),  // no such bias
      ConvNode("", {"image", "w", "w"}) + relu + Weights(),      // a bias of another size
      ConvNode("", {"w", "w", "b"}) + relu + Weights(),          // weights as image
      ConvNode() + relu + Weights({3, 3, 3, 2}),                 // another kernel
      ConvNode() + relu + Weights({3, 2, 9}),                    // of another rank
      ConvNode() + relu + Weights({3, -2, 3, 3}),                // no shape
      ConvNode() + relu + Weights({3, int64_t{1} << 62, 3, 3}),  // beyond reason
      ConvNode(ints("strides", {2, 2})) + relu + Weights(),
      ConvNode(ints("strides", {1})) + relu + Weights(),
      ConvNode(ints("strides", {1, int64_t{1} << 40})) + relu + Weights(),
      ConvNode(ints("strides", {-1, -1})) + relu + Weights(),
      ConvNode(ints("dilations", {2, 2})) + relu + Weights(),
      ConvNode(ints("kernel_shape", {3, 2})) + relu + Weights(),
      ConvNode(number("group", 2)) + relu + Weights(),
      ConvNode(number("group", 3)) + relu + Weights(),
      ConvNode() + OnnxNodeOf("LeakyRelu", {"y"}, "z") + Weights(),
      ConvNode() + OnnxNodeOf("Clip", {"y"}, "z") + Weights(),
      // A factor for each column, not for each channel.
      ConvNode() + OnnxNodeOf("Mul", {"y", "b"}, "z1") + ReluNode("z1") + Weights(),
      ConvNode() + OnnxNodeOf("Transpose", {"y"}, "t", ints("perm", {0, 1, 3, 2})) + ReluNode("t") + Weights(),
  };
  TakeOne(ConvNode() + relu + Weights());
  for (const std::string& graph : cases) {
    SCOPED_TRACE(&graph - cases);
    ExpectError(ErrorKind::kModel, [&] { TakeOne(graph); });
  }
  ExpectError(ErrorKind::kModel, "has 28 bytes of data", [&] {
    TakeOne(ConvNode() + relu + OnnxTensorOf("w", {3, 2, 3, 3}, std::vector<float>(7)) +
            OnnxTensorOf("b", {3}, std::vector<float>(3)));
  });
}

// Long chains, and concatenations of concatenations that would double in size each time: neither the stack nor the
// memory grows with them beyond the size of the file.
TEST(OnnxStructure, SurvivesLargeGraphs) {
  const auto chain = [](const std::string& op, int length, const std::vector<std::string>& more) {
    std::string nodes;
    for (int i = 0; i < length; ++i) {
      std::vector<std::string> inputs = {i == 0 ? "z" : std::to_string(i - 1)};
      inputs.insert(inputs.end(), more.begin(), more.end());
      if (more.empty() && op == "Concat") inputs.push_back(inputs[0]);
      nodes += OnnxNodeOf(op, inputs, std::to_string(i), op == "Concat" ? testing::OnnxIntAttribute("axis", 1) : "");
    }
    return nodes;
  };
  const std::string one = Weights() + ConvNode() + ReluNode();
  EXPECT_EQ(TakeOne(one + chain("Relu", 90'000, {})).size(), 2u);
  EXPECT_EQ(TakeOne(one + chain("Concat", 1000, {})).size(), 2u);
  EXPECT_EQ(TakeOne(one + chain("Add", 90'000, {"z"})).size(), 2u);
  EXPECT_EQ(TakeOne(one + chain("Mul", 90'000, {"b"})).size(), 2u);
  ExpectError(ErrorKind::kModel, "more than 100000 layers", [&] { TakeOne(one + chain("Relu", 100'001, {})); });
}

TEST(OnnxStructure, SurvivesCutsAndDamage) {
  const Network network{.filters = 2};
  const std::string good = FileOf(network, {.norm = OnnxStyle::Norm::kAffineNodes, .pad_nodes = true});
  Random random(37, RandomPurpose::kTest);
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    std::string bytes = good;
    for (uint32_t flips = 1 + random.Below(20); flips > 0; --flips) {
      bytes[random.Below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<char>(1 + random.Below(255));
    }
    try {
      Take(bytes, network);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace siskin
