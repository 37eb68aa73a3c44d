#include "graph/compiled_model.h"

#include <utility>

#include "graph/layer_rows.h"
#include "graph/passes.h"
#include "graph/program.h"
#include "graph/storage.h"

namespace siskin {
namespace {

Program CompileProgram(const Graph& graph, const TensorMap& weights) {
  Program program = Lower(graph, weights);
  Optimize(program);
  return program;
}

const char* KernelName(const Op& op) {
  const bool pointwise = op.kind == LayerKind::kConv2D && op.window == WindowParams{};
  return pointwise ? "matmul" : RowOf(op.kind).kernel;
}

// Frees the tensors that lend a step its filters.
void FreeFilters(const Filter& matrix, const Filter& depthwise, TensorMap* tensors) {
  std::erase_if(*tensors,
                [&](const auto& named) { return matrix.IsLentBy(named.second) || depthwise.IsLentBy(named.second); });
}

}  // namespace

struct CompiledModel::Impl {
  Impl(const Graph& from, const TensorMap& weights, const Backend& by, TensorMap* to_free);

  void BindWeights(Program program, TensorMap* to_free);
  void AddSteps(const Op& op);
  void AddConcat(const Op& op);
  void Append(const Op& op, PlanStep step);
  PlanStep StepOf(const Op& op) const;
  const Slot& SlotOf(ValueId value) const { return storage.slots[static_cast<size_t>(value)]; }

  Graph graph;
  const Backend& backend;
  FeatureShape input, output;
  Storage storage;
  std::vector<PlanStep> plan_steps;
  std::vector<Step> steps;                           // what they do
  int when = 0;                                      // which op of the program the steps are made of
  std::vector<std::unique_ptr<BoundWeights>> bound;  // by step
};

CompiledModel::Impl::Impl(const Graph& from, const TensorMap& weights, const Backend& by, TensorMap* to_free)
    : graph(from), backend(by) {
  Program program = CompileProgram(graph, weights);
  input = program.values[static_cast<size_t>(program.input)].shape;
  output = program.values[static_cast<size_t>(program.output)].shape;
  storage = AssignStorage(program);
  for (const Op& op : program.ops) {
    AddSteps(op);
    ++when;
  }
  BindWeights(std::move(program), to_free);
}

// One by one: there are never more than one step's weights scaled, or, if they are freed, twice.
void CompiledModel::Impl::BindWeights(Program program, TensorMap* to_free) {
  bound.resize(plan_steps.size());
  for (size_t i = 0; i < bound.size(); ++i) {
    Op& op = program.ops[static_cast<size_t>(plan_steps[i].when)];
    const Filter matrix = op.matrix, depthwise = op.depthwise;
    bound[i] = backend.Bind(std::move(op));
    if (to_free != nullptr) FreeFilters(matrix, depthwise, to_free);
  }
}

void CompiledModel::Impl::AddSteps(const Op& op) {
  if (op.kind == LayerKind::kConcat) return AddConcat(op);
  PlanStep step = StepOf(op);
  step.x = SlotOf(op.inputs[0]);
  if (op.kind == LayerKind::kAdd) step.other = SlotOf(op.inputs[1]);
  if (op.residual != kNoValue) step.other = SlotOf(op.residual);
  Append(op, std::move(step));
}

// One copy for each part that was not computed in its place.
void CompiledModel::Impl::AddConcat(const Op& op) {
  int first_channel = 0;
  for (const ValueId part : op.inputs) {
    PlanStep copy = StepOf(op);
    copy.x = SlotOf(part);
    copy.first_channel = first_channel;
    first_channel += copy.x.shape.c;
    if (!IsSliceAt(copy.x, copy.y, copy.first_channel)) Append(op, std::move(copy));
  }
}

PlanStep CompiledModel::Impl::StepOf(const Op& op) const {
  PlanStep step;
  step.kind = RowOf(op.kind).step;
  step.what = KernelName(op);
  step.layer = op.name;
  step.y = SlotOf(op.output);
  step.window = op.window;
  step.relu_input = op.relu_input;
  step.between = op.between;
  step.activation = op.activation;
  return step;
}

void CompiledModel::Impl::Append(const Op& op, PlanStep step) {
  step.index = static_cast<int>(plan_steps.size());
  step.when = when;
  steps.push_back({op.name, step.what, op.fused, step.y.shape, op.multiply_adds});
  plan_steps.push_back(std::move(step));
}

CompiledModel::CompiledModel(const Graph& graph, const TensorMap& weights, const Backend& backend)
    : impl_(std::make_unique<Impl>(graph, weights, backend, nullptr)) {}
CompiledModel::CompiledModel(const Graph& graph, TensorMap&& weights, const Backend& backend)
    : impl_(std::make_unique<Impl>(graph, weights, backend, &weights)) {}
CompiledModel::~CompiledModel() = default;

// The passes look at the graph alone, so that the same ops come out, in the same order.
void CompiledModel::ReplaceWeights(const TensorMap& weights) {
  impl_->BindWeights(CompileProgram(impl_->graph, weights), nullptr);
}

FeatureShape CompiledModel::input_shape() const {
  return impl_->input;
}
FeatureShape CompiledModel::output_shape() const {
  return impl_->output;
}

size_t CompiledModel::weights_bytes() const {
  size_t bytes = 0;
  for (const auto& bound : impl_->bound) bytes += bound->num_bytes();
  return bytes;
}

const std::vector<CompiledModel::Step>& CompiledModel::steps() const {
  return impl_->steps;
}
const Backend& CompiledModel::backend() const {
  return impl_->backend;
}
std::span<const PlanStep> CompiledModel::plan_steps() const {
  return impl_->plan_steps;
}
std::span<const std::unique_ptr<BoundWeights>> CompiledModel::bound() const {
  return impl_->bound;
}
const std::vector<Lifetime>& CompiledModel::buffers() const {
  return impl_->storage.buffers;
}

}  // namespace siskin
