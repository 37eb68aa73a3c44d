#include "graph/training_lowering.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace siskin {

TrainingLowering::TrainingLowering(const TrainingProgram& program, bool batch_statistics)
    : program_(program),
      batch_statistics_(batch_statistics),
      gradients_(program.values, list_),
      producer_(program.values.size(), nullptr),
      activations_(program.values.size()) {
  for (const TrainingOp& op : program.ops) producer_[static_cast<size_t>(op.output)] = &op;
  for (const TrainingParameter& parameter : program.parameters) {
    ranges_[parameter.offset] = {parameter.offset, parameter.offset + parameter.size};
  }
}

// Computed again in the backward pass instead of being kept.
bool TrainingLowering::IsCheap(int value) const {
  const TrainingOp* op = ProducerOf(value);
  return op != nullptr && (op->kind == LayerKind::kBatchNorm || op->kind == LayerKind::kActivation);
}

PlanStep TrainingLowering::StepOf(StepKind kind, const TrainingOp& op, const char* what) const {
  PlanStep step;
  step.kind = kind;
  step.layer = op.name;
  step.what = what;
  step.window = op.window;
  step.relu_input = op.relu_input;
  step.activation = op.activation;
  step.at = op.at;
  if (const auto norm = norm_of_.find(op.output); norm != norm_of_.end()) step.norm = norm->second;
  step.batch_statistics = batch_statistics_;
  step.epsilon = op.epsilon;
  step.momentum = op.momentum;
  step.rate = op.rate;
  step.stream = static_cast<uint64_t>(op.output);
  return step;
}

void TrainingLowering::Mark(const char* layer, const char* what, const Slot& slot) {
  PlanStep step;
  step.layer = layer;
  step.what = what;
  step.x = slot;
  Append(std::move(step));
}

FlatRange TrainingLowering::RangeOf(std::initializer_list<size_t> offsets) const {
  FlatRange all = {kNoParameter, 0};
  size_t size = 0;
  for (const size_t offset : offsets) {
    if (offset == kNoParameter) continue;
    const FlatRange& range = ranges_.at(offset);
    all = {std::min(all.begin, range.begin), std::max(all.end, range.end)};
    size += range.size();
  }
  if (size == 0) return {};
  if (all.size() != size) Fail(ErrorKind::kInternal, "parameters of one step that are no neighbours");
  return all;
}

Slot TrainingLowering::Ensure(int value) {
  if (IsComputed(value)) return activations_[static_cast<size_t>(value)];
  const TrainingOp& op = *ProducerOf(value);
  const bool norm = op.kind == LayerKind::kBatchNorm;
  PlanStep step = StepOf(norm ? StepKind::kScaleShift : StepKind::kActivate, op, norm ? "normalise" : "activate");
  step.x = Ensure(op.inputs[0]);
  const Slot y = step.y = NewActivation(value);
  Append(std::move(step));
  return y;
}

Slot TrainingLowering::PlaceInput() {
  Slot slot;
  slot.place = Place::kInput;
  slot.shape = ShapeOf(0);
  slot.stride = slot.shape.c;
  if (IsWorthPadding(slot.shape.c, slot.dtype)) return NewActivation(0);
  return activations_[0] = slot;
}

Slot TrainingLowering::NewActivation(int value) {
  return activations_[static_cast<size_t>(value)] = NewSlot(ShapeOf(value));
}

void TrainingLowering::ForgetCheapOnes() {
  for (size_t value = 0; value < activations_.size(); ++value) {
    if (IsCheap(static_cast<int>(value))) activations_[value] = {};
  }
}

void TrainingLowering::NewNorm(int value, NormState state) {
  norm_of_[value] = static_cast<int>(norms_.size());
  norms_.push_back(std::move(state));
}

void TrainingLowering::Contribute(int value, PlanStep step) {
  const GradientBuffers::Target target = gradients_.Contribute(value);
  step.other = target.base;
  step.y = target.to;
  Append(std::move(step));
}

void TrainingLowering::ContributeByWriting(int value, PlanStep step) {
  const GradientBuffers::Target target = gradients_.Contribute(value);
  step.y = target.base.exists() ? NewSlot(ShapeOf(value)) : target.to;
  const PlanStep written = step;
  Append(std::move(step));
  if (target.base.exists()) AddGradients(written.layer, target, written.y);
}

void TrainingLowering::AddGradients(const std::string& layer, const GradientBuffers::Target& target,
                                    const Slot& contribution) {
  PlanStep step;
  step.kind = StepKind::kAdd;
  step.layer = layer;
  step.what = "add gradients";
  step.x = target.base;
  step.other = contribution;
  step.y = target.to;
  Append(std::move(step));
}

}  // namespace siskin
