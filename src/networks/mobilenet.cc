// Howard et al. 2017, "MobileNets: Efficient convolutional neural networks for mobile vision applications", table 1, as
// Keras builds it. A block is a depthwise and a 1x1 convolution, each with batch normalisation and ReLU6 (figure 3).
#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "networks/builders.h"

namespace siskin {
namespace {

struct Block {
  int filters;
  int stride;
};

constexpr std::array<Block, 13> kBlocks = {{{64, 1},
                                            {128, 2},
                                            {128, 1},
                                            {256, 2},
                                            {256, 1},
                                            {512, 2},
                                            {512, 1},
                                            {512, 1},
                                            {512, 1},
                                            {512, 1},
                                            {512, 1},
                                            {1024, 2},
                                            {1024, 1}}};

class MobileNet {
 public:
  explicit MobileNet(const NetworkOptions& options) : alpha_(options.alpha) {
    x_ = g_.Input(options.height, options.width, 3);
  }

  Graph Build(const NetworkOptions& options) {
    x_ = g_.Conv2D("conv1", x_, {.filters = Width(32), .kernel = 3, .stride = 2});
    Normalize("conv1");
    for (size_t i = 0; i < kBlocks.size(); ++i) DepthwiseBlock(static_cast<int>(i) + 1, kBlocks[i]);
    if (options.top) {
      Top(options);
    } else {
      AppendPooling(g_, x_, options.pooling);
    }
    return std::move(g_);
  }

 private:
  void DepthwiseBlock(int number, const Block& block) {
    const std::string depthwise = fmt::format("conv_dw_{}", number), pointwise = fmt::format("conv_pw_{}", number);
    if (block.stride == 1) {
      x_ = g_.DepthwiseConv2D(depthwise, x_, {.kernel = 3});
    } else {
      x_ = g_.ZeroPad(fmt::format("conv_pad_{}", number), x_, {.bottom = 1, .right = 1});
      x_ = g_.DepthwiseConv2D(depthwise, x_, {.kernel = 3, .stride = block.stride, .padding = PaddingMode::kValid});
    }
    Normalize(depthwise);
    x_ = g_.Conv2D(pointwise, x_, {.filters = Width(block.filters)});
    Normalize(pointwise);
  }

  void Normalize(const std::string& convolution) {
    x_ = g_.BatchNorm(convolution + "_bn", x_);
    x_ = g_.Activate(convolution + "_relu", x_, Activation::kRelu6);
  }

  // The classifier is a 1x1 convolution over the pooled pixel.
  void Top(const NetworkOptions& options) {
    x_ = g_.GlobalAveragePool("global_average_pooling", x_);
    g_.MarkUnnamed(x_);
    x_ = g_.Dropout("dropout", x_, 1e-3f);
    x_ = g_.Conv2D("conv_preds", x_, {.filters = options.classes, .use_bias = true});
    if (options.softmax) g_.Softmax("predictions", x_);
  }

  int Width(int filters) const { return static_cast<int>(filters * alpha_); }

  double alpha_;
  Graph g_;
  NodeId x_;
};

}  // namespace

Graph BuildMobileNet(const NetworkOptions& options) {
  return MobileNet(options).Build(options);
}

}  // namespace siskin
