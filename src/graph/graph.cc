#include "graph/graph.h"

#include <algorithm>

#include "base/error.h"
#include "graph/keras_order.h"
#include "graph/layer_rows.h"

namespace siskin {
namespace {

// Kernel, stride and padding with the padding that the mode means for this input. kUsage if the window does not fit.
WindowParams ResolveWindow(const std::string& name, const FeatureShape& x, int kernel_h, int kernel_w, int stride,
                           PaddingMode mode) {
  if (kernel_h < 1 || kernel_w < 1 || stride < 1) {
    Fail(ErrorKind::kInternal, "{}: a {}x{} window of stride {} makes no sense", name, kernel_h, kernel_w, stride);
  }
  WindowParams window{kernel_h, kernel_w, stride, stride, {}};
  if (mode == PaddingMode::kSame) window.padding = SamePadding(x.h, x.w, kernel_h, kernel_w, stride, stride);
  const Padding& padding = window.padding;
  if (x.h + padding.top + padding.bottom < kernel_h || x.w + padding.left + padding.right < kernel_w) {
    Fail(ErrorKind::kUsage,
         "{}: its {}x{} window does not fit the {}x{} activation that reaches it; use a larger input size", name,
         kernel_h, kernel_w, x.h, x.w);
  }
  return window;
}

FeatureShape WindowOutput(const WindowParams& window, const FeatureShape& x, int channels) {
  return {window.OutputHeight(x.h), window.OutputWidth(x.w), channels};
}

int InputChannels(const std::vector<Layer>& layers, const Layer& layer) {
  return layer.inputs.empty() ? 0 : layers[static_cast<size_t>(layer.inputs[0].index)].output.c;
}

std::vector<std::vector<size_t>> IndicesOfInputs(const std::vector<Layer>& layers) {
  std::vector<std::vector<size_t>> indices(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    for (const NodeId input : layers[i].inputs) indices[i].push_back(static_cast<size_t>(input.index));
  }
  return indices;
}

}  // namespace

NodeId Graph::Append(LayerKind kind, std::string name, std::vector<NodeId> inputs, FeatureShape output) {
  for (const Layer& other : layers_) {
    if (other.name == name) Fail(ErrorKind::kInternal, "{}: two layers have this name", name);
  }
  Layer layer;
  layer.kind = kind;
  layer.name = std::move(name);
  layer.inputs = std::move(inputs);
  layer.output = output;
  layers_.push_back(std::move(layer));
  return Graph::output();
}

Layer& Graph::last() {
  return layers_.back();
}

FeatureShape Graph::InputShape(const std::string& name, NodeId x) const {
  if (x.index < 0 || static_cast<size_t>(x.index) >= layers_.size()) {
    Fail(ErrorKind::kInternal, "{}: its input is no layer of this graph", name);
  }
  return shape(x);
}

NodeId Graph::Input(int h, int w, int c) {
  if (!layers_.empty()) Fail(ErrorKind::kInternal, "a graph has one input, and it comes first");
  if (h < 1 || w < 1 || c < 1) Fail(ErrorKind::kUsage, "an input of {}x{}x{} is empty", h, w, c);
  return Append(LayerKind::kInput, "input", {}, {h, w, c});
}

NodeId Graph::ZeroPad(std::string name, NodeId x, const Padding& padding) {
  const FeatureShape in = InputShape(name, x);
  if (std::min({padding.top, padding.bottom, padding.left, padding.right}) < 0) {
    Fail(ErrorKind::kInternal, "{}: negative padding", name);
  }
  const WindowParams window{1, 1, 1, 1, padding};
  const NodeId id = Append(LayerKind::kZeroPad, std::move(name), {x}, WindowOutput(window, in, in.c));
  last().window = window;
  return id;
}

NodeId Graph::AppendConv(LayerKind kind, std::string name, NodeId x, const Conv& conv, int filters) {
  const FeatureShape in = InputShape(name, x);
  if (filters < 1) Fail(ErrorKind::kInternal, "{}: {} filters", name, filters);
  const int kernel_w = conv.kernel_w > 0 ? conv.kernel_w : conv.kernel;
  const WindowParams window = ResolveWindow(name, in, conv.kernel, kernel_w, conv.stride, conv.padding);
  const NodeId id = Append(kind, std::move(name), {x}, WindowOutput(window, in, filters));
  last().window = window;
  last().use_bias = conv.use_bias;
  return id;
}

NodeId Graph::Conv2D(std::string name, NodeId x, const Conv& conv) {
  return AppendConv(LayerKind::kConv2D, std::move(name), x, conv, conv.filters);
}

NodeId Graph::DepthwiseConv2D(std::string name, NodeId x, const Conv& conv) {
  const int channels = InputShape(name, x).c;
  return AppendConv(LayerKind::kDepthwiseConv2D, std::move(name), x, conv, channels);
}

NodeId Graph::SeparableConv2D(std::string name, NodeId x, const Conv& conv) {
  return AppendConv(LayerKind::kSeparableConv2D, std::move(name), x, conv, conv.filters);
}

NodeId Graph::BatchNorm(std::string name, NodeId x, const Norm& norm) {
  const FeatureShape in = InputShape(name, x);
  const NodeId id = Append(LayerKind::kBatchNorm, std::move(name), {x}, in);
  last().momentum = norm.momentum;
  last().epsilon = norm.epsilon;
  last().scale = norm.scale;
  return id;
}

NodeId Graph::Activate(std::string name, NodeId x, Activation activation) {
  const FeatureShape in = InputShape(name, x);
  const NodeId id = Append(LayerKind::kActivation, std::move(name), {x}, in);
  last().activation = activation;
  return id;
}

NodeId Graph::AppendPool(LayerKind kind, std::string name, NodeId x, const Pool& pool) {
  const FeatureShape in = InputShape(name, x);
  const WindowParams window = ResolveWindow(name, in, pool.size, pool.size, pool.stride, pool.padding);
  const NodeId id = Append(kind, std::move(name), {x}, WindowOutput(window, in, in.c));
  last().window = window;
  return id;
}

NodeId Graph::MaxPool(std::string name, NodeId x, const Pool& pool) {
  return AppendPool(LayerKind::kMaxPool, std::move(name), x, pool);
}

NodeId Graph::AveragePool(std::string name, NodeId x, const Pool& pool) {
  return AppendPool(LayerKind::kAveragePool, std::move(name), x, pool);
}

NodeId Graph::GlobalAveragePool(std::string name, NodeId x) {
  const FeatureShape in = InputShape(name, x);
  return Append(LayerKind::kGlobalAveragePool, std::move(name), {x}, {1, 1, in.c});
}

NodeId Graph::GlobalMaxPool(std::string name, NodeId x) {
  const FeatureShape in = InputShape(name, x);
  return Append(LayerKind::kGlobalMaxPool, std::move(name), {x}, {1, 1, in.c});
}

NodeId Graph::AddScaled(std::string name, NodeId x, NodeId residual, float scale) {
  const FeatureShape left = InputShape(name, x), right = InputShape(name, residual);
  if (left != right) {
    Fail(ErrorKind::kInternal, "{}: {}x{}x{} and {}x{}x{} cannot be added", name, left.h, left.w, left.c, right.h,
         right.w, right.c);
  }
  const NodeId id = Append(LayerKind::kAdd, std::move(name), {x, residual}, left);
  last().residual_scale = scale;
  return id;
}

NodeId Graph::Concat(std::string name, const std::vector<NodeId>& parts) {
  if (parts.empty()) Fail(ErrorKind::kInternal, "{}: nothing to concatenate", name);
  FeatureShape whole = InputShape(name, parts[0]);
  whole.c = 0;
  for (const NodeId part : parts) {
    const FeatureShape in = InputShape(name, part);
    if (in.h != whole.h || in.w != whole.w) {
      Fail(ErrorKind::kInternal, "{}: parts of {}x{} and {}x{} cannot be concatenated", name, whole.h, whole.w, in.h,
           in.w);
    }
    whole.c += in.c;
  }
  return Append(LayerKind::kConcat, std::move(name), parts, whole);
}

NodeId Graph::Dense(std::string name, NodeId x, int units) {
  const FeatureShape in = InputShape(name, x);
  if (in.h != 1 || in.w != 1 || units < 1) {
    Fail(ErrorKind::kInternal, "{}: {} units over {}x{}x{}; flatten or pool first", name, units, in.h, in.w, in.c);
  }
  const NodeId id = Append(LayerKind::kDense, std::move(name), {x}, {1, 1, units});
  last().use_bias = true;
  return id;
}

NodeId Graph::Dropout(std::string name, NodeId x, float rate) {
  const FeatureShape in = InputShape(name, x);
  const NodeId id = Append(LayerKind::kDropout, std::move(name), {x}, in);
  last().rate = rate;
  return id;
}

NodeId Graph::Softmax(std::string name, NodeId x) {
  const FeatureShape in = InputShape(name, x);
  return Append(LayerKind::kSoftmax, std::move(name), {x}, in);
}

NodeId Graph::Sigmoid(std::string name, NodeId x) {
  const FeatureShape in = InputShape(name, x);
  return Append(LayerKind::kSigmoid, std::move(name), {x}, in);
}

NodeId Graph::Flatten(std::string name, NodeId x) {
  const FeatureShape in = InputShape(name, x);
  return Append(LayerKind::kFlatten, std::move(name), {x}, {1, 1, in.h * in.w * in.c});
}

void Graph::MarkUnnamed(NodeId x) {
  InputShape("MarkUnnamed", x);  // checks x
  layers_[static_cast<size_t>(x.index)].named_by_keras = false;
}

std::pair<Graph, Graph> Graph::SplitBefore(std::string_view name) const {
  const auto cut = std::ranges::find(layers_, name, &Layer::name);
  if (cut == layers_.begin() || cut == layers_.end()) {
    Fail(ErrorKind::kInternal, "no layer {} to cut a network before", name);
  }
  std::pair<Graph, Graph> parts;
  parts.first.layers_.assign(layers_.begin(), cut);
  const int seam = parts.first.output().index;
  const FeatureShape& shape = parts.first.shape(parts.first.output());
  parts.second.Input(shape.h, shape.w, shape.c);
  for (auto layer = cut; layer != layers_.end(); ++layer) {
    Layer copy = *layer;
    for (NodeId& input : copy.inputs) {
      if (input.index < seam) {
        Fail(ErrorKind::kInternal, "{} reads a layer far before {}, where the network is cut", copy.name, name);
      }
      input.index -= seam;
    }
    parts.second.layers_.push_back(std::move(copy));
  }
  return parts;
}

NetworkLayout Graph::Layout() const {
  NetworkLayout layout;
  for (const size_t index : KerasOrder(IndicesOfInputs(layers_))) {
    const Layer& layer = layers_[index];
    const LayerRow& row = RowOf(layer.kind);
    if (row.parameters == nullptr) continue;
    layout.push_back({layer.name, row.keras_class, layer.named_by_keras, {}});
    std::vector<ParameterSpec>& parameters = layout.back().parameters;
    for (const auto& [role, shape] : row.parameters(layer, InputChannels(layers_, layer))) {
      parameters.push_back({layer.name + "/" + role, shape});
    }
    if (layer.use_bias) parameters.push_back({layer.name + "/bias", {layer.output.c}});
  }
  return layout;
}

int64_t Graph::num_parameters() const {
  int64_t count = 0;
  for (const LayerLayout& layer : Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) count += parameter.shape.num_elements();
  }
  return count;
}

int64_t Graph::num_multiply_adds() const {
  int64_t count = 0;
  for (const Layer& layer : layers_) {
    const LayerRow& row = RowOf(layer.kind);
    if (row.multiply_adds != nullptr) count += row.multiply_adds(layer, InputChannels(layers_, layer));
  }
  return count;
}

int Graph::depth() const {
  std::vector<int> depths;  // by layer
  for (const Layer& layer : layers_) {
    int depth = 0;
    for (const NodeId input : layer.inputs) depth = std::max(depth, depths[static_cast<size_t>(input.index)]);
    depths.push_back(depth + (RowOf(layer.kind).multiply_adds != nullptr ? 1 : 0));
  }
  return depths.empty() ? 0 : depths.back();
}

}  // namespace siskin
