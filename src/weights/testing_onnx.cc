#include "weights/testing_onnx.h"

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "weights/testing_protobuf.h"

namespace siskin::testing {
namespace {

using Ints = std::vector<int64_t>;

class NamelessWriter {
 public:
  NamelessWriter(const Graph& graph, const TensorMap& weights, const OnnxStyle& style)
      : graph_(graph), weights_(weights), style_(style) {}

  std::string Write() {
    for (size_t i = 0; i < graph_.layers().size(); ++i) values_.push_back(Translate(i));
    return file_ + OnnxInputOf("image");
  }

 private:
  struct Value {
    std::string name;
    Padding zeros = {};
  };

  Value Translate(size_t index) {
    const Layer& layer = graph_.layers()[index];
    switch (layer.kind) {
      case LayerKind::kInput:
        return {Pixels()};
      case LayerKind::kZeroPad:
        return {Input(layer).name, layer.window.padding};
      case LayerKind::kConv2D:
        return {Convolution(index, Input(layer), style_.window ? style_.window(layer) : layer.window, "kernel")};
      case LayerKind::kDepthwiseConv2D:
        return {Convolution(index, Input(layer), layer.window, "depthwise_kernel")};
      case LayerKind::kSeparableConv2D:
        return {Convolution(index, {Depthwise(layer)}, {}, "pointwise_kernel")};
      case LayerKind::kActivation:
        return {Activate(layer)};
      case LayerKind::kMaxPool:
        return {Pool("MaxPool", layer, style_.pad_nodes || layer.window.padding != Padding())};
      case LayerKind::kAveragePool:
        return {Pool("AveragePool", layer, true)};
      case LayerKind::kGlobalAveragePool:
        return {style_.mean_nodes ? Node("ReduceMean", {Input(layer).name}, OnnxIntsAttribute("axes", {2, 3}))
                                  : Node("GlobalAveragePool", {Input(layer).name})};
      case LayerKind::kGlobalMaxPool:
        return {Node("GlobalMaxPool", {Input(layer).name})};
      case LayerKind::kAdd:
        return {Add(layer)};
      case LayerKind::kConcat:
        return {Node("Concat", Inputs(layer), OnnxIntAttribute("axis", 1))};
      case LayerKind::kDense:
        return {Dense(layer)};
      case LayerKind::kSoftmax:
        return {Node("Softmax", {Input(layer).name})};
      default:
        return Input(layer);  // batch normalisation has gone into the convolution
    }
  }

  const Value& Input(const Layer& layer, size_t i = 0) const {
    return values_[static_cast<size_t>(layer.inputs[i].index)];
  }
  std::vector<std::string> Inputs(const Layer& layer) const {
    std::vector<std::string> names;
    for (size_t i = 0; i < layer.inputs.size(); ++i) names.push_back(Input(layer, i).name);
    return names;
  }
  std::span<const float> Weight(const Layer& layer, const std::string& role) const {
    return weights_.at(layer.name + "/" + role).values<float>();
  }

  std::string NewName() { return style_.prefix + std::to_string(++num_names_); }
  std::string Node(const std::string& op, const std::vector<std::string>& inputs, const std::string& attributes = "") {
    const std::string output = NewName();
    file_ += OnnxNodeOf(op, inputs, output, attributes);
    return output;
  }
  std::string Constant(const Shape& shape, std::span<const float> values) {
    const std::string name = NewName();
    file_ += OnnxTensorOf(name, shape, values);
    return name;
  }
  std::string PerChannel(const std::vector<double>& values, bool spatial) {
    const auto size = static_cast<int64_t>(values.size());
    return Constant(spatial ? Shape{1, size, 1, 1} : Shape{size}, std::vector<float>(values.begin(), values.end()));
  }
  // As PyTorch writes it: a node.
  std::string Scalar(float value) {
    const std::string name = NewName();
    const std::string tensor = NumberField(2, 1) + BytesField(9, FloatBytes({value}));
    file_ += OnnxNodeOf("Constant", {}, name, BytesField(5, BytesField(1, "value") + BytesField(5, tensor)));
    return name;
  }

  std::string Pixels() {
    if (!style_.channels_last) return "image";
    const std::string scaled = Node("Sub", {Node("Mul", {"image", Scalar(2)}), Scalar(1)});
    return Node("Transpose", {scaled}, OnnxIntsAttribute("perm", {0, 3, 1, 2}));
  }

  std::string PadNode(const Value& x) {
    if (x.zeros == Padding()) return x.name;
    const std::string pads = NewName();
    file_ += OnnxIntegersOf(pads, {0, 0, x.zeros.top, x.zeros.left, 0, 0, x.zeros.bottom, x.zeros.right});
    return Node("Pad", {x.name, pads});
  }

