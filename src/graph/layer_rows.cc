#include "graph/layer_rows.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "graph/training_lowering.h"

namespace siskin {
namespace {

// ---- parameters and cost ----

int64_t OutputPixels(const Layer& layer) {
  return int64_t{layer.output.h} * layer.output.w;
}

int64_t WindowTaps(const Layer& layer) {
  return int64_t{layer.window.kernel_h} * layer.window.kernel_w;
}

Shape DepthwiseShape(const Layer& layer, int cin) {
  return {layer.window.kernel_h, layer.window.kernel_w, cin, 1};
}

RoleShapes ConvParameters(const Layer& layer, int cin) {
  return {{"kernel", {layer.window.kernel_h, layer.window.kernel_w, cin, layer.output.c}}};
}

RoleShapes DepthwiseParameters(const Layer& layer, int cin) {
  return {{"depthwise_kernel", DepthwiseShape(layer, cin)}};
}

RoleShapes SeparableParameters(const Layer& layer, int cin) {
  return {{"depthwise_kernel", DepthwiseShape(layer, cin)}, {"pointwise_kernel", {1, 1, cin, layer.output.c}}};
}

RoleShapes BatchNormParameters(const Layer& layer, int channels) {
  const Shape shape = {channels};
  if (!layer.scale) return {{"beta", shape}, {"moving_mean", shape}, {"moving_variance", shape}};
  return {{"gamma", shape}, {"beta", shape}, {"moving_mean", shape}, {"moving_variance", shape}};
}

RoleShapes DenseParameters(const Layer& layer, int cin) {
  return {{"kernel", {cin, layer.output.c}}};
}

int64_t ConvMultiplyAdds(const Layer& layer, int cin) {
  return OutputPixels(layer) * WindowTaps(layer) * cin * layer.output.c;
}

int64_t DepthwiseMultiplyAdds(const Layer& layer, int cin) {
  return OutputPixels(layer) * WindowTaps(layer) * cin;
}

int64_t SeparableMultiplyAdds(const Layer& layer, int cin) {
  return OutputPixels(layer) * cin * (WindowTaps(layer) + layer.output.c);
}

// ---- steps of training: convolutions and dense layers ----

void ForwardConvolution(TrainingLowering& net, const TrainingOp& op) {
  const bool depthwise = op.kind == LayerKind::kDepthwiseConv2D;
  const StepKind kind = op.kind == LayerKind::kConv2D ? StepKind::kConv : StepKind::kSeparable;
  PlanStep step = net.StepOf(depthwise ? StepKind::kDepthwise : kind, op, depthwise ? "depthwise" : "convolve");
  step.x = net.Ensure(op.inputs[0]);
  step.y = net.NewActivation(op.output);
  step.reads = net.RangeOf({op.at.kernel, op.at.depthwise, op.at.bias});
  net.Append(std::move(step));
}

void BackwardBias(TrainingLowering& net, const TrainingOp& op) {
  if (op.at.bias == kNoParameter) return;
  PlanStep step = net.StepOf(StepKind::kBiasGradient, op, "bias gradient");
  step.dy = net.gradients().Of(op.output);
  step.finishes = net.RangeOf({op.at.bias});
  net.Append(std::move(step));
}

// A step's dx of a pointwise product, on as many pixels as dy has.
Slot PointwiseInputGradient(TrainingLowering& net, const TrainingOp& op) {
  const FeatureShape in = net.ShapeOf(op.inputs[0]), out = net.ShapeOf(op.output);
  PlanStep step = net.StepOf(StepKind::kPointwiseInputGradient, op, "input gradient");
  step.dy = net.gradients().Of(op.output);
  step.y = net.NewSlot({out.h, out.w, in.c});
  step.reads = net.RangeOf({op.at.kernel});
  const Slot dx = step.y;
  net.Append(std::move(step));
  return dx;
}

// 1x1 with a stride and without padding: the product on the few pixels, then spread.
void BackwardStridedPointwise(TrainingLowering& net, const TrainingOp& op) {
  const Slot small = PointwiseInputGradient(net, op);
  PlanStep dilate = net.StepOf(StepKind::kDilate, op, "dilate");
  dilate.dy = small;
  net.Contribute(op.inputs[0], std::move(dilate));
}

void BackwardConv(TrainingLowering& net, const TrainingOp& op) {
  const FeatureShape out = net.ShapeOf(op.output);
  const Slot dy = net.gradients().Of(op.output);
  PlanStep weights = net.StepOf(StepKind::kConvWeightGradient, op, "weight gradient");
  weights.x = net.Ensure(op.inputs[0]);
  weights.dy = dy;
  weights.finishes = net.RangeOf({op.at.kernel});
  net.Append(std::move(weights));
  BackwardBias(net, op);
  if (!TrainingLowering::WantsGradient(op.inputs[0])) return;
  const WindowParams& window = op.window;
  const bool strided = window.stride_h != 1 || window.stride_w != 1;
  if (strided && window.kernel_h * window.kernel_w == 1 && window.padding == Padding{}) {
    return BackwardStridedPointwise(net, op);
  }
  PlanStep input = net.StepOf(StepKind::kConvInputGradient, op, "input gradient");
  input.reads = net.RangeOf({op.at.kernel});
  input.dy = dy;
  if (strided) {
    PlanStep dilate = net.StepOf(StepKind::kDilate, op, "dilate");
    dilate.dy = dy;
    dilate.y = net.NewSlot({(out.h - 1) * window.stride_h + 1, (out.w - 1) * window.stride_w + 1, out.c});
    input.dy = dilate.y;
    net.Append(std::move(dilate));
  }
  net.Contribute(op.inputs[0], std::move(input));
}

// dy: with respect to the depthwise result.
void BackwardDepthwiseStep(TrainingLowering& net, const TrainingOp& op, const Slot& x, const Slot& dy) {
  const int input = op.inputs[0];
  const bool wanted = TrainingLowering::WantsGradient(input);
  PlanStep step = net.StepOf(wanted ? StepKind::kDepthwiseGradients : StepKind::kDepthwiseFilterGradient, op,
                             wanted ? "depthwise gradients" : "filter gradient");
  step.x = x;
  step.dy = dy;
  step.finishes = net.RangeOf({op.at.depthwise});
  if (!wanted) return net.Append(std::move(step));
  step.reads = step.finishes;
  if (!op.relu_input) return net.ContributeByWriting(input, std::move(step));
  PlanStep relu = net.StepOf(StepKind::kActivationGradient, op, "relu gradient");
  relu.activation = Activation::kRelu;
  relu.x = x;
  relu.dy = step.y = net.NewSlot(net.ShapeOf(input));
  net.Append(std::move(step));
  net.Contribute(input, std::move(relu));
}

void BackwardSeparable(TrainingLowering& net, const TrainingOp& op) {
  PlanStep weights = net.StepOf(StepKind::kSeparableWeightGradient, op, "weight gradient");
  const Slot x = weights.x = net.Ensure(op.inputs[0]);
  weights.dy = net.gradients().Of(op.output);
  weights.reads = net.RangeOf({op.at.depthwise});
  weights.finishes = net.RangeOf({op.at.kernel});
  net.Append(std::move(weights));
  BackwardBias(net, op);
  const Slot between = PointwiseInputGradient(net, op);
  BackwardDepthwiseStep(net, op, x, between);
}

void BackwardDepthwise(TrainingLowering& net, const TrainingOp& op) {
  const Slot x = net.Ensure(op.inputs[0]);
  BackwardBias(net, op);
  BackwardDepthwiseStep(net, op, x, net.gradients().Of(op.output));
}

// ---- steps of training: batch normalisation ----

// Scale and shift of a batch normalisation, from the batch or from the moving averages; the output itself is computed
// when somebody reads it.
void ForwardStatistics(TrainingLowering& net, const TrainingOp& op) {
  const Slot x = net.Ensure(op.inputs[0]);
  net.NewNorm(op.output, NormState(net.ShapeOf(op.output).c));
  PlanStep step = net.StepOf(StepKind::kStatistics, op, "statistics");
  step.x = x;
  step.reads = net.RangeOf({op.at.gamma, op.at.beta});
  net.Append(std::move(step));
}

void BackwardNorm(TrainingLowering& net, const TrainingOp& op) {
  const int input = op.inputs[0];
  const Slot dy = net.gradients().Of(op.output);
  PlanStep sums = net.StepOf(StepKind::kNormSums, op, "gradient sums");
  const Slot x = sums.x = net.Ensure(input);
  sums.dy = dy;
  sums.finishes = net.RangeOf({op.at.gamma, op.at.beta});
  net.Append(std::move(sums));
  PlanStep step = net.StepOf(StepKind::kNormInputGradient, op, "input gradient");
  step.x = x;
  step.dy = dy;
  if (net.gradients().Exists(input) || !net.gradients().HasOneOwner(dy))
    return net.ContributeByWriting(input, std::move(step));
  net.gradients().Own(input, dy);  // in place
  step.y = dy;
  net.Append(std::move(step));
}

// ---- steps of training: activations ----

// Nothing yet: Ensure computes it when somebody reads it.
void ForwardLater(TrainingLowering&, const TrainingOp&) {}

void BackwardActivation(TrainingLowering& net, const TrainingOp& op) {
  if (!TrainingLowering::WantsGradient(op.inputs[0])) return;
  PlanStep step = net.StepOf(StepKind::kActivationGradient, op, "gradient");
  step.x = net.Ensure(op.inputs[0]);
  step.dy = net.gradients().Of(op.output);
  net.Contribute(op.inputs[0], std::move(step));
}

// ---- steps of training: pools ----

void ForwardPool(TrainingLowering& net, const TrainingOp& op) {
  const bool average = op.kind == LayerKind::kAveragePool;
  PlanStep step = net.StepOf(average ? StepKind::kAveragePool : StepKind::kMaxPoolWithTaps, op,
                             average ? "average pool" : "max pool");
  step.x = net.Ensure(op.inputs[0]);
  step.y = net.NewActivation(op.output);
  if (!average) {
    // uint16_t: two bytes each.
    const FeatureShape& out = net.ShapeOf(op.output);
    step.taps = net.taps_of(op.output) = net.NewDenseSlot({out.h, out.w, 2 * out.c}, DType::kU8);
  }
  net.Append(std::move(step));
}

void BackwardPool(TrainingLowering& net, const TrainingOp& op) {
  if (!TrainingLowering::WantsGradient(op.inputs[0])) return;
  const bool average = op.kind == LayerKind::kAveragePool;
  PlanStep step = net.StepOf(average ? StepKind::kAveragePoolGradient : StepKind::kMaxPoolGradient, op, "gradient");
  step.dy = net.gradients().Of(op.output);
  if (!average) step.taps = net.taps_of(op.output);
  net.ContributeByWriting(op.inputs[0], std::move(step));
}

// ---- steps of training: additions and concatenations ----

// A batch normalisation that is only added is not computed by itself.
bool IsNormOnlyAdded(TrainingLowering& net, int value) {
  const TrainingOp* op = net.ProducerOf(value);
  return op != nullptr && op->kind == LayerKind::kBatchNorm && op->activation == Activation::kNone &&
         !net.IsComputed(value);
}

// y = x + factor * residual
void ForwardScaledAdd(TrainingLowering& net, const TrainingOp& op) {
  net.NewNorm(op.output, NormState::Factor(op.residual_scale, net.ShapeOf(op.output).c));
  PlanStep step = net.StepOf(StepKind::kScaleShiftAdd, op, "scale and add");
  step.other = net.Ensure(op.inputs[0]);
  step.x = net.Ensure(op.inputs[1]);
  step.y = net.NewActivation(op.output);
  net.Append(std::move(step));
}

void ForwardAdd(TrainingLowering& net, const TrainingOp& op) {
  if (op.residual_scale != 1) return ForwardScaledAdd(net, op);
  int normed = op.inputs[0], other = op.inputs[1];
  if (!IsNormOnlyAdded(net, normed)) std::swap(normed, other);
  const bool join = normed != other && IsNormOnlyAdded(net, normed);
  PlanStep step = net.StepOf(join ? StepKind::kScaleShiftAdd : StepKind::kAdd, op, join ? "normalise and add" : "add");
  if (join) step.norm = net.norm_of(normed);
  step.x = net.Ensure(join ? net.ProducerOf(normed)->inputs[0] : normed);
  step.other = net.Ensure(other);
  step.y = net.NewActivation(op.output);
  net.Append(std::move(step));
}

// The whole of dy is a contribution.
void Share(TrainingLowering& net, const TrainingOp& op, int value) {
  const Slot dy = net.gradients().Of(op.output);
  if (!TrainingLowering::WantsGradient(value)) return;
  if (!net.gradients().Exists(value)) return net.gradients().Own(value, dy);
  net.AddGradients(op.name, net.gradients().Contribute(value), dy);
}

// dy times the factor of a scaled addition is a contribution.
void ShareScaled(TrainingLowering& net, const TrainingOp& op, int value) {
  if (!TrainingLowering::WantsGradient(value)) return;
  PlanStep step = net.StepOf(StepKind::kScaleShift, op, "scale gradient");
  if (net.gradients().Exists(value)) step.kind = StepKind::kScaleShiftAdd;
  step.x = net.gradients().Of(op.output);
  net.Contribute(value, std::move(step));
}

void BackwardAdd(TrainingLowering& net, const TrainingOp& op) {
  Share(net, op, op.inputs[0]);
  if (op.residual_scale == 1) {
    Share(net, op, op.inputs[1]);
  } else {
    ShareScaled(net, op, op.inputs[1]);
  }
}

void ForwardConcat(TrainingLowering& net, const TrainingOp& op) {
  std::vector<Slot> parts;
  for (const int input : op.inputs) parts.push_back(net.Ensure(input));
  const Slot y = net.NewActivation(op.output);
  int channel = 0;
  for (const Slot& part : parts) {
    PlanStep step = net.StepOf(StepKind::kCopyChannels, op, "copy");
    step.x = part;
    step.y = y;
    step.first_channel = channel;
    channel += part.shape.c;
    net.Append(std::move(step));
  }
}

void BackwardConcat(TrainingLowering& net, const TrainingOp& op) {
  int channel = 0;
  for (const int input : op.inputs) {
    Slot part = net.gradients().Of(op.output);
    part.first_channel += channel;
    part.shape.c = net.ShapeOf(input).c;
    part.padded = false;
    channel += part.shape.c;
    if (!TrainingLowering::WantsGradient(input)) continue;
    const GradientBuffers::Target target = net.gradients().Contribute(input);
    if (target.base.exists()) {
      net.AddGradients(op.name, target, part);
      continue;
    }
    PlanStep copy = net.StepOf(StepKind::kCopy, op, "gradient");
    copy.x = part;
    copy.y = target.to;
    net.Append(std::move(copy));
  }
}

// ---- steps of training: dropout ----

void ForwardDropout(TrainingLowering& net, const TrainingOp& op) {
  PlanStep step = net.StepOf(StepKind::kDropout, op, "dropout");
  step.x = net.Ensure(op.inputs[0]);
  step.y = net.NewActivation(op.output);
  net.Append(std::move(step));
}

void BackwardDropout(TrainingLowering& net, const TrainingOp& op) {
  PlanStep step = net.StepOf(StepKind::kDropout, op, "gradient");
  step.x = net.gradients().Of(op.output);
  net.ContributeByWriting(op.inputs[0], std::move(step));
}

// ---- the table ----

// In the order of LayerKind.
constexpr std::array kRows = {
    LayerRow{.kind = LayerKind::kInput, .keras_class = "Input"},
    LayerRow{.kind = LayerKind::kZeroPad, .keras_class = "ZeroPadding2D"},
    LayerRow{.kind = LayerKind::kConv2D,
             .keras_class = "Conv2D",
             .parameters = ConvParameters,
             .multiply_adds = ConvMultiplyAdds,
             .matrix = "kernel",
             .has_epilogue = true,
             .takes_padding = true,
             .step = StepKind::kConv,
             .kernel = "conv",
             .forward = ForwardConvolution,
             .backward = BackwardConv},
    LayerRow{.kind = LayerKind::kDepthwiseConv2D,
             .keras_class = "DepthwiseConv2D",
             .parameters = DepthwiseParameters,
             .multiply_adds = DepthwiseMultiplyAdds,
             .depthwise = "depthwise_kernel",
             .has_epilogue = true,
             .takes_padding = true,
             .step = StepKind::kDepthwise,
             .kernel = "depthwise",
             .forward = ForwardConvolution,
             .backward = BackwardDepthwise},
    LayerRow{.kind = LayerKind::kSeparableConv2D,
             .keras_class = "SeparableConv2D",
             .parameters = SeparableParameters,
             .multiply_adds = SeparableMultiplyAdds,
             .matrix = "pointwise_kernel",
             .depthwise = "depthwise_kernel",
             .has_epilogue = true,
             .takes_padding = true,
             .step = StepKind::kSeparable,
             .kernel = "separable",
             .forward = ForwardConvolution,
             .backward = BackwardSeparable},
    LayerRow{.kind = LayerKind::kBatchNorm,
             .keras_class = "BatchNormalization",
             .parameters = BatchNormParameters,
             .is_elementwise = true,
             .step = StepKind::kScaleShift,
             .kernel = "scale_shift",
             .forward = ForwardStatistics,
             .backward = BackwardNorm},
    LayerRow{.kind = LayerKind::kActivation,
             .keras_class = "Activation",
             .is_elementwise = true,
             .step = StepKind::kActivate,
             .kernel = "activation",
             .forward = ForwardLater,
             .backward = BackwardActivation},
    LayerRow{.kind = LayerKind::kMaxPool,
             .keras_class = "MaxPooling2D",
             .step = StepKind::kMaxPool,
             .kernel = "max_pool",
             .forward = ForwardPool,
             .backward = BackwardPool},
    LayerRow{.kind = LayerKind::kAveragePool,
             .keras_class = "AveragePooling2D",
             .step = StepKind::kAveragePool,
             .kernel = "average_pool",
             .forward = ForwardPool,
             .backward = BackwardPool},
    LayerRow{.kind = LayerKind::kGlobalAveragePool,
             .keras_class = "GlobalAveragePooling2D",
             .step = StepKind::kGlobalAveragePool,
             .kernel = "global_average_pool",
             .trained_as = LayerKind::kAveragePool},
    LayerRow{.kind = LayerKind::kGlobalMaxPool,
             .keras_class = "GlobalMaxPooling2D",
             .step = StepKind::kGlobalMaxPool,
             .kernel = "global_max_pool",
             .trained_as = LayerKind::kMaxPool},
    LayerRow{.kind = LayerKind::kAdd,
             .keras_class = "Add",
             .is_elementwise = true,
             .step = StepKind::kAdd,
             .kernel = "add",
             .forward = ForwardAdd,
             .backward = BackwardAdd},
    LayerRow{.kind = LayerKind::kConcat,
             .keras_class = "Concatenate",
             .step = StepKind::kCopyChannels,
             .kernel = "copy",
             .forward = ForwardConcat,
             .backward = BackwardConcat},
    LayerRow{.kind = LayerKind::kDense,
             .keras_class = "Dense",
             .parameters = DenseParameters,
             .multiply_adds = ConvMultiplyAdds,
             .matrix = "kernel",
             .has_epilogue = true,
             .step = StepKind::kMatMul,
             .kernel = "matmul",
             .trained_as = LayerKind::kConv2D},
    LayerRow{
        .kind = LayerKind::kDropout, .keras_class = "Dropout", .forward = ForwardDropout, .backward = BackwardDropout},
    LayerRow{.kind = LayerKind::kSoftmax,
             .keras_class = "Softmax",
             .wants_rows = true,
             .step = StepKind::kSoftmax,
             .kernel = "softmax"},
    LayerRow{.kind = LayerKind::kSigmoid,
             .keras_class = "Sigmoid",
             .wants_rows = true,
             .step = StepKind::kSigmoid,
             .kernel = "sigmoid"},
    LayerRow{.kind = LayerKind::kFlatten, .keras_class = "Flatten", .step = StepKind::kFlatten, .kernel = "copy"},
};

// What a switch over all kinds would otherwise see.
consteval bool EveryKindHasItsRow() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].kind) != i) return false;
  }
  return kRows.size() == kNumLayerKinds;
}
static_assert(EveryKindHasItsRow());

// The passes leave none of these three, everything else is run; what has a forward pass has a backward one.
consteval bool EveryRowIsWhole() {
  for (const LayerRow& row : kRows) {
    const bool vanishes =
        row.kind == LayerKind::kInput || row.kind == LayerKind::kZeroPad || row.kind == LayerKind::kDropout;
    if ((row.step == StepKind::kNothing) != vanishes) return false;
    if ((row.forward == nullptr) != (row.backward == nullptr)) return false;
  }
  return true;
}
static_assert(EveryRowIsWhole());

}  // namespace

const LayerRow& RowOf(LayerKind kind) {
  return kRows[static_cast<size_t>(kind)];
}

}  // namespace siskin
