#include "graph/training_program.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "graph/layer_rows.h"

namespace siskin {
namespace {

Padding operator+(const Padding& a, const Padding& b) {
  return {a.top + b.top, a.bottom + b.bottom, a.left + b.left, a.right + b.right};
}

// Offsets of a layer's parameters by their role: "kernel", "gamma", ...
using Roles = std::map<std::string, size_t>;

class Lowering {
 public:
  explicit Lowering(const Graph& graph) : layers_(graph.layers()), consumers_(layers_.size()) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      for (const NodeId input : layers_[i].inputs) consumers_[static_cast<size_t>(input.index)].push_back(i);
    }
    for (const LayerLayout& layer : graph.Layout()) PlaceParameters(layer);
  }

  TrainingProgram Lower() && {
    value_of_.resize(layers_.size(), -1);
    for (size_t i = 0; i < layers_.size(); ++i) LowerLayer(i);
    program_.output = value_of_.back();
    return std::move(program_);
  }

 private:
  void PlaceParameters(const LayerLayout& layer) {
    for (const ParameterSpec& spec : layer.parameters) {
      const std::string role = spec.name.substr(layer.name.size() + 1);
      const bool moves = role == "moving_mean" || role == "moving_variance";
      std::vector<TrainingParameter>& list = moves ? program_.statistics : program_.parameters;
      const size_t offset = list.empty() ? 0 : list.back().offset + list.back().size;
      const auto size = static_cast<size_t>(spec.shape.num_elements());
      list.push_back({spec.name, spec.shape, offset, size, role.find("kernel") != std::string::npos});
      roles_[layer.name][role] = offset;
    }
  }

  size_t Offset(const Layer& layer, const char* role) const {
    const auto of_layer = roles_.find(layer.name);
    if (of_layer == roles_.end()) return kNoParameter;
    const auto found = of_layer->second.find(role);
    return found == of_layer->second.end() ? kNoParameter : found->second;
  }

  int NewValue(const FeatureShape& shape) {
    program_.values.push_back(shape);
    return static_cast<int>(program_.values.size()) - 1;
  }

  const Layer& SourceOf(const Layer& layer) const { return layers_[static_cast<size_t>(layer.inputs[0].index)]; }

  template <class Predicate>
  bool AllConsumers(size_t index, const Predicate& predicate) const {
    const std::vector<size_t>& list = consumers_[index];
    return !list.empty() && std::ranges::all_of(list, [&](size_t i) { return predicate(layers_[i].kind); });
  }

  // Zeros around convolutions; and around a maximum of what is nowhere below zero, where they never win: a window of
  // zeros has no gradient to lose, because the activation in front lets none through.
  bool IsPaddingOfWindows(size_t index) const {
    const Layer& pad = layers_[index];
    const bool non_negative =
        SourceOf(pad).kind == LayerKind::kActivation && SourceOf(pad).activation != Activation::kNone;
    const auto pads = [&](size_t i) {
      const Layer& reader = layers_[i];
      return RowOf(reader.kind).takes_padding ||
             (non_negative && reader.kind == LayerKind::kMaxPool && PadsLessThanAWindow(pad.window.padding, reader));
    };
    return !consumers_[index].empty() && std::ranges::all_of(consumers_[index], pads);
  }

  // Every window still touches the image.
  static bool PadsLessThanAWindow(const Padding& padding, const Layer& pool) {
    const Padding all = padding + pool.window.padding;
    return std::max(all.top, all.bottom) < pool.window.kernel_h && std::max(all.left, all.right) < pool.window.kernel_w;
  }

  // The layer's output is its input's: it is computed by whoever reads it.
  bool Vanishes(size_t index) const {
    const Layer& layer = layers_[index];
    if (layer.kind == LayerKind::kZeroPad) return IsPaddingOfWindows(index);
    // A ReLU is done while loading, unless it can be a part of the batch normalisation before it.
    return layer.kind == LayerKind::kActivation && layer.activation == Activation::kRelu &&
           SourceOf(layer).kind != LayerKind::kBatchNorm &&
           AllConsumers(index, [](LayerKind kind) { return RowOf(kind).depthwise != nullptr; });
  }