  static std::string Window(const WindowParams& w, const Padding& padding) {
    return OnnxIntsAttribute("kernel_shape", {w.kernel_h, w.kernel_w}) +
           OnnxIntsAttribute("strides", {w.stride_h, w.stride_w}) +
           OnnxIntsAttribute("pads", {padding.top, padding.left, padding.bottom, padding.right});
  }

  static Padding Sum(const Padding& a, const Padding& b) {
    return {a.top + b.top, a.bottom + b.bottom, a.left + b.left, a.right + b.right};
  }

  std::string Pool(const std::string& op, const Layer& layer, bool apart) {
    const Value& x = Input(layer);
    if (apart) return Node(op, {PadNode(x)}, Window(layer.window, layer.window.padding));
    return Node(op, {x.name}, Window(layer.window, Sum(x.zeros, layer.window.padding)));
  }

  // The node alone: kernel [.., in, out] or [.., channels, 1], scaled channel by channel; bias may be empty.
  std::string ConvNode(const Value& x, const WindowParams& window, const Tensor& kernel,
                       const std::vector<double>& scale, const std::vector<double>& bias) {
    const Shape& s = kernel.shape();
    const bool depthwise = s[3] == 1 && s[2] == static_cast<int64_t>(scale.size());
    const int64_t taps = s[0] * s[1], in = depthwise ? 1 : s[2], out = depthwise ? s[2] : s[3];
    std::vector<float> moved;
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t i = 0; i < in * taps; ++i) {
        const int64_t from = (i % taps * in + i / taps) * out + o;
        moved.push_back(
            static_cast<float>(kernel.values<float>()[static_cast<size_t>(from)] * scale[static_cast<size_t>(o)]));
      }
    }
    Padding zeros = Sum(x.zeros, window.padding);
    std::string name = x.name;
    if (style_.pad_nodes) name = PadNode({name, std::exchange(zeros, {})});
    std::vector<std::string> inputs = {name, Constant({out, in, s[0], s[1]}, moved)};
    if (!bias.empty()) inputs.push_back(PerChannel(bias, false));
    return Node("Conv", inputs, Window(window, zeros) + OnnxIntAttribute("group", depthwise ? out : 1));
  }

  std::string Depthwise(const Layer& layer) {
    const Tensor& kernel = weights_.at(layer.name + "/depthwise_kernel");
    const std::vector<double> ones(static_cast<size_t>(kernel.shape()[2]), 1);
    return ConvNode(Input(layer), layer.window, kernel, ones, {});
  }

  const Layer* Reader(size_t index, LayerKind kind, size_t side) const {
    for (const Layer& layer : graph_.layers()) {
      if (layer.kind == kind && layer.inputs[side].index == static_cast<int>(index)) return &layer;
    }
    return nullptr;
  }

  // With the batch normalisation after it, in the style asked for, or the factor of the sum after it.
  std::string Convolution(size_t index, const Value& x, const WindowParams& window, const std::string& role) {
    const Layer& layer = graph_.layers()[index];
    const Tensor& kernel = weights_.at(layer.name + "/" + role);
    const auto channels = static_cast<size_t>(layer.output.c);
    const std::vector<double> ones(channels, 1);
    std::vector<double> bias;
    if (layer.use_bias) bias.assign(Weight(layer, "bias").begin(), Weight(layer, "bias").end());
    const Layer* const norm = Reader(index, LayerKind::kBatchNorm, 0);
    const Layer* const sum = Reader(index, LayerKind::kAdd, 1);
    if (norm != nullptr && style_.norm == OnnxStyle::Norm::kNormNodes) {
      return NormNode(*norm, ConvNode(x, window, kernel, ones, bias));
    }
    std::vector<double> scale = ones, shift(channels, 0);
    if (norm != nullptr) {
      for (size_t c = 0; c < channels; ++c) {
        const double root = std::sqrt(double{Weight(*norm, "moving_variance")[c]} + double{norm->epsilon});
        scale[c] = (norm->scale ? Weight(*norm, "gamma")[c] : 1) / root;
        shift[c] = Weight(*norm, "beta")[c] - Weight(*norm, "moving_mean")[c] * scale[c];
      }
    }
    if (sum != nullptr && style_.fold_factors) {
      for (double& value : scale) value *= sum->residual_scale;
    }
    if (norm != nullptr && style_.norm == OnnxStyle::Norm::kAffineNodes) {
      const std::string raw = ConvNode(x, window, kernel, ones, bias);
      return Node("Add", {PerChannel(shift, true), Node("Mul", {raw, PerChannel(scale, true)})});
    }
    for (size_t c = 0; c < channels && !bias.empty(); ++c) shift[c] += bias[c] * scale[c];
    return ConvNode(x, window, kernel, scale, norm == nullptr && bias.empty() ? bias : shift);
  }

