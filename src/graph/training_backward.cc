// The steps of the backward pass. In each function dy is the gradient of the op's output, which is complete: whoever
// reads that output comes later in the network.
#include <utility>

#include "graph/training_lowering.h"

namespace siskin {

void TrainingLowering::LowerBackward() {
  // What is cheap is computed again: its forward buffers end with the forward pass.
  for (size_t value = 0; value < activations_.size(); ++value) {
    if (IsCheap(static_cast<int>(value))) activations_[value] = {};
  }
  dlogits_ = list_.NewSlot(ShapeOf(program_.output));
  gradients_.Own(program_.output, dlogits_);
  Mark("logits", "gradient", dlogits_);
  for (auto op = program_.ops.rbegin(); op != program_.ops.rend(); ++op) {
    if (!gradients_.Exists(op->output)) {
      BackwardOfUnread(*op);
      continue;
    }
    Backward(*op);
    gradients_.Release(op->output);
  }
}

// Nothing depends on the parameters of an op whose output nobody reads.
void TrainingLowering::BackwardOfUnread(const TrainingOp& op) {
  for (const size_t offset : {op.at.kernel, op.at.depthwise, op.at.bias, op.at.gamma, op.at.beta}) {
    if (offset == kNoParameter) continue;
    PlanStep step = StepOf(StepKind::kZeroGradient, op, "no gradient");
    step.finishes = RangeOf({offset});
    list_.Append(std::move(step));
  }
}

void TrainingLowering::Backward(const TrainingOp& op) {
  switch (op.kind) {
    case LayerKind::kConv2D:
      return BackwardConv(op);
    case LayerKind::kSeparableConv2D:
      return BackwardSeparable(op);
    case LayerKind::kDepthwiseConv2D:
      return BackwardDepthwise(op);
    case LayerKind::kBatchNorm:
      return BackwardNorm(op);
    case LayerKind::kActivation:
      return BackwardActivation(op);
    case LayerKind::kMaxPool:
    case LayerKind::kAveragePool:
      return BackwardPool(op);
    case LayerKind::kAdd:
      return BackwardAdd(op);
    case LayerKind::kConcat:
      return BackwardConcat(op);
    case LayerKind::kDropout:
      return BackwardDropout(op);
    default:
      return;
  }
}

// The step contributes to the gradient of `value`, adding what is there already.
void TrainingLowering::Contribute(int value, PlanStep step) {
  const GradientBuffers::Target target = gradients_.Contribute(value);
  step.other = target.base;
  step.y = target.to;
  list_.Append(std::move(step));
}

// The same for a step that can only write, not add: through a buffer of its own if there is something already.
void TrainingLowering::ContributeByWriting(int value, PlanStep step) {
  const GradientBuffers::Target target = gradients_.Contribute(value);
  step.y = target.base.exists() ? list_.NewSlot(ShapeOf(value)) : target.to;
  const PlanStep written = step;
  list_.Append(std::move(step));
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
  list_.Append(std::move(step));
}

void TrainingLowering::BackwardAdd(const TrainingOp& op) {
  Share(op, op.inputs[0]);
  if (op.residual_scale == 1) {
    Share(op, op.inputs[1]);
  } else {
    ShareScaled(op, op.inputs[1]);
  }
}

// The whole of dy is a contribution.
void TrainingLowering::Share(const TrainingOp& op, int value) {
  const Slot dy = gradients_.Of(op.output);
  if (!WantsGradient(value)) return;
  if (!gradients_.Exists(value)) return gradients_.Own(value, dy);
  AddGradients(op.name, gradients_.Contribute(value), dy);
}

// dy times the factor of a scaled addition is a contribution.
void TrainingLowering::ShareScaled(const TrainingOp& op, int value) {
  if (!WantsGradient(value)) return;
  PlanStep step = StepOf(StepKind::kScaleShift, op, "scale gradient");
  if (gradients_.Exists(value)) step.kind = StepKind::kScaleShiftAdd;
  step.x = gradients_.Of(op.output);
  Contribute(value, std::move(step));
}

void TrainingLowering::BackwardBias(const TrainingOp& op) {
  if (op.at.bias == kNoParameter) return;
  PlanStep step = StepOf(StepKind::kBiasGradient, op, "bias gradient");
  step.dy = gradients_.Of(op.output);
  step.finishes = RangeOf({op.at.bias});
  list_.Append(std::move(step));
}

void TrainingLowering::BackwardConv(const TrainingOp& op) {
  const FeatureShape out = ShapeOf(op.output);
  const Slot dy = gradients_.Of(op.output);
  PlanStep weights = StepOf(StepKind::kConvWeightGradient, op, "weight gradient");
  weights.x = Ensure(op.inputs[0]);
  weights.dy = dy;
  weights.finishes = RangeOf({op.at.kernel});
  list_.Append(std::move(weights));
  BackwardBias(op);
  if (!WantsGradient(op.inputs[0])) return;
  const WindowParams& window = op.window;
  const bool strided = window.stride_h != 1 || window.stride_w != 1;
  if (strided && window.kernel_h * window.kernel_w == 1 && window.padding == Padding{}) {
    return BackwardStridedPointwise(op);
  }
  PlanStep input = StepOf(StepKind::kConvInputGradient, op, "input gradient");
  input.reads = RangeOf({op.at.kernel});
  input.dy = dy;
  if (strided) {
    PlanStep dilate = StepOf(StepKind::kDilate, op, "dilate");
    dilate.dy = dy;
    dilate.y = list_.NewSlot({(out.h - 1) * window.stride_h + 1, (out.w - 1) * window.stride_w + 1, out.c});
    input.dy = dilate.y;
    list_.Append(std::move(dilate));
  }
  Contribute(op.inputs[0], std::move(input));
}

// A step's dx of a pointwise product, on as many pixels as dy has.
Slot TrainingLowering::PointwiseInputGradient(const TrainingOp& op) {
  const FeatureShape in = ShapeOf(op.inputs[0]), out = ShapeOf(op.output);
  PlanStep step = StepOf(StepKind::kPointwiseInputGradient, op, "input gradient");
  step.dy = gradients_.Of(op.output);
  step.y = list_.NewSlot({out.h, out.w, in.c});
  step.reads = RangeOf({op.at.kernel});
  const Slot dx = step.y;
  list_.Append(std::move(step));
  return dx;
}

// 1x1 with a stride and without padding: the product on the few pixels, then spread.
void TrainingLowering::BackwardStridedPointwise(const TrainingOp& op) {
  const Slot small = PointwiseInputGradient(op);
  PlanStep dilate = StepOf(StepKind::kDilate, op, "dilate");
  dilate.dy = small;
  Contribute(op.inputs[0], std::move(dilate));
}

void TrainingLowering::BackwardSeparable(const TrainingOp& op) {
  PlanStep weights = StepOf(StepKind::kSeparableWeightGradient, op, "weight gradient");
  const Slot x = weights.x = Ensure(op.inputs[0]);
  weights.dy = gradients_.Of(op.output);
  weights.reads = RangeOf({op.at.depthwise});
  weights.finishes = RangeOf({op.at.kernel});
  list_.Append(std::move(weights));
  BackwardBias(op);
  const Slot between = PointwiseInputGradient(op);
  BackwardDepthwiseStep(op, x, between);
}

void TrainingLowering::BackwardDepthwise(const TrainingOp& op) {
  const Slot x = Ensure(op.inputs[0]);
  BackwardBias(op);
  BackwardDepthwiseStep(op, x, gradients_.Of(op.output));
}

// dy: with respect to the depthwise result.
void TrainingLowering::BackwardDepthwiseStep(const TrainingOp& op, const Slot& x, const Slot& dy) {
  const int input = op.inputs[0];
  const bool wanted = WantsGradient(input);
  PlanStep step = StepOf(wanted ? StepKind::kDepthwiseGradients : StepKind::kDepthwiseFilterGradient, op,
                         wanted ? "depthwise gradients" : "filter gradient");
  step.x = x;
  step.dy = dy;
  step.finishes = RangeOf({op.at.depthwise});
  if (!wanted) return list_.Append(std::move(step));
  step.reads = step.finishes;
  if (!op.relu_input) return ContributeByWriting(input, std::move(step));
  PlanStep relu = StepOf(StepKind::kActivationGradient, op, "relu gradient");
  relu.activation = Activation::kRelu;
  relu.x = x;
  relu.dy = step.y = list_.NewSlot(ShapeOf(input));
  list_.Append(std::move(step));
  Contribute(input, std::move(relu));
}

void TrainingLowering::BackwardNorm(const TrainingOp& op) {
  const int input = op.inputs[0];
  const Slot dy = gradients_.Of(op.output);
  PlanStep sums = StepOf(StepKind::kNormSums, op, "gradient sums");
  const Slot x = sums.x = Ensure(input);
  sums.dy = dy;
  sums.finishes = RangeOf({op.at.gamma, op.at.beta});
  list_.Append(std::move(sums));
  PlanStep step = StepOf(StepKind::kNormInputGradient, op, "input gradient");
  step.x = x;
  step.dy = dy;
  if (gradients_.Exists(input) || !gradients_.HasOneOwner(dy)) return ContributeByWriting(input, std::move(step));
  gradients_.Own(input, dy);  // in place
  step.y = dy;
  list_.Append(std::move(step));
}

void TrainingLowering::BackwardActivation(const TrainingOp& op) {
  if (!WantsGradient(op.inputs[0])) return;
  PlanStep step = StepOf(StepKind::kActivationGradient, op, "gradient");
  step.x = Ensure(op.inputs[0]);
  step.dy = gradients_.Of(op.output);
  Contribute(op.inputs[0], std::move(step));
}

void TrainingLowering::BackwardPool(const TrainingOp& op) {
  if (!WantsGradient(op.inputs[0])) return;
  const bool average = op.kind == LayerKind::kAveragePool;
  PlanStep step = StepOf(average ? StepKind::kAveragePoolGradient : StepKind::kMaxPoolGradient, op, "gradient");
  step.dy = gradients_.Of(op.output);
  if (!average) step.taps = taps_of_.at(op.output);
  ContributeByWriting(op.inputs[0], std::move(step));
}

void TrainingLowering::BackwardConcat(const TrainingOp& op) {
  int channel = 0;
  for (const int input : op.inputs) {
    Slot part = gradients_.Of(op.output);
    part.first_channel += channel;
    part.shape.c = ShapeOf(input).c;
    part.padded = false;
    channel += part.shape.c;
    if (!WantsGradient(input)) continue;
    const GradientBuffers::Target target = gradients_.Contribute(input);
    if (target.base.exists()) {
      AddGradients(op.name, target, part);
      continue;
    }
    PlanStep copy = StepOf(StepKind::kCopy, op, "gradient");
    copy.x = part;
    copy.y = target.to;
    list_.Append(std::move(copy));
  }
}

void TrainingLowering::BackwardDropout(const TrainingOp& op) {
  PlanStep step = StepOf(StepKind::kDropout, op, "gradient");
  step.x = gradients_.Of(op.output);
  ContributeByWriting(op.inputs[0], std::move(step));
}

}  // namespace siskin
