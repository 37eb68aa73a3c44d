#include "graph/testing_interpreter.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.h"
#include "kernels/reference/reference.h"
#include "tensor/view.h"

namespace siskin::testing {
namespace {

class Interpreter {
 public:
  Interpreter(const Graph& graph, const TensorMap& weights, int n) : graph_(graph), weights_(weights), n_(n) {}
  // Sets the moving statistics in the weights on the way.
  Interpreter(const Graph& graph, TensorMap* weights, int n)
      : graph_(graph), weights_(*weights), n_(n), statistics_(weights) {}

  std::vector<float> Run(std::span<const float> input) {
    for (const Layer& layer : graph_.layers()) {
      values_.emplace_back(static_cast<size_t>(n_) * layer.output.h * layer.output.w * layer.output.c);
      if (layer.kind == LayerKind::kInput) {
        std::copy(input.begin(), input.end(), values_.back().begin());
      } else {
        Compute(layer, ViewOf(static_cast<int>(values_.size()) - 1));
      }
    }
    return values_.back();
  }

 private:
  View ViewOf(int index) {
    const FeatureShape& shape = graph_.layers()[static_cast<size_t>(index)].output;
    return DenseView(values_[static_cast<size_t>(index)].data(), n_, shape.h, shape.w, shape.c);
  }

  const float* Weight(const Layer& layer, const char* role) const {
    return weights_.at(layer.name + "/" + role).data();
  }

  void Compute(const Layer& layer, View y) {
    const ConstView x = ViewOf(layer.inputs[0].index);
    Epilogue bias;
    if (layer.use_bias) bias.bias = Weight(layer, "bias");
    switch (layer.kind) {
      case LayerKind::kConv2D:
        return reference::Conv2D(layer.window, x, Weight(layer, "kernel"), bias, y);
      case LayerKind::kDepthwiseConv2D:
        return reference::DepthwiseConv2D(layer.window, x, Weight(layer, "depthwise_kernel"), false, bias, y);
      case LayerKind::kSeparableConv2D:
        return Separable(layer, x, bias, y);
      case LayerKind::kBatchNorm:
        if (statistics_ != nullptr) SetStatistics(layer, x);
        return reference::BatchNorm({layer.scale ? Weight(layer, "gamma") : nullptr, Weight(layer, "beta"),
                                     Weight(layer, "moving_mean"), Weight(layer, "moving_variance"), layer.epsilon},
                                    x, Activation::kNone, y);
      case LayerKind::kActivation:
        return reference::Activate(x, layer.activation, y);
      case LayerKind::kMaxPool:
        return reference::MaxPool(layer.window, x, y);
      case LayerKind::kAveragePool:
        return reference::AveragePool(layer.window, x, y);
      case LayerKind::kGlobalAveragePool:
        return reference::GlobalAveragePool(x, y);
      case LayerKind::kGlobalMaxPool:
        return reference::GlobalMaxPool(x, y);
      case LayerKind::kAdd:
        return AddScaled(layer, x, y);
      case LayerKind::kConcat:
        return Concat(layer, y);
      case LayerKind::kDense:
        return reference::MatMul(x, Weight(layer, "kernel"), bias, y);
      case LayerKind::kZeroPad:
        return ZeroPad(layer.window.padding, x, y);
      case LayerKind::kDropout:
      case LayerKind::kFlatten:
        std::copy_n(x.data, x.num_pixels() * x.c, y.data);
        return;
      case LayerKind::kSoftmax:
        return reference::Softmax(x.data, static_cast<int>(x.num_pixels()), x.c, y.data);
      case LayerKind::kSigmoid:
        return reference::Sigmoid(x.data, static_cast<int>(x.num_pixels()) * x.c, y.data);
      case LayerKind::kInput:
        break;
    }
  }

