#include "export/keras_layers.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace siskin {
namespace {

using Ints = std::vector<int64_t>;

class KerasTranslation {
 public:
  explicit KerasTranslation(const ModelCard& card) : card_(card), graph_(BuildModelGraph(card)) {
    for (LayerLayout& layer : graph_.Layout()) {
      for (ParameterSpec& parameter : layer.parameters) weights_[layer.name].push_back(std::move(parameter.name));
    }
  }

  KerasNetwork Translate() {
    for (const Layer& layer : graph_.layers()) {
      values_.push_back(layer.kind == LayerKind::kInput ? Pixels() : Translate(layer));
    }
    Scores();
    return std::move(network_);
  }

 private:
  // Appends a layer and returns its name. `weights`: the layer of the model that it gets its tensors from.
  std::string Append(const char* class_name, const std::string& name, Json config, std::vector<std::string> inputs,
                     Ints output) {
    KerasLayer layer{class_name, name, std::move(config), std::move(inputs), std::move(output), {}};
    if (const auto own = weights_.find(name); own != weights_.end()) layer.weights = own->second;
    network_.layers.push_back(std::move(layer));
    return name;
  }

  const Ints& ShapeOf(const std::string& name) const {
    return std::ranges::find(network_.layers, name, &KerasLayer::name)->output;
  }
  bool IsFlat(const std::string& name) const { return ShapeOf(name).size() == 1; }
  static Ints Map(const FeatureShape& shape) { return {shape.h, shape.w, shape.c}; }

  std::string Pixels() {
    const Preprocessing& p = card_.preprocessing;
    const Ints shape = {p.height, p.width, 3};
    Append("InputLayer", "image", {{"dtype", "float32"}}, {}, shape);
    const bool alike =
        p.scale[0] == p.scale[1] && p.scale[1] == p.scale[2] && p.shift[0] == p.shift[1] && p.shift[1] == p.shift[2];
    if (alike && !p.bgr) return Append("Rescaling", "preprocess", Rescaling(p.scale[0], p.shift[0]), {"image"}, shape);
    return ScaleEachChannel(shape);
  }

  static Json Rescaling(float scale, float offset) { return {{"scale", scale}, {"offset", offset}}; }

  // Rescaling has one factor for all channels, and no layer changes their order: a 1x1 convolution does both.
  std::string ScaleEachChannel(const Ints& shape) {
    const Preprocessing& p = card_.preprocessing;
    Tensor kernel(Shape{1, 1, 3, 3});  // [Cin, Cout]
    for (size_t out = 0; out < 3; ++out) kernel.data()[(p.bgr ? 2 - out : out) * 3 + out] = p.scale[out];
    network_.added.emplace("preprocess/kernel", std::move(kernel));
    network_.added.emplace("preprocess/bias", Tensor::FromFloats({3}, p.shift));
    weights_["preprocess"] = {"preprocess/kernel", "preprocess/bias"};
    Json config = {{"filters", 3}, {"kernel_size", {1, 1}}, {"strides", {1, 1}}, {"padding", "valid"}};
    config.update(Convolution(true));
    return Append("Conv2D", "preprocess", std::move(config), {"image"}, shape);
  }

  static Json Convolution(bool use_bias) {
    return {
        {"data_format", "channels_last"}, {"dilation_rate", {1, 1}}, {"activation", "linear"}, {"use_bias", use_bias}};
  }

  std::string Translate(const Layer& layer) {
    const std::string& x = values_[static_cast<size_t>(layer.inputs[0].index)];
    const Ints map = Map(layer.output), like_input = ShapeOf(x), channels = {layer.output.c};
    switch (layer.kind) {
      case LayerKind::kConv2D:
        return Windowed("Conv2D", layer, AsMap(x), "kernel_size", WithFilters(layer));
      case LayerKind::kDepthwiseConv2D:
        return Windowed("DepthwiseConv2D", layer, AsMap(x), "kernel_size", WithMultiplier(Convolution(layer.use_bias)));
      case LayerKind::kSeparableConv2D:
        return Windowed("SeparableConv2D", layer, AsMap(x), "kernel_size", WithMultiplier(WithFilters(layer)));
      case LayerKind::kMaxPool:
        return Windowed("MaxPooling2D", layer, x, "pool_size", {{"data_format", "channels_last"}});
      case LayerKind::kAveragePool:
        return Windowed("AveragePooling2D", layer, x, "pool_size", {{"data_format", "channels_last"}});
      case LayerKind::kBatchNorm:
        return Append("BatchNormalization", layer.name,
                      {{"axis", -1},
                       {"momentum", layer.momentum},
                       {"epsilon", layer.epsilon},
                       {"center", true},
                       {"scale", layer.scale}},
                      {x}, like_input);
      case LayerKind::kActivation:
        return Activate(layer, x);
      case LayerKind::kGlobalAveragePool:
        return Append("GlobalAveragePooling2D", layer.name, {{"data_format", "channels_last"}}, {x}, channels);
      case LayerKind::kGlobalMaxPool:
        return Append("GlobalMaxPooling2D", layer.name, {{"data_format", "channels_last"}}, {x}, channels);
      case LayerKind::kAdd:
        return Add(layer, like_input);
      case LayerKind::kConcat:
        return Append("Concatenate", layer.name, {{"axis", -1}}, Inputs(layer), map);
      case LayerKind::kDense:
        return Append("Dense", layer.name,
                      {{"units", layer.output.c}, {"use_bias", layer.use_bias}, {"activation", "linear"}}, {AsRow(x)},
                      channels);
      case LayerKind::kZeroPad:
        return ZeroPad(layer.name, layer.window.padding, x, map);
      case LayerKind::kDropout:
        return Append("Dropout", layer.name, {{"rate", layer.rate}}, {x}, like_input);
      case LayerKind::kSoftmax:
        return Append("Activation", layer.name, {{"activation", "softmax"}}, {AsRow(x)}, channels);
      case LayerKind::kSigmoid:
        return Append("Activation", layer.name, {{"activation", "sigmoid"}}, {x}, like_input);
      case LayerKind::kFlatten:
        return AsRow(x);
      default:
        break;
    }
    Fail(ErrorKind::kInternal, "{}: Keras export does not know this kind of layer", layer.name);
  }

