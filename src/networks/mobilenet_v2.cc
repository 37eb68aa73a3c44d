// Sandler et al. 2018, "MobileNetV2: Inverted residuals and linear bottlenecks", table 2, as Keras builds it. A block
// widens its few channels, convolves them depthwise and narrows them again, without an activation at its end; where it
// keeps the shape, its input is added (figure 4d).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "networks/builders.h"

namespace siskin {
namespace {

// A row of table 2: n blocks of c channels that widen t times, the first with stride s.
struct Stage {
  int t, c, n, s;
};

constexpr std::array<Stage, 7> kStages = {
    {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}};

constexpr int kLastFilters = 1280;

// The multiple of 8 nearest to `filters`, but never a tenth less.
int MultipleOf8(double filters) {
  const int rounded = std::max(8, static_cast<int>(filters + 4) / 8 * 8);
  return rounded < 0.9 * filters ? rounded + 8 : rounded;
}

class MobileNetV2 {
 public:
  explicit MobileNetV2(const NetworkOptions& options) : alpha_(options.alpha) {
    x_ = g_.Input(options.height, options.width, 3);
  }

  Graph Build(const NetworkOptions& options) {
    x_ = g_.Conv2D("Conv1", x_, {.filters = MultipleOf8(32 * alpha_), .kernel = 3, .stride = 2});
    Normalize("bn_Conv1");
    Relu6("Conv1_relu");
    int number = 0;
    for (const Stage& row : kStages) {
      for (int i = 0; i < row.n; ++i) InvertedResidual(number++, row, i == 0 ? row.s : 1);
    }
    // The last convolution grows with alpha, but does not shrink.
    x_ = g_.Conv2D("Conv_1", x_, {.filters = alpha_ > 1 ? MultipleOf8(kLastFilters * alpha_) : kLastFilters});
    Normalize("Conv_1_bn");
    Relu6("out_relu");
    if (options.top) {
      x_ = g_.GlobalAveragePool("global_average_pooling", x_);
      g_.MarkUnnamed(x_);
      AppendClassifier(g_, x_, options);
    } else {
      AppendPooling(g_, x_, options.pooling);
    }
    return std::move(g_);
  }

 private:
  void InvertedResidual(int number, const Stage& row, int stride) {
    const std::string block = number == 0 ? "expanded_conv_" : fmt::format("block_{}_", number);
    const NodeId input = x_;
    const int narrow = g_.shape(input).c;
    if (row.t > 1) {
      x_ = g_.Conv2D(block + "expand", x_, {.filters = row.t * narrow});
      Normalize(block + "expand_BN");
      Relu6(block + "expand_relu");
    }
    Depthwise(block, stride);
    x_ = g_.Conv2D(block + "project", x_, {.filters = MultipleOf8(static_cast<int>(row.c * alpha_))});
    Normalize(block + "project_BN");
    if (stride == 1 && g_.shape(x_).c == narrow) x_ = g_.Add(block + "add", input, x_);
  }

  void Depthwise(const std::string& block, int stride) {
    if (stride == 1) {
      x_ = g_.DepthwiseConv2D(block + "depthwise", x_, {.kernel = 3});
    } else {
      const FeatureShape& shape = g_.shape(x_);
      x_ = g_.ZeroPad(block + "pad", x_, SamePadding(shape.h, shape.w, 3, 3, stride, stride));
      x_ = g_.DepthwiseConv2D(block + "depthwise", x_, {.kernel = 3, .stride = stride, .padding = PaddingMode::kValid});
    }
    Normalize(block + "depthwise_BN");
    Relu6(block + "depthwise_relu");
  }

  void Normalize(const std::string& name) { x_ = g_.BatchNorm(name, x_, {.momentum = 0.999f}); }
  void Relu6(const std::string& name) { x_ = g_.Activate(name, x_, Activation::kRelu6); }

  double alpha_;
  Graph g_;
  NodeId x_;
};

}  // namespace

Graph BuildMobileNetV2(const NetworkOptions& options) {
  return MobileNetV2(options).Build(options);
}

}  // namespace siskin
