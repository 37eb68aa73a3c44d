#include "graph/program.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"
#include "graph/layer_rows.h"
#include "graph/parameters.h"

namespace siskin {
namespace {

// The weights of a graph with their shapes checked.
class CheckedWeights {
 public:
  CheckedWeights(const Graph& graph, const TensorMap& weights) : weights_(weights) {
    for (const LayerLayout& layer : graph.Layout()) {
      for (const auto& [name, shape] : layer.parameters) FindParameter(weights, name, shape);
    }
  }

  std::span<const float> Get(const Layer& layer, const char* role) const { return Lend(layer, role).values<float>(); }
  const Tensor& Lend(const Layer& layer, const char* role) const { return weights_.at(layer.name + "/" + role); }

 private:
  const TensorMap& weights_;
};

void LowerBatchNorm(const Layer& layer, const CheckedWeights& weights, Op& op) {
  const auto beta = weights.Get(layer, "beta"), mean = weights.Get(layer, "moving_mean");
  const auto variance = weights.Get(layer, "moving_variance");
  const auto gamma = layer.scale ? weights.Get(layer, "gamma") : std::span<const float>();
  for (size_t c = 0; c < beta.size(); ++c) {
    const double scale = (gamma.empty() ? 1.0 : gamma[c]) / std::sqrt(double{variance[c]} + double{layer.epsilon});
    op.scale.push_back(scale);
    op.shift.push_back(beta[c] - mean[c] * scale);
  }
}

// The part of Graph::num_multiply_adds that this op does.
int64_t MultiplyAdds(const Op& op, const FeatureShape& output) {
  return int64_t{output.h} * output.w * static_cast<int64_t>(op.depthwise.size() + op.matrix.size());
}

Op LowerLayer(const Layer& layer, const CheckedWeights& weights) {
  Op op;
  op.kind = layer.kind;
  op.name = layer.name;
  op.window = layer.window;
  op.activation = layer.activation;
  for (const NodeId input : layer.inputs) op.inputs.push_back(input.index);
  const LayerRow& row = RowOf(layer.kind);
  if (row.matrix != nullptr) op.matrix = Filter(weights.Lend(layer, row.matrix));
  if (row.depthwise != nullptr) op.depthwise = Filter(weights.Lend(layer, row.depthwise));
  if (layer.use_bias) {
    const auto bias = weights.Get(layer, "bias");
    op.bias.assign(bias.begin(), bias.end());
  }
  if (layer.kind == LayerKind::kBatchNorm) LowerBatchNorm(layer, weights, op);
  op.columns = layer.output.c;
  op.multiply_adds = MultiplyAdds(op, layer.output);
  return op;
}

// x + s * residual is an addition after a normalisation by s, which FoldBatchNorm moves into the weights of the
// convolution that computes the residual.
void ScaleResidual(float factor, Program& program) {
  Op& add = program.ops.back();
  const Value scaled = program.values[static_cast<size_t>(add.inputs[1])];
  Op scale;
  scale.kind = LayerKind::kBatchNorm;
  scale.name = add.name;
  scale.inputs = {add.inputs[1]};
  scale.output = add.inputs[1] = static_cast<ValueId>(program.values.size());
  scale.scale.assign(static_cast<size_t>(scaled.shape.c), factor);
  scale.shift.assign(static_cast<size_t>(scaled.shape.c), 0.0);
  program.values.push_back(scaled);
  program.ops.insert(program.ops.end() - 1, std::move(scale));
}

}  // namespace

Program Lower(const Graph& graph, const TensorMap& weights) {
  if (graph.layers().empty()) Fail(ErrorKind::kInternal, "a graph without layers");
  const CheckedWeights checked(graph, weights);
  Program program;
  // Numbered as layers are.
  for (const Layer& layer : graph.layers()) program.values.push_back({.shape = layer.output});
  ValueId id = 0;
  for (const Layer& layer : graph.layers()) {
    if (layer.kind == LayerKind::kInput) {
      program.input = id;
    } else {
      program.ops.push_back(LowerLayer(layer, checked));
      program.ops.back().output = id;
      if (layer.kind == LayerKind::kAdd && layer.residual_scale != 1) ScaleResidual(layer.residual_scale, program);
    }
    ++id;
  }
  program.output = graph.output().index;
  return program;
}

int NumUses(const Program& program, ValueId value) {
  int uses = program.output == value ? 1 : 0;
  for (const Op& op : program.ops) {
    uses += static_cast<int>(std::count(op.inputs.begin(), op.inputs.end(), value));
    uses += op.residual == value ? 1 : 0;
  }
  return uses;
}

int ProducerOf(const Program& program, ValueId value) {
  for (size_t i = 0; i < program.ops.size(); ++i) {
    if (program.ops[i].output == value) return static_cast<int>(i);
  }
  return -1;
}

void ReplaceUses(Program& program, ValueId from, ValueId to) {
  for (Op& op : program.ops) {
    std::replace(op.inputs.begin(), op.inputs.end(), from, to);
    if (op.residual == from) op.residual = to;
  }
  if (program.output == from) program.output = to;
}

Op& Absorb(Program& program, int producer, int consumer) {
  Op& first = program.ops[static_cast<size_t>(producer)];
  Op& second = program.ops[static_cast<size_t>(consumer)];
  first.fused.push_back(second.name);
  first.fused.insert(first.fused.end(), second.fused.begin(), second.fused.end());
  first.output = second.output;
  second = std::move(first);
  program.ops.erase(program.ops.begin() + producer);
  return program.ops[static_cast<size_t>(consumer) - 1];
}

}  // namespace siskin