  void SetStatistics(const Layer& layer, ConstView x) {
    float* mean = statistics_->at(layer.name + "/moving_mean").data();
    float* variance = statistics_->at(layer.name + "/moving_variance").data();
    const auto pixels = static_cast<double>(x.num_pixels());
    for (int c = 0; c < x.c; ++c) {
      double sum = 0, squares = 0;
      for (size_t i = 0; i < x.num_pixels(); ++i) {
        const double value = x.data[i * static_cast<size_t>(x.stride) + static_cast<size_t>(c)];
        sum += value;
        squares += value * value;
      }
      mean[c] = static_cast<float>(sum / pixels);
      variance[c] = static_cast<float>(std::max(squares / pixels - sum / pixels * sum / pixels, 0.0));
    }
  }

  void Separable(const Layer& layer, ConstView x, const Epilogue& bias, View y) {
    std::vector<float> between(y.num_pixels() * x.c);
    const View depthwise = DenseView(between.data(), y.n, y.h, y.w, x.c);
    reference::DepthwiseConv2D(layer.window, x, Weight(layer, "depthwise_kernel"), false, {}, depthwise);
    reference::MatMul(depthwise, Weight(layer, "pointwise_kernel"), bias, y);
  }

  void AddScaled(const Layer& layer, ConstView x, View y) {
    const float* residual = ViewOf(layer.inputs[1].index).data;
    for (size_t i = 0; i < x.num_pixels() * static_cast<size_t>(x.c); ++i) {
      y.data[i] = static_cast<float>(x.data[i] + static_cast<double>(layer.residual_scale) * residual[i]);
    }
  }

  void Concat(const Layer& layer, View y) {
    int offset = 0;
    for (const NodeId part : layer.inputs) {
      reference::CopyChannels(ViewOf(part.index), y, offset);
      offset += graph_.shape(part).c;
    }
  }

  static void ZeroPad(const Padding& padding, ConstView x, View y) {
    for (int n = 0; n < x.n; ++n) {
      for (int row = 0; row < x.h; ++row) {
        for (int col = 0; col < x.w; ++col) {
          std::copy_n(x.pixel(n, row, col), x.c, y.pixel(n, row + padding.top, col + padding.left));
        }
      }
    }
  }

  const Graph& graph_;
  const TensorMap& weights_;
  int n_;
  TensorMap* statistics_ = nullptr;
  std::vector<std::vector<float>> values_;  // by layer, dense
};

// Bounds of the uniform distribution of a parameter.
std::pair<float, float> Bounds(const ParameterSpec& parameter) {
  const std::string role = parameter.name.substr(parameter.name.rfind('/') + 1);
  if (role == "gamma") return {-1.5f, 1.5f};
  if (role == "moving_variance") return {0.3f, 2.0f};
  if (role == "beta" || role == "moving_mean" || role == "bias") return {-0.5f, 0.5f};
  const Shape& shape = parameter.shape;
  const bool depthwise = role == "depthwise_kernel";
  const int64_t taps = depthwise ? shape[0] * shape[1] : shape.num_elements() / shape[shape.rank() - 1];
  const float bound = std::sqrt(3.0f / static_cast<float>(taps));  // variance 1 / taps
  return {-bound, bound};
}

}  // namespace

std::vector<float> Interpret(const Graph& graph, const TensorMap& weights, std::span<const float> input, int n) {
  return Interpreter(graph, weights, n).Run(input);
}

void SetBatchStatistics(const Graph& graph, std::span<const float> input, int n, TensorMap* weights) {
  Interpreter(graph, weights, n).Run(input);
}

TensorMap RandomWeights(const Graph& graph, uint64_t seed) {
  TensorMap weights;
  uint32_t index = 0;
  for (const LayerLayout& layer : graph.Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) {
      Random random(seed, RandomPurpose::kTest, ++index);
      const auto [low, high] = Bounds(parameter);
      Tensor tensor(parameter.shape);
      for (float& value : tensor.values<float>()) value = random.Uniform(low, high);
      weights.emplace(parameter.name, std::move(tensor));
    }
  }
  return weights;
}

std::vector<float> RandomInput(const Graph& graph, int n, uint64_t seed) {
  const FeatureShape& shape = graph.layers()[0].output;
  std::vector<float> values(static_cast<size_t>(n) * shape.h * shape.w * shape.c);
  Random random(seed, RandomPurpose::kTest);
  for (float& value : values) value = random.Uniform(-1, 1);
  return values;
}

}  // namespace siskin::testing
