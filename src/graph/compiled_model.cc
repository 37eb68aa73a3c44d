#include "graph/compiled_model.h"

#include <utility>

#include "graph/executor.h"
#include "graph/passes.h"
#include "graph/program.h"
#include "graph/storage.h"

namespace siskin {

struct CompiledModel::Impl {
  Impl(const Graph& from, const TensorMap& weights);

  void Bind(Program program);
  void Bind(Op& op);
  void BindConcat(const Op& op);
  void Append(const Op& op, BoundOp bound);

  const Slot& SlotOf(ValueId value) const { return storage.slots[static_cast<size_t>(value)]; }

  Graph graph;
  FeatureShape input, output;
  Storage storage;
  std::vector<BoundOp> ops;
  std::vector<Step> steps;  // what `ops` do
};

namespace {

Program CompileProgram(const Graph& graph, const TensorMap& weights) {
  Program program = Lower(graph, weights);
  Optimize(program);
  return program;
}

}  // namespace

CompiledModel::Impl::Impl(const Graph& from, const TensorMap& weights) : graph(from) {
  Program program = CompileProgram(graph, weights);
  input = program.values[static_cast<size_t>(program.input)];
  output = program.values[static_cast<size_t>(program.output)];
  storage = AssignStorage(program);
  Bind(std::move(program));
}

void CompiledModel::Impl::Bind(Program program) {
  ops.clear();
  steps.clear();
  for (Op& op : program.ops) Bind(op);
}

void CompiledModel::Impl::Bind(Op& op) {
  if (op.kind == LayerKind::kConcat) return BindConcat(op);
  BoundOp bound = BindWeights(op);
  bound.input = SlotOf(op.inputs[0]);
  if (op.kind == LayerKind::kAdd) bound.other = SlotOf(op.inputs[1]);
  if (op.residual != kNoValue) bound.other = SlotOf(op.residual);
  bound.output = SlotOf(op.output);
  Append(op, std::move(bound));
}

// One copy for each part that was not computed in its place.
void CompiledModel::Impl::BindConcat(const Op& op) {
  const Slot& whole = SlotOf(op.output);
  int first_channel = 0;
  for (const ValueId part : op.inputs) {
    BoundOp copy;
    copy.kind = LayerKind::kConcat;
    copy.input = SlotOf(part);
    copy.output = whole;
    copy.first_channel = first_channel;
    first_channel += copy.input.shape.c;
    if (!IsSliceAt(copy.input, whole, copy.first_channel)) Append(op, std::move(copy));
  }
}

void CompiledModel::Impl::Append(const Op& op, BoundOp bound) {
  steps.push_back({op.name, KernelName(bound), op.fused, bound.output.shape, op.multiply_adds});
  ops.push_back(std::move(bound));
}

CompiledModel::CompiledModel(const Graph& graph, const TensorMap& weights)
    : impl_(std::make_unique<Impl>(graph, weights)) {}
CompiledModel::~CompiledModel() = default;

// The passes look at the graph alone, so that the same ops come out, in the same places.
void CompiledModel::ReplaceWeights(const TensorMap& weights) {
  impl_->Bind(CompileProgram(impl_->graph, weights));
}

FeatureShape CompiledModel::input_shape() const {
  return impl_->input;
}
FeatureShape CompiledModel::output_shape() const {
  return impl_->output;
}

size_t CompiledModel::weights_bytes() const {
  size_t bytes = 0;
  for (const BoundOp& op : impl_->ops) bytes += WeightsBytes(op);
  return bytes;
}

const std::vector<CompiledModel::Step>& CompiledModel::steps() const {
  return impl_->steps;
}

std::span<const BoundOp> CompiledModel::ops() const {
  return impl_->ops;
}

const std::vector<Lifetime>& CompiledModel::buffers() const {
  return impl_->storage.buffers;
}

}  // namespace siskin
