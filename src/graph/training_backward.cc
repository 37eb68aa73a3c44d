// The steps of the backward pass.
#include <algorithm>

#include "graph/training_plan_impl.h"
#include "kernels/batchnorm/batchnorm.h"
#include "kernels/batchnorm/training.h"
#include "kernels/conv/conv.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gradient/depthwise_gradient.h"
#include "kernels/gradient/input_gradient.h"
#include "kernels/gradient/pool_gradient.h"
#include "kernels/gradient/weight_gradient.h"

namespace siskin {

void TrainingPlan::Impl::BuildBackward() {
  schedule_.BeginBackward();
  // What is cheap is computed again: its forward buffers end with the forward pass.
  for (size_t value = 0; value < activations_.size(); ++value) {
    if (IsCheap(static_cast<int>(value))) activations_[value] = kNoBuffer;
  }
  dlogits_ = schedule_.NewBuffer(ShapeOf(program_.output));
  Own(program_.output, dlogits_);
  schedule_.Emit("logits", "gradient", {dlogits_}, [](const TrainingPass&) {});
  for (auto op = program_.ops.rbegin(); op != program_.ops.rend(); ++op) {
    if (gradients_[Index(op->output)] == kNoBuffer) {
      BackwardOfUnread(*op);
      continue;
    }
    BuildBackward(*op);
    Release(op->output);
  }
}

// Nothing depends on the parameters of an op whose output nobody reads.
void TrainingPlan::Impl::BackwardOfUnread(const TrainingOp& op) {
  for (const TrainingParameter& parameter : program_.parameters) {
    const size_t offset = parameter.offset;
    if (offset != op.kernel && offset != op.depthwise && offset != op.bias && offset != op.gamma && offset != op.beta) {
      continue;
    }
    schedule_.Emit(op.name, "no gradient", {}, [&parameter](const TrainingPass& pass) {
      std::ranges::fill(pass.gradient.subspan(parameter.offset, parameter.size), 0.0f);
    });
  }
}

void TrainingPlan::Impl::BuildBackward(const TrainingOp& op) {
  const BufferId dy = gradients_[Index(op.output)];
  switch (op.kind) {
    case LayerKind::kConv2D:
      return BackwardConv(op, dy);
    case LayerKind::kSeparableConv2D:
      return BackwardSeparable(op, dy);
    case LayerKind::kDepthwiseConv2D:
      return BackwardDepthwise(op, dy);
    case LayerKind::kBatchNorm:
      return BackwardNorm(op, dy);
    case LayerKind::kActivation:
      return BackwardActivation(op, dy);
    case LayerKind::kMaxPool:
    case LayerKind::kAveragePool:
      return BackwardPool(op, dy);
    case LayerKind::kAdd:
      Share(op.inputs[0], dy, op);
      return op.residual_scale == 1 ? Share(op.inputs[1], dy, op) : ShareScaled(op.inputs[1], dy, op);
    case LayerKind::kConcat:
      return BackwardConcat(op, dy);
    case LayerKind::kDropout:
      return BackwardDropout(op, dy);
    default:
      return;
  }
}

// A gradient's buffer may belong to several values (those that were added); it may only be written by a sole owner.
void TrainingPlan::Impl::Own(int value, BufferId buffer) {
  owners_.resize(std::max(owners_.size(), Index(buffer) + 1), 0);
  ++owners_[Index(buffer)];
  gradients_[Index(value)] = buffer;
}

// Where a step writes what it contributes to the gradient of `value`.
TrainingPlan::Impl::Target TrainingPlan::Impl::Contribute(int value) {
  const BufferId old = gradients_[Index(value)];
  if (old != kNoBuffer && SoleOwner(old)) return {old, old};
  if (old != kNoBuffer) Release(value);
  const BufferId fresh = schedule_.NewBuffer(ShapeOf(value));
  Own(value, fresh);
  return {fresh, old};
}

// The whole of `dy` is a contribution.
void TrainingPlan::Impl::Share(int value, BufferId dy, const TrainingOp& op) {
  if (!WantsGradient(value)) return;
  if (gradients_[Index(value)] == kNoBuffer) return Own(value, dy);
  const Target target = Contribute(value);
  schedule_.Emit(op.name, "add gradients", {dy, target.to, target.base}, [this, dy, target](const TrainingPass& pass) {
    Add(At(target.base, pass), At(dy, pass), Activation::kNone, At(target.to, pass), threads_);
  });
}

// `dy` times the factor of a scaled addition is a contribution.
void TrainingPlan::Impl::ShareScaled(int value, BufferId dy, const TrainingOp& op) {
  if (!WantsGradient(value)) return;
  const Factor& factor = factors_.at(Index(op.output));
  const Target target = Contribute(value);
  schedule_.Emit(op.name, "scale gradient", {dy, target.to, target.base},
                 [this, &factor, dy, target](const TrainingPass& pass) {
                   const float *scale = factor.scale.data(), *zero = factor.zero.data();
                   if (target.base == kNoBuffer) {
                     ScaleShift(At(dy, pass), scale, zero, Activation::kNone, At(target.to, pass), threads_);
                   } else {
                     ScaleShiftAdd(At(dy, pass), scale, zero, At(target.base, pass), At(target.to, pass), threads_);
                   }
                 });
}

// A contribution that its kernel can only write, not add: through a buffer of its own if there is something already.
template <class Kernel>
void TrainingPlan::Impl::WriteContribution(int value, const TrainingOp& op, const char* what,
                                           std::vector<BufferId> uses, const Kernel& kernel) {
  const Target target = Contribute(value);
  const BufferId to = target.base == kNoBuffer ? target.to : schedule_.NewBuffer(ShapeOf(value));
  uses.push_back(to);
  schedule_.Emit(op.name, what, uses, [this, kernel, to](const TrainingPass& pass) { kernel(pass, At(to, pass)); });
  if (target.base == kNoBuffer) return;
  schedule_.Emit(op.name, "add gradients", {to, target.to, target.base}, [this, to, target](const TrainingPass& pass) {
    Add(At(target.base, pass), At(to, pass), Activation::kNone, At(target.to, pass), threads_);
  });
}

void TrainingPlan::Impl::BiasGradient(const TrainingOp& op, BufferId dy) {
  if (op.bias == kNoParameter) return;
  NeedChannelSums(ShapeOf(op.output));
  schedule_.Emit(op.name, "bias gradient", {dy}, [this, &op, dy](const TrainingPass& pass) {
    ChannelSums(At(dy, pass), &pass.gradient[op.bias], scratch(), threads_);
  });
}

void TrainingPlan::Impl::BackwardConv(const TrainingOp& op, BufferId dy) {
  const FeatureShape in = ShapeOf(op.inputs[0]), out = ShapeOf(op.output);
  const int taps = op.window.kernel_h * op.window.kernel_w;
  const BufferId x = Ensure(op.inputs[0]);
  NeedScratch(WeightGradientScratch(taps * in.c, LargestBatch(out), threads_.num_threads()));
  schedule_.Emit(op.name, "weight gradient", {x, dy}, [this, &op, x, dy](const TrainingPass& pass) {
    Conv2DWeightGradient(op.window, At(x, pass), At(dy, pass), &pass.gradient[op.kernel], scratch(), threads_);
  });
  BiasGradient(op, dy);
  if (!WantsGradient(op.inputs[0])) return;
  const bool strided = op.window.stride_h != 1 || op.window.stride_w != 1;
  if (strided && taps == 1 && op.window.padding == Padding{}) return BackwardStridedPointwise(op, dy);
  BufferId slope = dy;
  if (strided) {
    slope = schedule_.NewBuffer(
        FeatureShape{(out.h - 1) * op.window.stride_h + 1, (out.w - 1) * op.window.stride_w + 1, out.c});
    schedule_.Emit(op.name, "dilate", {dy, slope}, [this, &op, dy, slope](const TrainingPass& pass) {
      Dilate(op.window, At(dy, pass), View(), At(slope, pass), threads_);
    });
  }
  const WindowParams window = InputGradientWindow(op.window, in.h, in.w);
  NeedScratch(Conv2DScratch(window, out.c, threads_.num_threads()));
  const Target target = Contribute(op.inputs[0]);
  schedule_.Emit(op.name, "input gradient", {slope, target.to, target.base},
                 [this, &op, window, slope, target, taps](const TrainingPass& pass) {
                   const View dx = At(target.to, pass);
                   packed_.PackTurned(&pass.parameters[op.kernel], taps, dx.c, At(slope, pass).c, threads_);
                   Conv2D(window, At(slope, pass), packed_, {.residual = At(target.base, pass)}, dx, scratch(),
                          threads_);
                 });
}

// 1x1 with a stride and without padding: the product on the few pixels, then spread.
void TrainingPlan::Impl::BackwardStridedPointwise(const TrainingOp& op, BufferId dy) {
  const FeatureShape in = ShapeOf(op.inputs[0]), out = ShapeOf(op.output);
  const BufferId small = schedule_.NewBuffer(FeatureShape{out.h, out.w, in.c});
  schedule_.Emit(op.name, "input gradient", {dy, small}, [this, &op, dy, small](const TrainingPass& pass) {
    const View dx = At(small, pass);
    packed_.PackTurned(&pass.parameters[op.kernel], 1, dx.c, At(dy, pass).c, threads_);
    MatMul(At(dy, pass), packed_, {}, dx, threads_);
  });
  const Target target = Contribute(op.inputs[0]);
  schedule_.Emit(op.name, "dilate", {small, target.to, target.base},
                 [this, &op, small, target](const TrainingPass& pass) {
                   Dilate(op.window, At(small, pass), At(target.base, pass), At(target.to, pass), threads_);
                 });
}

void TrainingPlan::Impl::BackwardSeparable(const TrainingOp& op, BufferId dy) {
  const FeatureShape in = ShapeOf(op.inputs[0]), out = ShapeOf(op.output);
  const int threads = threads_.num_threads();
  const BufferId x = Ensure(op.inputs[0]);
  NeedScratch(WeightGradientScratch(in.c, LargestBatch(out), threads));
  schedule_.Emit(op.name, "weight gradient", {x, dy}, [this, &op, x, dy](const TrainingPass& pass) {
    SeparableWeightGradient(SeparableOf(op), At(x, pass), &pass.parameters[op.depthwise], At(dy, pass),
                            &pass.gradient[op.kernel], scratch(), threads_);
  });
  BiasGradient(op, dy);
  const BufferId between = schedule_.NewBuffer(FeatureShape{out.h, out.w, in.c});
  schedule_.Emit(op.name, "input gradient", {dy, between}, [this, &op, dy, between](const TrainingPass& pass) {
    const View dx = At(between, pass);
    packed_.PackTurned(&pass.parameters[op.kernel], 1, dx.c, At(dy, pass).c, threads_);
    MatMul(At(dy, pass), packed_, {}, dx, threads_);
  });
  BackwardDepthwiseStep(op, x, between);
}

void TrainingPlan::Impl::BackwardDepthwise(const TrainingOp& op, BufferId dy) {
  const BufferId x = Ensure(op.inputs[0]);
  BiasGradient(op, dy);
  BackwardDepthwiseStep(op, x, dy);
}

// slope: with respect to the depthwise result.
void TrainingPlan::Impl::BackwardDepthwiseStep(const TrainingOp& op, BufferId x, BufferId slope) {
  const int input = op.inputs[0];
  const FeatureShape in = ShapeOf(input);
  NeedScratch(DepthwiseGradientScratch(op.window, LargestBatch(in)));
  if (!WantsGradient(input)) {
    schedule_.Emit(op.name, "filter gradient", {x, slope}, [this, &op, x, slope](const TrainingPass& pass) {
      DepthwiseFilterGradient(op.window, At(x, pass), op.relu_input, At(slope, pass), &pass.gradient[op.depthwise],
                              scratch(), threads_);
    });
    return;
  }
  const auto gradients = [this, &op, x, slope](const TrainingPass& pass, const View& dx) {
    DepthwiseGradients(op.window, At(x, pass), op.relu_input, At(slope, pass), &pass.parameters[op.depthwise],
                       &pass.gradient[op.depthwise], dx, scratch(), threads_);
  };
  if (!op.relu_input) return WriteContribution(input, op, "depthwise gradients", {x, slope}, gradients);
  const BufferId masked = schedule_.NewBuffer(in);
  schedule_.Emit(op.name, "depthwise gradients", {x, slope, masked},
                 [this, gradients, masked](const TrainingPass& pass) { gradients(pass, At(masked, pass)); });
  const Target target = Contribute(input);
  schedule_.Emit(op.name, "relu gradient", {x, masked, target.to, target.base},
                 [this, x, masked, target](const TrainingPass& pass) {
                   ActivationInputGradient(At(x, pass), Activation::kRelu, At(masked, pass), At(target.base, pass),
                                           At(target.to, pass), threads_);
                 });
}

void TrainingPlan::Impl::BackwardNorm(const TrainingOp& op, BufferId dy) {
  const int input = op.inputs[0];
  NormState& norm = norms_.at(Index(op.output));
  const BufferId x = Ensure(input);
  schedule_.Emit(op.name, "gradient sums", {dy, x},
                 [this, &op, &norm, dy, x](const TrainingPass& pass) { NormSums(op, norm, dy, x, pass); });
  const auto gradient = [this, &op, &norm, dy, x](const TrainingPass& pass, const View& dx) {
    const bool moves = options_.batch_statistics;
    NormalizationInputGradient({norm.scale.data(), norm.shift.data(), op.activation}, At(dy, pass), At(x, pass),
                               norm.a.data(), moves ? norm.b.data() : nullptr, moves ? norm.c.data() : nullptr, dx,
                               threads_);
  };
  if (gradients_[Index(input)] == kNoBuffer && SoleOwner(dy)) {  // in place
    Own(input, dy);
    schedule_.Emit(op.name, "input gradient", {dy, x},
                   [this, gradient, dy](const TrainingPass& pass) { gradient(pass, At(dy, pass)); });
    return;
  }
  WriteContribution(input, op, "input gradient", {dy, x}, gradient);
}

// Gradients of gamma and beta, and the coefficients of dx = a * dy + b * x + c.
void TrainingPlan::Impl::NormSums(const TrainingOp& op, NormState& norm, BufferId dy, BufferId x,
                                  const TrainingPass& pass) {
  const ConstView view = At(x, pass);
  const NormStatistics statistics = {norm.mean.data(), norm.variance.data(), op.epsilon};
  NormalizationSums({norm.scale.data(), norm.shift.data(), op.activation}, statistics, At(dy, pass), view,
                    norm.sum_dy.data(), norm.sum_dy_x.data(), scratch(), threads_);
  std::ranges::copy(norm.sum_dy, &pass.gradient[op.beta]);
  if (op.gamma != kNoParameter) std::ranges::copy(norm.sum_dy_x, &pass.gradient[op.gamma]);
  NormalizationCoefficients(statistics, norm.scale.data(), norm.sum_dy.data(), norm.sum_dy_x.data(),
                            static_cast<double>(view.num_pixels()), view.c, norm.a.data(), norm.b.data(),
                            norm.c.data());
}

void TrainingPlan::Impl::BackwardActivation(const TrainingOp& op, BufferId dy) {
  if (!WantsGradient(op.inputs[0])) return;
  const BufferId x = Ensure(op.inputs[0]);
  const Target target = Contribute(op.inputs[0]);
  schedule_.Emit(op.name, "gradient", {x, dy, target.to, target.base},
                 [this, &op, x, dy, target](const TrainingPass& pass) {
                   ActivationInputGradient(At(x, pass), op.activation, At(dy, pass), At(target.base, pass),
                                           At(target.to, pass), threads_);
                 });
}

void TrainingPlan::Impl::BackwardPool(const TrainingOp& op, BufferId dy) {
  if (!WantsGradient(op.inputs[0])) return;
  if (op.kind == LayerKind::kAveragePool) {
    return WriteContribution(op.inputs[0], op, "gradient", {dy}, [this, &op, dy](const TrainingPass& pass, View dx) {
      AveragePoolInputGradient(op.window, At(dy, pass), dx, threads_);
    });
  }
  const BufferId taps = taps_.at(Index(op.output));
  WriteContribution(
      op.inputs[0], op, "gradient", {dy, taps}, [this, &op, dy, taps](const TrainingPass& pass, const View& dx) {
        MaxPoolInputGradient(op.window, At(dy, pass), static_cast<uint16_t*>(schedule_.Bytes(taps)), dx, threads_);
      });
}

void TrainingPlan::Impl::BackwardConcat(const TrainingOp& op, BufferId dy) {
  int channel = 0;
  for (const int input : op.inputs) {
    const int channels = ShapeOf(input).c;
    const Target target = WantsGradient(input) ? Contribute(input) : Target();
    if (target.to != kNoBuffer) {
      schedule_.Emit(op.name, "gradient", {dy, target.to, target.base},
                     [this, dy, target, channel, channels](const TrainingPass& pass) {
                       View part = At(dy, pass);
                       part.data += channel;
                       part.c = channels;
                       part.padded = false;
                       ActivationInputGradient(part, Activation::kNone, part, At(target.base, pass),
                                               At(target.to, pass), threads_);
                     });
    }
    channel += channels;
  }
}

void TrainingPlan::Impl::BackwardDropout(const TrainingOp& op, BufferId dy) {
  WriteContribution(op.inputs[0], op, "gradient", {dy},
                    [this, &op, dy](const TrainingPass& pass, const View& dx) { Drop(op, At(dy, pass), dx, pass); });
}

}  // namespace siskin