  std::string NormNode(const Layer& norm, const std::string& x) {
    const std::vector<float> ones(static_cast<size_t>(norm.output.c), 1.0f);
    const auto vector = [&](std::span<const float> values) { return Constant({norm.output.c}, values); };
    const std::vector<std::string> inputs = {x, vector(norm.scale ? Weight(norm, "gamma") : ones),
                                             vector(Weight(norm, "beta")), vector(Weight(norm, "moving_mean")),
                                             vector(Weight(norm, "moving_variance"))};
    std::string epsilon = Varint(2 << 3 | 5);
    epsilon += FloatBytes({norm.epsilon});
    return Node("BatchNormalization", inputs, BytesField(5, BytesField(1, "epsilon") + epsilon));
  }

  std::string Activate(const Layer& layer) {
    const std::string& x = Input(layer).name;
    if (layer.activation == Activation::kNone) return x;
    return layer.activation == Activation::kRelu ? Node("Relu", {x}) : Node("Clip", {x, Scalar(0), Scalar(6)});
  }

  std::string Add(const Layer& layer) {
    std::vector<std::string> inputs = Inputs(layer);
    if (layer.residual_scale != 1 && !style_.fold_factors) {
      inputs[1] = Node("Mul", {inputs[1], Scalar(layer.residual_scale)});
    }
    if (style_.swap_sums) std::swap(inputs[0], inputs[1]);
    return Node("Add", inputs);
  }

  std::string Dense(const Layer& layer) {
    const Tensor& kernel = weights_.at(layer.name + "/kernel");
    const std::string x = Node("Flatten", {Input(layer).name});
    const std::string bias = Constant({layer.output.c}, Weight(layer, "bias"));
    const int64_t in = kernel.shape()[0], out = kernel.shape()[1];
    if (style_.mean_nodes) {
      return Node("Add", {Node("MatMul", {x, Constant({in, out}, kernel.values<float>())}), bias});
    }
    std::vector<float> transposed;
    for (int64_t i = 0; i < in * out; ++i) {
      transposed.push_back(kernel.values<float>()[static_cast<size_t>(i % in * out + i / in)]);
    }
    return Node("Gemm", {x, Constant({out, in}, transposed), bias}, OnnxIntAttribute("transB", 1));
  }

  const Graph& graph_;
  const TensorMap& weights_;
  const OnnxStyle style_;
  std::vector<Value> values_;  // by layer
  std::string file_;           // fields of the graph
  int num_names_ = 0;
};

}  // namespace

std::string NamelessOnnx(const Graph& graph, const TensorMap& weights, const OnnxStyle& style) {
  return OnnxModelOf(NamelessOnnxGraph(graph, weights, style));
}

std::string NamelessOnnxGraph(const Graph& graph, const TensorMap& weights, const OnnxStyle& style) {
  return NamelessWriter(graph, weights, style).Write();
}

std::string OnnxTensorOf(const std::string& name, const Shape& shape, std::span<const float> values) {
  std::string fields;
  for (const int64_t dim : shape.dims()) fields += NumberField(1, static_cast<uint64_t>(dim));
  fields += NumberField(2, 1) + BytesField(9, FloatBytes({values.begin(), values.end()})) + BytesField(8, name);
  return BytesField(5, fields);
}

std::string OnnxIntegersOf(const std::string& name, const std::vector<int64_t>& values) {
  std::string raw(values.size() * sizeof(int64_t), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  return BytesField(5, NumberField(1, values.size()) + NumberField(2, 7) + BytesField(9, raw) + BytesField(8, name));
}

std::string OnnxIntsAttribute(const std::string& name, const std::vector<int64_t>& values) {
  std::string fields = BytesField(1, name);
  for (const int64_t value : values) fields += NumberField(8, static_cast<uint64_t>(value));
  return BytesField(5, fields);
}

std::string OnnxIntAttribute(const std::string& name, int64_t value) {
  return BytesField(5, BytesField(1, name) + NumberField(3, static_cast<uint64_t>(value)));
}

std::string OnnxNodeOf(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                       const std::string& attributes) {
  std::string node;
  for (const std::string& input : inputs) node += BytesField(1, input);
  return BytesField(1, node + BytesField(2, output) + BytesField(4, op) + attributes);
}

std::string OnnxInputOf(const std::string& name) {
  return BytesField(11, BytesField(1, name));
}

std::string OnnxModelOf(const std::string& graph) {
  return NumberField(1, 8) + BytesField(7, graph) + BytesField(8, NumberField(2, 17));
}

}  // namespace siskin::testing
