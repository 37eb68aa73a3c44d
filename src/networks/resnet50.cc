// He et al. 2015, "Deep residual learning for image recognition", table 1 (50-layer) and figure 5, as Keras builds it:
// four stages of bottleneck blocks, whose input is added to their output.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "networks/builders.h"

namespace siskin {
namespace {

constexpr float kEpsilon = 1.001e-5f;  // of Keras' batch normalisation here

// Builds layer after layer; `x` is the current activation.
class ResNet50 {
 public:
  explicit ResNet50(const NetworkOptions& options) { x_ = g_.Input(options.height, options.width, 3); }

  Graph Build(const NetworkOptions& options) {
    Stem();
    Stage("conv2", {.blocks = 3, .filters = 64, .stride = 1});
    Stage("conv3", {.blocks = 4, .filters = 128, .stride = 2});
    Stage("conv4", {.blocks = 6, .filters = 256, .stride = 2});
    Stage("conv5", {.blocks = 3, .filters = 512, .stride = 2});
    AppendEnd(g_, x_, options);
    return std::move(g_);
  }

 private:
  struct StageParams {
    int blocks, filters, stride;
  };

  void Stem() {
    x_ = g_.ZeroPad("conv1_pad", x_, {3, 3, 3, 3});
    x_ = Convolution("conv1", x_, {.filters = 64, .kernel = 7, .stride = 2, .padding = PaddingMode::kValid});
    x_ = Relu("conv1", x_);
    x_ = g_.ZeroPad("pool1_pad", x_, {1, 1, 1, 1});
    x_ = g_.MaxPool("pool1_pool", x_, {.size = 3, .stride = 2});
  }

  // The first block changes size and width, and so has a convolution in its shortcut.
  void Stage(const std::string& stage, const StageParams& params) {
    for (int i = 1; i <= params.blocks; ++i) {
      const std::string block = fmt::format("{}_block{}", stage, i);
      const int stride = i == 1 ? params.stride : 1;
      const NodeId shortcut =
          i == 1 ? Convolution(block + "_0", x_, {.filters = 4 * params.filters, .stride = stride}) : x_;
      Bottleneck(block, params.filters, stride, shortcut);
    }
  }

  // 1x1 to few channels, 3x3 on these, 1x1 to four times as many. The stride is in the first (as in the paper).
  void Bottleneck(const std::string& block, int filters, int stride, NodeId shortcut) {
    x_ = Relu(block + "_1", Convolution(block + "_1", x_, {.filters = filters, .stride = stride}));
    x_ = Relu(block + "_2", Convolution(block + "_2", x_, {.filters = filters, .kernel = 3}));
    x_ = Convolution(block + "_3", x_, {.filters = 4 * filters});
    x_ = g_.Add(block + "_add", shortcut, x_);
    x_ = g_.Activate(block + "_out", x_, Activation::kRelu);
  }

  // With bias, although the normalisation after it has one: so it was trained.
  NodeId Convolution(const std::string& name, NodeId x, Graph::Conv conv) {
    conv.use_bias = true;
    return g_.BatchNorm(name + "_bn", g_.Conv2D(name + "_conv", x, conv), {.epsilon = kEpsilon});
  }

  NodeId Relu(const std::string& name, NodeId x) { return g_.Activate(name + "_relu", x, Activation::kRelu); }

  Graph g_;
  NodeId x_;
};

}  // namespace

Graph BuildResNet50(const NetworkOptions& options) {
  return ResNet50(options).Build(options);
}

}  // namespace siskin
