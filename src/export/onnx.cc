#include "export/onnx.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "export/onnx_graph.h"
#include "export/tensor_layout.h"

namespace siskin {
namespace {

using Ints = std::vector<int64_t>;

// Translates layer by layer; values between nodes have the names of the layers that compute them.
class OnnxExport {
 public:
  explicit OnnxExport(const ClassifierModel& model)
      : card_(model.card), weights_(model.weights), graph_(BuildModelGraph(model.card)) {}

  ProtobufWriter Write() {
    const std::string pixels = Pixels();
    for (const Layer& layer : graph_.layers()) {
      values_.push_back(layer.kind == LayerKind::kInput ? Value{pixels, false} : Translate(layer));
    }
    Answers(Flat(values_.back()));
    Describe();
    return out_.TakeModel(card_.network.network, SISKIN_VERSION);
  }

 private:
  // The value of a layer: [N, C, H, W], or flat: [N, C].
  struct Value {
    std::string name;
    bool flat = false;
  };

  // From bytes [N, H, W, 3] to what the network sees, [N, 3, H, W].
  std::string Pixels() {
    const Preprocessing& p = card_.preprocessing;
    out_.Input("image", DType::kU8, Ints{-1, p.height, p.width, 3});
    std::string x = out_.Node("Cast", {"image"}, "preprocess/floats", {{"to", int64_t{1}}});
    x = out_.Node("Transpose", {x}, "preprocess/channels_first", {{"perm", Ints{0, 3, 1, 2}}});
    if (p.bgr) {
      const std::string order = out_.Constant("preprocess/order", Ints{2, 1, 0});
      x = out_.Node("Gather", {x, order}, "preprocess/bgr", {{"axis", int64_t{1}}});
    }
    x = out_.Node("Mul", {x, PerChannel("preprocess/scale", p.scale)}, "preprocess/scaled");
    return out_.Node("Add", {x, PerChannel("preprocess/shift", p.shift)}, "preprocess/pixels");
  }

  std::string PerChannel(const std::string& name, const std::array<float, 3>& values) {
    return out_.Constant(name, Tensor::FromFloats({1, 3, 1, 1}, values));
  }

  Value Translate(const Layer& layer) {
    const Value& x = values_[static_cast<size_t>(layer.inputs[0].index)];
    switch (layer.kind) {
      case LayerKind::kConv2D:
        return {Convolution(layer, x.name, layer.name, "kernel", ChannelsFirstKernel(Weight(layer, "kernel")), 1)};
      case LayerKind::kDepthwiseConv2D:
        return {Depthwise(layer, x.name, layer.name)};
      case LayerKind::kSeparableConv2D:
        return {Separable(layer, x.name)};
      case LayerKind::kBatchNorm:
        return {BatchNorm(layer, x.name), x.flat};
      case LayerKind::kActivation:
        return {Activate(layer, x.name), x.flat};
      case LayerKind::kMaxPool:
        return {out_.Node("MaxPool", {x.name}, layer.name, Window(layer.window))};
      case LayerKind::kAveragePool:
        return {AveragePool(layer, x.name)};
      case LayerKind::kGlobalAveragePool:
        return {out_.Node("GlobalAveragePool", {x.name}, layer.name)};
      case LayerKind::kGlobalMaxPool:
        return {out_.Node("GlobalMaxPool", {x.name}, layer.name)};
      case LayerKind::kAdd:
        return {Add(layer), x.flat};
      case LayerKind::kConcat:
        return {out_.Node("Concat", Inputs(layer), layer.name, {{"axis", int64_t{1}}}), x.flat};
      case LayerKind::kDense:
        return {Dense(layer, Flat(x)), true};
      case LayerKind::kZeroPad:
        return {ZeroPad(layer, x.name)};
      case LayerKind::kDropout:
        return x;  // the identity outside of training
      case LayerKind::kSoftmax:
        return {out_.Node("Softmax", {Flat(x)}, layer.name, {{"axis", int64_t{1}}}), true};
      case LayerKind::kSigmoid:
        return {out_.Node("Sigmoid", {x.name}, layer.name), x.flat};
      case LayerKind::kFlatten:
        return {Flatten(layer, x), true};
      default:
        break;
    }
    Fail(ErrorKind::kInternal, "{}: ONNX export does not know this kind of layer", layer.name);
  }

