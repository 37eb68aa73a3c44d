// The steps of the forward pass.
#include <utility>

#include "base/error.h"
#include "graph/training_lowering.h"

namespace siskin {

void TrainingLowering::LowerForward() {
  input_ = ActivationOf(0) = list_.NewSlot(ShapeOf(0));
  Mark("input", "", input_);
  for (const TrainingOp& op : program_.ops) Forward(op);
  logits_ = Ensure(program_.output);
  Mark("logits", "", logits_);
  first_backward_ = list_.steps().size();
}

void TrainingLowering::Forward(const TrainingOp& op) {
  switch (op.kind) {
    case LayerKind::kConv2D:
    case LayerKind::kSeparableConv2D:
    case LayerKind::kDepthwiseConv2D:
      return ForwardConvolution(op);
    case LayerKind::kBatchNorm:
      return ForwardStatistics(op);
    case LayerKind::kActivation:
      return;  // computed by Ensure
    case LayerKind::kMaxPool:
    case LayerKind::kAveragePool:
      return ForwardPool(op);
    case LayerKind::kAdd:
      return ForwardAdd(op);
    case LayerKind::kConcat:
      return ForwardConcat(op);
    case LayerKind::kDropout:
      return ForwardDropout(op);
    default:
      Fail(ErrorKind::kInternal, "{}: no training step for a layer of this kind", op.name);
  }
}

// Where the value is at this point of the list; computes it if it is a cheap one.
Slot TrainingLowering::Ensure(int value) {
  if (ActivationOf(value).exists()) return ActivationOf(value);
  const TrainingOp& op = *ProducerOf(value);
  const bool norm = op.kind == LayerKind::kBatchNorm;
  PlanStep step = StepOf(norm ? StepKind::kScaleShift : StepKind::kActivate, op, norm ? "normalise" : "activate");
  step.x = Ensure(op.inputs[0]);
  step.y = NewActivation(op);
  list_.Append(std::move(step));
  return ActivationOf(value);
}

Slot TrainingLowering::NewActivation(const TrainingOp& op) {
  return ActivationOf(op.output) = list_.NewSlot(ShapeOf(op.output));
}

int TrainingLowering::NewNorm(int value, NormState state) {
  norms_.push_back(std::move(state));
  return norm_of_[value] = static_cast<int>(norms_.size()) - 1;
}

void TrainingLowering::ForwardConvolution(const TrainingOp& op) {
  const bool depthwise = op.kind == LayerKind::kDepthwiseConv2D;
  const StepKind kind = op.kind == LayerKind::kConv2D ? StepKind::kConv : StepKind::kSeparable;
  PlanStep step = StepOf(depthwise ? StepKind::kDepthwise : kind, op, depthwise ? "depthwise" : "convolve");
  step.x = Ensure(op.inputs[0]);
  step.y = NewActivation(op);
  step.reads = RangeOf({op.at.kernel, op.at.depthwise, op.at.bias});
  list_.Append(std::move(step));
}

// Scale and shift of a batch normalisation, from the batch or from the moving averages; the output itself is computed
// when somebody reads it.
void TrainingLowering::ForwardStatistics(const TrainingOp& op) {
  const Slot x = Ensure(op.inputs[0]);
  NewNorm(op.output, NormState(ShapeOf(op.output).c));
  PlanStep step = StepOf(StepKind::kStatistics, op, "statistics");
  step.x = x;
  step.reads = RangeOf({op.at.gamma, op.at.beta});
  list_.Append(std::move(step));
}

void TrainingLowering::ForwardPool(const TrainingOp& op) {
  const bool average = op.kind == LayerKind::kAveragePool;
  PlanStep step =
      StepOf(average ? StepKind::kAveragePool : StepKind::kMaxPoolWithTaps, op, average ? "average pool" : "max pool");
  step.x = Ensure(op.inputs[0]);
  step.y = NewActivation(op);
  if (!average) {
    // uint16_t: two bytes each.
    const FeatureShape& out = ShapeOf(op.output);
    step.taps = taps_of_[op.output] = list_.NewDenseSlot({out.h, out.w, 2 * out.c}, DType::kU8);
  }
  list_.Append(std::move(step));
}

// A batch normalisation that is only added is not computed by itself.
bool TrainingLowering::IsNormOnlyAdded(int value) {
  const TrainingOp* op = ProducerOf(value);
  return op != nullptr && op->kind == LayerKind::kBatchNorm && op->activation == Activation::kNone &&
         !ActivationOf(value).exists();
}

// y = x + factor * residual
void TrainingLowering::ForwardScaledAdd(const TrainingOp& op) {
  NewNorm(op.output, NormState::Factor(op.residual_scale, ShapeOf(op.output).c));
  PlanStep step = StepOf(StepKind::kScaleShiftAdd, op, "scale and add");
  step.other = Ensure(op.inputs[0]);
  step.x = Ensure(op.inputs[1]);
  step.y = NewActivation(op);
  list_.Append(std::move(step));
}

void TrainingLowering::ForwardAdd(const TrainingOp& op) {
  if (op.residual_scale != 1) return ForwardScaledAdd(op);
  int normed = op.inputs[0], other = op.inputs[1];
  if (!IsNormOnlyAdded(normed)) std::swap(normed, other);
  const bool join = normed != other && IsNormOnlyAdded(normed);
  PlanStep step = StepOf(join ? StepKind::kScaleShiftAdd : StepKind::kAdd, op, join ? "normalise and add" : "add");
  if (join) step.norm = norm_of_.at(normed);
  step.x = Ensure(join ? ProducerOf(normed)->inputs[0] : normed);
  step.other = Ensure(other);
  step.y = NewActivation(op);
  list_.Append(std::move(step));
}

void TrainingLowering::ForwardConcat(const TrainingOp& op) {
  std::vector<Slot> parts;
  for (const int input : op.inputs) parts.push_back(Ensure(input));
  const Slot y = NewActivation(op);
  int channel = 0;
  for (const Slot& part : parts) {
    PlanStep step = StepOf(StepKind::kCopyChannels, op, "copy");
    step.x = part;
    step.y = y;
    step.first_channel = channel;
    channel += part.shape.c;
    list_.Append(std::move(step));
  }
}

void TrainingLowering::ForwardDropout(const TrainingOp& op) {
  PlanStep step = StepOf(StepKind::kDropout, op, "dropout");
  step.x = Ensure(op.inputs[0]);
  step.y = NewActivation(op);
  list_.Append(std::move(step));
}

}  // namespace siskin
