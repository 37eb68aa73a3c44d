#include "graph/testing_graphs.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace siskin::testing {
namespace {

class Builder {
 public:
  explicit Builder(uint64_t seed, bool for_training)
      : random_(seed, RandomPurpose::kTest), for_training_(for_training) {}

  Graph Build() {
    values_ = {g_.Input(Between(4, 12), Between(4, 12), Between(1, 5))};
    const int layers = Between(3, 14);
    for (int i = 0; i < layers; ++i) values_.push_back(AddLayer());
    values_.push_back(for_training_ ? FinishInLogits() : Finish());
    return std::move(g_);
  }

 private:
  int Between(int low, int high) {
    return low + static_cast<int>(random_.Below(static_cast<uint32_t>(high - low + 1)));
  }
  bool Coin() { return random_.Below(2) == 0; }
  std::string Name() { return fmt::format("layer{}", ++layers_); }

  // The newest value mostly, so that chains arise; an older one sometimes, so that values have several readers.
  NodeId Value() {
    return random_.Below(4) != 0 ? values_.back() : values_[random_.Below(static_cast<uint32_t>(values_.size()))];
  }

  // Another value of the same height and width (and channels), `x` itself if there is none.
  NodeId Partner(NodeId x, bool same_channels) {
    NodeId partner = x;
    for (const NodeId other : values_) {
      const FeatureShape a = g_.shape(x), b = g_.shape(other);
      const bool fits = a.h == b.h && a.w == b.w && (!same_channels || a.c == b.c) && other.index != x.index;
      if (fits && (partner.index == x.index || Coin())) partner = other;
    }
    return partner;
  }

  Graph::Conv Conv(NodeId x) {
    const FeatureShape shape = g_.shape(x);
    constexpr int kFilters[] = {3, 8, 16, 17, 24, 32, 40};
    Graph::Conv conv{.filters = kFilters[random_.Below(7)], .kernel = Coin() ? 1 : 3, .stride = Between(1, 2)};
    // Often keep the shape, so that there is something to add to.
    if (Coin()) {
      conv.filters = shape.c;
      conv.stride = 1;
    }
    conv.use_bias = random_.Below(3) == 0;
    if (shape.h >= 3 && shape.w >= 3 && random_.Below(4) == 0) conv.padding = PaddingMode::kValid;
    return conv;
  }

  NodeId AddLayer() {
    const NodeId x = Value();
    const FeatureShape shape = g_.shape(x);
    switch (random_.Below(12)) {
      case 0:
        return g_.Conv2D(Name(), x, Conv(x));
      case 1:
        return g_.DepthwiseConv2D(Name(), x, Conv(x));
      case 2:
        return g_.SeparableConv2D(Name(), x, Conv(x));
      case 3:
      case 4:
        return g_.BatchNorm(Name(), x, {.scale = Coin()});
      case 5:
      case 6:
      case 7:
        return g_.Activate(Name(), x, Coin() ? Activation::kRelu : Activation::kRelu6);
      case 8:
        return g_.AddScaled(Name(), x, Partner(x, true), Coin() ? 1.0f : 0.25f);
      case 9:
        return g_.Concat(Name(), {x, Partner(x, false)});
      case 10:
        return Pad(x);
      default:
        return OtherLayer(x, shape);
    }
  }

  NodeId Pad(NodeId x) {
    const NodeId padded = g_.ZeroPad(Name(), x, {Between(0, 2), Between(0, 2), Between(0, 2), Between(0, 2)});
    if (!for_training_) return padded;
    switch (random_.Below(3)) {
      case 0:
        return g_.Conv2D(Name(), padded, Conv(padded));
      case 1:
        return g_.DepthwiseConv2D(Name(), padded, Conv(padded));
      default:
        return g_.SeparableConv2D(Name(), padded, Conv(padded));
    }
  }

  NodeId OtherLayer(NodeId x, const FeatureShape& shape) {
    const Graph::Pool pool{.size = shape.h >= 3 && shape.w >= 3 ? 3 : 1,
                           .stride = Between(1, 2),
                           .padding = Coin() ? PaddingMode::kSame : PaddingMode::kValid};
    switch (random_.Below(4)) {
      case 0:
        return g_.Dropout(Name(), x, 0.5f);
      case 1:
        return g_.AveragePool(Name(), x, pool);
      default:
        return g_.MaxPool(Name(), x, pool);
    }
  }

  NodeId Finish() {
    const NodeId x = values_.back();
    switch (random_.Below(6)) {
      case 0:
        return g_.GlobalMaxPool(Name(), x);
      case 1:
        return g_.Softmax(Name(), g_.Dense(Name(), g_.GlobalAveragePool(Name(), x), 7));
      case 2:
        return g_.Sigmoid(Name(), g_.Dense(Name(), g_.Flatten(Name(), x), 1));
      case 3:
        return g_.Flatten(Name(), x);
      case 4:
        return g_.Softmax(Name(), x);
      default:
        return x;
    }
  }

  NodeId FinishInLogits() {
    const NodeId x = values_.back();
    switch (random_.Below(4)) {
      case 0:
        return g_.GlobalMaxPool(Name(), x);
      case 1:
        return g_.Dense(Name(), g_.Dropout(Name(), g_.GlobalAveragePool(Name(), x), 0.5f), 7);
      case 2:
        return g_.Dense(Name(), g_.Activate(Name(), g_.GlobalMaxPool(Name(), x), Activation::kRelu), 1);
      default:
        return g_.Dense(Name(), g_.GlobalAveragePool(Name(), x), 3);
    }
  }

  Random random_;
  bool for_training_;
  Graph g_;
  std::vector<NodeId> values_;
  int layers_ = 0;
};

}  // namespace

Graph RandomGraph(uint64_t seed) {
  return Builder(seed, /*for_training=*/false).Build();
}

Graph RandomTrainingGraph(uint64_t seed) {
  return Builder(seed, /*for_training=*/true).Build();
}

}  // namespace siskin::testing