  const Tensor& Weight(const Layer& layer, const char* role) const { return weights_.at(layer.name + "/" + role); }

  std::string Parameter(const Layer& layer, const char* role) {
    return out_.Constant(layer.name + "/" + role, Weight(layer, role));
  }

  std::vector<std::string> Inputs(const Layer& layer) const {
    std::vector<std::string> names;
    for (const NodeId input : layer.inputs) names.push_back(values_[static_cast<size_t>(input.index)].name);
    return names;
  }

  // [N, C, 1, 1] as [N, C].
  std::string Flat(const Value& value) {
    return value.flat ? value.name : out_.Node("Flatten", {value.name}, value.name + "/flat");
  }

  static std::vector<OnnxAttribute> Window(const WindowParams& window) {
    const Padding& padding = window.padding;
    return {{"kernel_shape", Ints{window.kernel_h, window.kernel_w}},
            {"strides", Ints{window.stride_h, window.stride_w}},
            {"pads", Ints{padding.top, padding.left, padding.bottom, padding.right}}};
  }

  std::string Convolution(const Layer& layer, const std::string& x, const std::string& output, const char* role,
                          const Tensor& kernel, int64_t groups) {
    std::vector<std::string> inputs = {x, out_.Constant(layer.name + "/" + role, kernel)};
    if (layer.use_bias) inputs.push_back(Parameter(layer, "bias"));
    std::vector<OnnxAttribute> attributes = Window(layer.window);
    attributes.push_back({"group", groups});
    return out_.Node("Conv", inputs, output, attributes);
  }

  std::string Depthwise(const Layer& layer, const std::string& x, const std::string& output) {
    const Tensor kernel = ChannelsFirstDepthwise(Weight(layer, "depthwise_kernel"));
    return Convolution(layer, x, output, "depthwise_kernel", kernel, kernel.shape()[0]);
  }

  std::string Separable(const Layer& layer, const std::string& x) {
    Layer depthwise = layer, pointwise = layer;
    depthwise.use_bias = false;
    pointwise.window = {};
    const std::string between = Depthwise(depthwise, x, layer.name + "/depthwise");
    const Tensor kernel = ChannelsFirstKernel(Weight(layer, "pointwise_kernel"));
    return Convolution(pointwise, between, layer.name, "pointwise_kernel", kernel, 1);
  }

  std::string BatchNorm(const Layer& layer, const std::string& x) {
    const std::vector<float> ones(layer.scale ? 0 : static_cast<size_t>(layer.output.c), 1.0f);
    const std::string gamma = layer.scale ? Parameter(layer, "gamma") : out_.Constant(layer.name + "/ones", ones);
    const std::vector<std::string> inputs = {x, gamma, Parameter(layer, "beta"), Parameter(layer, "moving_mean"),
                                             Parameter(layer, "moving_variance")};
    return out_.Node("BatchNormalization", inputs, layer.name, {{"epsilon", layer.epsilon}});
  }

  // x + scale * residual
  std::string Add(const Layer& layer) {
    std::vector<std::string> inputs = Inputs(layer);
    if (layer.residual_scale != 1) {
      const std::string scale = Scalar(layer.name + "/scale", layer.residual_scale);
      inputs[1] = out_.Node("Mul", {inputs[1], scale}, layer.name + "/residual");
    }
    return out_.Node("Add", inputs, layer.name);
  }

  std::string Activate(const Layer& layer, const std::string& x) {
    switch (layer.activation) {
      case Activation::kNone:
        return x;
      case Activation::kRelu:
        return out_.Node("Relu", {x}, layer.name);
      case Activation::kRelu6:
        return out_.Node("Clip", {x, Scalar(layer.name + "/low", 0), Scalar(layer.name + "/high", 6)}, layer.name);
    }
    Fail(ErrorKind::kInternal, "{}: ONNX export does not know this activation", layer.name);
  }