  std::vector<std::string> Inputs(const Layer& layer) const {
    std::vector<std::string> names;
    for (const NodeId input : layer.inputs) names.push_back(values_[static_cast<size_t>(input.index)]);
    return names;
  }

  static Json WithFilters(const Layer& layer) {
    Json config = Convolution(layer.use_bias);
    config["filters"] = layer.output.c;
    return config;
  }

  static Json WithMultiplier(Json config) {
    config["depth_multiplier"] = 1;
    return config;
  }

  // Keras' windows pad as "same" means or not at all; whatever else the layer has becomes a layer of its own.
  std::string Windowed(const char* class_name, const Layer& layer, std::string x, const char* size_key, Json config) {
    const WindowParams& window = layer.window;
    const Ints in = ShapeOf(x);
    const Padding same = SamePadding(static_cast<int>(in[0]), static_cast<int>(in[1]), window.kernel_h, window.kernel_w,
                                     window.stride_h, window.stride_w);
    const bool padded = window.padding != Padding{};
    if (padded && window.padding != same) {
      if (layer.kind == LayerKind::kMaxPool || layer.kind == LayerKind::kAveragePool) {
        Fail(ErrorKind::kInternal, "{}: Keras has no pooling with this padding", layer.name);
      }
      const Padding& p = window.padding;
      x = ZeroPad(layer.name + "_pad", p, x, {in[0] + p.top + p.bottom, in[1] + p.left + p.right, in[2]});
    }
    config["padding"] = padded && window.padding == same ? "same" : "valid";
    config[size_key] = {window.kernel_h, window.kernel_w};
    config["strides"] = {window.stride_h, window.stride_w};
    return Append(class_name, layer.name, std::move(config), {x}, Map(layer.output));
  }

  std::string ZeroPad(const std::string& name, const Padding& p, const std::string& x, Ints output) {
    const Json padding = {{p.top, p.bottom}, {p.left, p.right}};
    return Append("ZeroPadding2D", name, {{"padding", padding}, {"data_format", "channels_last"}}, {x},
                  std::move(output));
  }

  std::string Activate(const Layer& layer, const std::string& x) {
    const char* names[] = {"linear", "relu", "relu6"};
    return Append("Activation", layer.name, {{"activation", names[static_cast<size_t>(layer.activation)]}}, {x},
                  ShapeOf(x));
  }

  // x + scale * residual
  std::string Add(const Layer& layer, const Ints& shape) {
    std::vector<std::string> inputs = Inputs(layer);
    if (layer.residual_scale != 1) {
      inputs[1] = Append("Rescaling", layer.name + "_scale", Rescaling(layer.residual_scale, 0), {inputs[1]}, shape);
    }
    return Append("Add", layer.name, Json::object(), std::move(inputs), shape);
  }

  // [C] as [1, 1, C], and the other way round.
  std::string AsMap(const std::string& x) {
    if (!IsFlat(x)) return x;
    const Ints shape = {1, 1, ShapeOf(x)[0]};
    return Append("Reshape", x + "_map", {{"target_shape", shape}}, {x}, shape);
  }
  std::string AsRow(const std::string& x) {
    if (IsFlat(x)) return x;
    const Ints in = ShapeOf(x);
    return Append("Flatten", x + "_row", {{"data_format", "channels_last"}}, {x}, {in[0] * in[1] * in[2]});
  }

  // Logits to scores, as LogitsToScores does it.
  void Scores() {
    std::string x = AsRow(values_.back());
    const int64_t outputs = ShapeOf(x)[0];
    if (card_.temperature != 1) {
      x = Append("Rescaling", "temperature", Rescaling(static_cast<float>(1 / card_.temperature), 0), {x}, {outputs});
    }
    if (outputs > 1) {
      Append("Activation", "scores", {{"activation", "softmax"}}, {x}, {outputs});
      return;
    }
    const std::string second = Append("Activation", "score_1", {{"activation", "sigmoid"}}, {x}, {1});
    const std::string first = Append("Rescaling", "score_0", Rescaling(-1, 1), {second}, {1});
    Append("Concatenate", "scores", {{"axis", -1}}, {first, second}, {2});
  }

  const ModelCard& card_;
  const Graph graph_;
  std::map<std::string, std::vector<std::string>> weights_;  // names of the tensors of each layer
  KerasNetwork network_;
  std::vector<std::string> values_;  // by layer of the graph: the name of the Keras layer that computes it
};

}  // namespace

const Tensor& KerasNetwork::WeightNamed(const std::string& name, const TensorMap& model_weights) const {
  const auto own = added.find(name);
  return own != added.end() ? own->second : model_weights.at(name);
}

Json ExportNotes(const ModelCard& card) {
  return {{"version", SISKIN_VERSION},
          {"classes", card.class_names},
          {"threshold", card.threshold},
          {"network", ToJson(card.network)},
          {"preprocessing", ToJson(card.preprocessing)}};
}

KerasNetwork KerasLayers(const ClassifierModel& model) {
  return KerasTranslation(model.card).Translate();
}

}  // namespace siskin
