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

// The slot is read or written from outside at this point of the list.
void TrainingLowering::Mark(const char* layer, const char* what, const Slot& slot) {
  PlanStep step;
  step.layer = layer;
  step.what = what;
  step.x = slot;
  list_.Append(std::move(step));
}

// The parameters that begin at these offsets (kNoParameter is left out): neighbours, as those of a layer are.
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

}  // namespace siskin