  std::string Scalar(const std::string& name, float value) {
    return out_.Constant(name, Tensor::FromFloats({}, std::span(&value, 1)));
  }

  std::string AveragePool(const Layer& layer, const std::string& x) {
    std::vector<OnnxAttribute> attributes = Window(layer.window);
    attributes.push_back({"count_include_pad", int64_t{0}});
    return out_.Node("AveragePool", {x}, layer.name, attributes);
  }

  std::string Dense(const Layer& layer, const std::string& x) {
    return out_.Node("Gemm", {x, Parameter(layer, "kernel"), Parameter(layer, "bias")}, layer.name);
  }

  std::string ZeroPad(const Layer& layer, const std::string& x) {
    const Padding& padding = layer.window.padding;
    const Ints pads = {0, 0, padding.top, padding.left, 0, 0, padding.bottom, padding.right};
    return out_.Node("Pad", {x, out_.Constant(layer.name + "/pads", pads)}, layer.name);
  }

  // Rows of channels, as the dense layer after it expects them.
  std::string Flatten(const Layer& layer, const Value& x) {
    if (x.flat) return x.name;
    const std::string rows =
        out_.Node("Transpose", {x.name}, layer.name + "/channels_last", {{"perm", Ints{0, 2, 3, 1}}});
    return out_.Node("Flatten", {rows}, layer.name);
  }

  // Logits [N, outputs] to scores and label, as LogitsToScores and Decide do it.
  void Answers(std::string x) {
    const auto classes = static_cast<int64_t>(card_.class_names.size());
    if (card_.temperature != 1) {
      x = out_.Node("Mul", {x, Scalar("inverse_temperature", static_cast<float>(1 / card_.temperature))}, "tempered");
    }
    if (graph_.shape(graph_.output()).c == 1) {
      const std::string second = out_.Node("Sigmoid", {x}, "score_1");
      const std::string first = out_.Node("Sub", {Scalar("one", 1), second}, "score_0");
      out_.Node("Concat", {first, second}, "scores", {{"axis", int64_t{1}}});
    } else {
      out_.Node("Softmax", {x}, "scores", {{"axis", int64_t{1}}});
    }
    Label(classes);
    out_.Output("scores", DType::kF32, Ints{-1, classes});
    out_.Output("label", DType::kI64, Ints{-1});
  }

  void Label(int64_t classes) {
    if (classes > 2) {
      out_.Node("ArgMax", {"scores"}, "label", {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}});
      return;
    }
    const std::string column = out_.Constant("second_class", Ints{1});
    const std::string column_of_scores = out_.Node("Gather", {"scores", column}, "second", {{"axis", int64_t{1}}});
    const std::string second = out_.Node("Reshape", {column_of_scores, out_.Constant("row", Ints{-1})}, "second_score");
    const std::string threshold = Scalar("threshold", static_cast<float>(card_.threshold));
    const std::string reached = out_.Node("GreaterOrEqual", {second, threshold}, "reached");
    out_.Node("Cast", {reached}, "label", {{"to", int64_t{7}}});
  }

  void Describe() {
    Json names = Json::array();
    for (const std::string& name : card_.class_names) names.push_back(ToValidUtf8(name));
    out_.Metadata("classes", ToText(names));
    out_.Metadata("preprocessing", ToText(ToJson(card_.preprocessing)));
    out_.Metadata("network", ToText(ToJson(card_.network)));
    out_.Metadata("threshold", fmt::format("{}", card_.threshold));
    out_.Metadata("temperature", fmt::format("{}", card_.temperature));
    out_.Metadata("siskin", SISKIN_VERSION);
  }

  const ModelCard& card_;
  const TensorMap& weights_;
  const Graph graph_;
  OnnxGraph out_;
  std::vector<Value> values_;  // by layer
};

}  // namespace

ProtobufWriter OnnxModel(const ClassifierModel& model) {
  return OnnxExport(model).Write();
}

}  // namespace siskin