  void LowerLayer(size_t index) {
    const Layer& layer = layers_[index];
    if (layer.kind == LayerKind::kInput) {
      value_of_[index] = NewValue(layer.output);
      return;
    }
    if (Vanishes(index) || JoinsBatchNorm(index)) return;
    TrainingOp op;
    op.kind = layer.kind;
    op.name = layer.name;
    op.window = layer.window;
    op.activation = layer.activation;
    op.epsilon = layer.epsilon;
    op.momentum = layer.momentum;
    op.rate = layer.rate;
    op.residual_scale = layer.residual_scale;
    for (const NodeId input : layer.inputs) op.inputs.push_back(Read(static_cast<size_t>(input.index), &op));
    Bind(layer, &op);
    Specialise(layer, &op);
    op.output = NewValue(layer.output);
    value_of_[index] = op.output;
    producer_[op.output] = program_.ops.size();
    program_.ops.push_back(std::move(op));
  }

  // An activation that alone reads a batch normalisation's output becomes a part of it.
  bool JoinsBatchNorm(size_t index) {
    const Layer& layer = layers_[index];
    if (layer.kind != LayerKind::kActivation || SourceOf(layer).kind != LayerKind::kBatchNorm) return false;
    const auto source = static_cast<size_t>(layer.inputs[0].index);
    if (consumers_[source].size() != 1) return false;
    program_.ops[producer_.at(value_of_[source])].activation = layer.activation;
    value_of_[index] = value_of_[source];
    return true;
  }

  // The value that a consumer of layer `index` reads; what vanished in between goes into its window and loads.
  int Read(size_t index, TrainingOp* op) const {
    const Layer& layer = layers_[index];
    if (value_of_[index] >= 0) return value_of_[index];
    if (layer.kind == LayerKind::kZeroPad) op->window.padding = op->window.padding + layer.window.padding;
    if (layer.kind == LayerKind::kActivation) op->relu_input = true;
    return Read(static_cast<size_t>(layer.inputs[0].index), op);
  }

  void Bind(const Layer& layer, TrainingOp* op) const {
    const LayerRow& row = RowOf(layer.kind);
    if (row.matrix != nullptr) op->at.kernel = Offset(layer, row.matrix);
    if (row.depthwise != nullptr) op->at.depthwise = Offset(layer, row.depthwise);
    op->at.bias = Offset(layer, "bias");
    op->at.gamma = Offset(layer, "gamma");
    op->at.beta = Offset(layer, "beta");
    op->at.mean = Offset(layer, "moving_mean");
    op->at.variance = Offset(layer, "moving_variance");
  }

  // Layers that are a case of another one.
  void Specialise(const Layer& layer, TrainingOp* op) const {
    op->kind = RowOf(layer.kind).trained_as;
    if (RowOf(op->kind).forward == nullptr) {
      Fail(ErrorKind::kInternal, "{}: a layer of this kind cannot be trained through", layer.name);
    }
    if (layer.kind == LayerKind::kGlobalAveragePool || layer.kind == LayerKind::kGlobalMaxPool) {
      const FeatureShape& in = program_.values[static_cast<size_t>(op->inputs[0])];
      op->window = {.kernel_h = in.h, .kernel_w = in.w};
    }
  }

  const std::vector<Layer>& layers_;
  std::vector<std::vector<size_t>> consumers_;  // of every layer
  std::map<std::string, Roles> roles_;
  std::vector<int> value_of_;       // by layer; -1: vanished
  std::map<int, size_t> producer_;  // op of a value
  TrainingProgram program_;
};

}  // namespace

TrainingProgram LowerForTraining(const Graph& graph) {
  if (graph.layers().empty()) Fail(ErrorKind::kInternal, "a graph without layers");
  return Lowering(graph).Lower();
}

}  // namespace siskin
