// Chollet 2017, "Xception: Deep learning with depthwise separable convolutions", figure 5, as Keras builds it: entry
// flow, middle flow and exit flow; every convolution is followed by batch normalisation.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "networks/builders.h"

namespace siskin {
namespace {

// Builds layer after layer; `x` is the current activation.
class Xception {
 public:
  explicit Xception(const NetworkOptions& options) { x_ = g_.Input(options.height, options.width, 3); }

  Graph Build(const NetworkOptions& options) {
    EntryFlow();
    for (int block = 5; block <= 12; ++block) MiddleBlock(fmt::format("block{}", block));
    ExitFlow();
    AppendEnd(g_, x_, options);
    return std::move(g_);
  }

 private:
  void EntryFlow() {
    Convolution("block1_conv1", {.filters = 32, .kernel = 3, .stride = 2, .padding = PaddingMode::kValid});
    Convolution("block1_conv2", {.filters = 64, .kernel = 3, .padding = PaddingMode::kValid});
    DownBlock("block2", 128, 128, /*relu_first=*/false);
    DownBlock("block3", 256, 256, /*relu_first=*/true);
    DownBlock("block4", 728, 728, /*relu_first=*/true);
  }

  void ExitFlow() {
    DownBlock("block13", 728, 1024, /*relu_first=*/true);
    Separable("block14_sepconv1", 1536);
    Relu("block14_sepconv1_act");
    Separable("block14_sepconv2", 2048);
    Relu("block14_sepconv2_act");
  }

  // Two separable convolutions and a pool of stride 2, beside a 1x1 convolution of stride 2.
  void DownBlock(const std::string& block, int filters1, int filters2, bool relu_first) {
    const NodeId input = x_;
    if (relu_first) Relu(block + "_sepconv1_act");
    Separable(block + "_sepconv1", filters1);
    Relu(block + "_sepconv2_act");
    Separable(block + "_sepconv2", filters2);
    NodeId shortcut = g_.Conv2D(block + "_shortcut", input, {.filters = filters2, .kernel = 1, .stride = 2});
    g_.MarkUnnamed(shortcut);
    x_ = g_.MaxPool(block + "_pool", x_, {.size = 3, .stride = 2, .padding = PaddingMode::kSame});
    shortcut = g_.BatchNorm(block + "_shortcut_bn", shortcut);
    g_.MarkUnnamed(shortcut);
    Add(block, shortcut);
  }

  // Three times ReLU and a separable convolution of 728 channels, added to the input.
  void MiddleBlock(const std::string& block) {
    const NodeId input = x_;
    for (int i = 1; i <= 3; ++i) {
      Relu(fmt::format("{}_sepconv{}_act", block, i));
      Separable(fmt::format("{}_sepconv{}", block, i), 728);
    }
    Add(block, input);
  }

  void Convolution(const std::string& name, const Graph::Conv& conv) {
    x_ = g_.BatchNorm(name + "_bn", g_.Conv2D(name, x_, conv));
    Relu(name + "_act");
  }

  void Separable(const std::string& name, int filters) {
    x_ = g_.BatchNorm(name + "_bn", g_.SeparableConv2D(name, x_, {.filters = filters, .kernel = 3}));
  }

  void Relu(const std::string& name) { x_ = g_.Activate(name, x_, Activation::kRelu); }

  void Add(const std::string& block, NodeId other) {
    x_ = g_.Add(block + "_add", x_, other);
    g_.MarkUnnamed(x_);
  }

  Graph g_;
  NodeId x_;
};

}  // namespace

Graph BuildXception(const NetworkOptions& options) {
  return Xception(options).Build(options);
}

}  // namespace siskin
