// The steps of the forward pass.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "graph/training_plan_impl.h"
#include "kernels/batchnorm/batchnorm.h"
#include "kernels/batchnorm/training.h"
#include "kernels/conv/conv.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gradient/pool_gradient.h"
#include "kernels/pool/pool.h"

namespace siskin {
namespace {

Epilogue EpilogueOf(const TrainingOp& op, const TrainingPass& pass) {
  return {.bias = op.bias == kNoParameter ? nullptr : &pass.parameters[op.bias]};
}

}  // namespace

void TrainingPlan::Impl::BuildForward() {
  input_ = activations_[0] = schedule_.NewBuffer(ShapeOf(0));
  schedule_.Emit("input", "", {input_}, [](const TrainingPass&) {});
  for (const TrainingOp& op : program_.ops) BuildForward(op);
  logits_ = Ensure(program_.output);
  schedule_.Emit("logits", "", {logits_}, [](const TrainingPass&) {});
}

void TrainingPlan::Impl::BuildForward(const TrainingOp& op) {
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

// The buffer that holds the value at this point of the schedule, computing it if it is a cheap one.
BufferId TrainingPlan::Impl::Ensure(int value) {
  BufferId& buffer = activations_[Index(value)];
  if (buffer != kNoBuffer) return buffer;
  const TrainingOp& op = *producer_[Index(value)];
  const BufferId from = Ensure(op.inputs[0]), to = schedule_.NewBuffer(ShapeOf(value));
  if (op.kind == LayerKind::kBatchNorm) {
    NormState& norm = norms_.at(Index(op.output));
    schedule_.Emit(op.name, "normalise", {from, to}, [this, &op, &norm, from, to](const TrainingPass& pass) {
      ScaleShift(At(from, pass), norm.scale.data(), norm.shift.data(), op.activation, At(to, pass), threads_);
    });
  } else {
    schedule_.Emit(op.name, "activate", {from, to}, [this, &op, from, to](const TrainingPass& pass) {
      Activate(At(from, pass), op.activation, At(to, pass), threads_);
    });
  }
  return activations_[Index(value)] = to;
}

BufferId TrainingPlan::Impl::NewActivation(const TrainingOp& op) {
  return activations_[Index(op.output)] = schedule_.NewBuffer(ShapeOf(op.output));
}

void TrainingPlan::Impl::ForwardConvolution(const TrainingOp& op) {
  const FeatureShape in = ShapeOf(op.inputs[0]), out = ShapeOf(op.output);
  const BufferId x = Ensure(op.inputs[0]), y = NewActivation(op);
  const int threads = threads_.num_threads();
  if (op.kind == LayerKind::kDepthwiseConv2D) {
    schedule_.Emit(op.name, "depthwise", {x, y}, [this, &op, x, y](const TrainingPass& pass) {
      DepthwiseConv2D(op.window, At(x, pass), &pass.parameters[op.depthwise], op.relu_input, EpilogueOf(op, pass),
                      At(y, pass), threads_);
    });
    return;
  }
  const int taps = op.kind == LayerKind::kConv2D ? op.window.kernel_h * op.window.kernel_w : 1;
  NeedFilters(taps, in.c, out.c);
  NeedScratch(op.kind == LayerKind::kConv2D ? Conv2DScratch(op.window, in.c, threads)
                                            : SeparableScratch(in.c, threads));
  schedule_.Emit(op.name, "convolve", {x, y}, [this, &op, x, y, rows = taps * in.c](const TrainingPass& pass) {
    packed_.Pack(&pass.parameters[op.kernel], rows, At(y, pass).c, threads_);
    if (op.kind == LayerKind::kConv2D) {
      Conv2D(op.window, At(x, pass), packed_, EpilogueOf(op, pass), At(y, pass), scratch(), threads_);
    } else {
      SeparableConv2D(SeparableOf(op), At(x, pass), &pass.parameters[op.depthwise], packed_, EpilogueOf(op, pass),
                      At(y, pass), scratch(), threads_);
    }
  });
}

// Scale and shift of a batch normalisation, from the batch or from the moving averages; the output itself is computed
// when somebody reads it.
void TrainingPlan::Impl::ForwardStatistics(const TrainingOp& op) {
  const FeatureShape& shape = ShapeOf(op.output);
  const BufferId x = Ensure(op.inputs[0]);
  NormState& norm = norms_.try_emplace(Index(op.output), shape.c).first->second;
  NeedChannelSums(shape);
  schedule_.Emit(op.name, "statistics", {x}, [this, &op, &norm, x](const TrainingPass& pass) {
    const ConstView view = At(x, pass);
    if (options_.batch_statistics) {
      ChannelMoments(view, norm.mean.data(), norm.variance.data(), scratch(), threads_);
      MoveStatistics(op, norm, view.c, pass);
    } else {
      std::copy_n(&pass.statistics[op.mean], view.c, norm.mean.data());
      std::copy_n(&pass.statistics[op.variance], view.c, norm.variance.data());
    }
    BatchNormAffine({.gamma = op.gamma == kNoParameter ? nullptr : &pass.parameters[op.gamma],
                     .beta = &pass.parameters[op.beta],
                     .mean = norm.mean.data(),
                     .variance = norm.variance.data(),
                     .epsilon = op.epsilon},
                    view.c, norm.scale.data(), norm.shift.data());
  });
}

// Keras' moving averages: moving = moving * momentum + batch * (1 - momentum).
void TrainingPlan::Impl::MoveStatistics(const TrainingOp& op, NormState& norm, int channels, const TrainingPass& pass) {
  const float keep = op.momentum, take = 1 - op.momentum;
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    float& mean = pass.statistics[op.mean + c];
    float& variance = pass.statistics[op.variance + c];
    mean = mean * keep + norm.mean[c] * take;
    variance = variance * keep + norm.variance[c] * take;
  }
}

void TrainingPlan::Impl::ForwardPool(const TrainingOp& op) {
  const BufferId x = Ensure(op.inputs[0]), y = NewActivation(op);
  if (op.kind == LayerKind::kAveragePool) {
    schedule_.Emit(op.name, "average pool", {x, y}, [this, &op, x, y](const TrainingPass& pass) {
      AveragePool(op.window, At(x, pass), At(y, pass), threads_);
    });
    return;
  }
  const FeatureShape& out = ShapeOf(op.output);
  const BufferId taps = schedule_.NewBuffer(Pixels(out) * Index(out.c) * sizeof(uint16_t));
  taps_[Index(op.output)] = taps;
  schedule_.Emit(op.name, "max pool", {x, y, taps}, [this, &op, x, y, taps](const TrainingPass& pass) {
    MaxPoolWithTaps(op.window, At(x, pass), At(y, pass), static_cast<uint16_t*>(schedule_.Bytes(taps)), threads_);
  });
}

// A batch normalisation that is only added is not computed by itself.
bool TrainingPlan::Impl::IsNormOnlyAdded(int value) const {
  const TrainingOp* op = producer_[Index(value)];
  return op != nullptr && op->kind == LayerKind::kBatchNorm && op->activation == Activation::kNone &&
         activations_[Index(value)] == kNoBuffer;
}

// y = x + factor * residual
void TrainingPlan::Impl::ForwardScaledAdd(const TrainingOp& op) {
  const Factor& factor = factors_.try_emplace(Index(op.output), op.residual_scale, ShapeOf(op.output).c).first->second;
  const BufferId x = Ensure(op.inputs[0]), residual = Ensure(op.inputs[1]), y = NewActivation(op);
  schedule_.Emit(op.name, "scale and add", {x, residual, y}, [this, &factor, x, residual, y](const TrainingPass& pass) {
    ScaleShiftAdd(At(residual, pass), factor.scale.data(), factor.zero.data(), At(x, pass), At(y, pass), threads_);
  });
}

void TrainingPlan::Impl::ForwardAdd(const TrainingOp& op) {
  if (op.residual_scale != 1) return ForwardScaledAdd(op);
  int normed = op.inputs[0], other = op.inputs[1];
  if (!IsNormOnlyAdded(normed)) std::swap(normed, other);
  if (normed == other || !IsNormOnlyAdded(normed)) {
    const BufferId a = Ensure(normed), b = Ensure(other), y = NewActivation(op);
    schedule_.Emit(op.name, "add", {a, b, y}, [this, a, b, y](const TrainingPass& pass) {
      Add(At(a, pass), At(b, pass), Activation::kNone, At(y, pass), threads_);
    });
    return;
  }
  NormState& norm = norms_.at(Index(normed));
  const BufferId x = Ensure(producer_[Index(normed)]->inputs[0]), b = Ensure(other), y = NewActivation(op);
  schedule_.Emit(op.name, "normalise and add", {x, b, y}, [this, &norm, x, b, y](const TrainingPass& pass) {
    ScaleShiftAdd(At(x, pass), norm.scale.data(), norm.shift.data(), At(b, pass), At(y, pass), threads_);
  });
}

void TrainingPlan::Impl::ForwardConcat(const TrainingOp& op) {
  std::vector<BufferId> parts;
  for (const int input : op.inputs) parts.push_back(Ensure(input));
  const BufferId y = NewActivation(op);
  int channel = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    schedule_.Emit(op.name, "copy", {parts[i], y}, [this, part = parts[i], y, channel](const TrainingPass& pass) {
      CopyChannels(At(part, pass), At(y, pass), channel, threads_);
    });
    channel += ShapeOf(op.inputs[i]).c;
  }
}

void TrainingPlan::Impl::ForwardDropout(const TrainingOp& op) {
  const BufferId x = Ensure(op.inputs[0]), y = NewActivation(op);
  schedule_.Emit(op.name, "dropout", {x, y},
                 [this, &op, x, y](const TrainingPass& pass) { Drop(op, At(x, pass), At(y, pass), pass); });
}

// y = x where a unit stays, times 1 / (1 - rate). The gradient goes the same way. Streams of several dropout layers
// are told apart by the upper bits of the seed, which people leave at 0.
void TrainingPlan::Impl::Drop(const TrainingOp& op, ConstView x, View y, const TrainingPass& pass) const {
  if (pass.dropout == nullptr || op.rate <= 0) return Activate(x, Activation::kNone, y, threads_);
  const uint64_t seed = pass.dropout->seed ^ (static_cast<uint64_t>(op.output) << 48);
  const float kept = 1 / (1 - op.rate);
  threads_.ParallelFor(static_cast<size_t>(x.n), [&](size_t image, int) {
    Random random(seed, RandomPurpose::kDropout, pass.dropout->epoch, pass.dropout->photos[image]);
    const int pixels = x.h * x.w;
    for (int pixel = 0; pixel < pixels; ++pixel) {
      const float* from = x.pixel(static_cast<int>(image), 0, pixel);
      float* to = y.pixel(static_cast<int>(image), 0, pixel);
      for (int c = 0; c < x.c; ++c) to[c] = random.Uniform() < op.rate ? 0 : from[c] * kept;
    }
  });
}

}  // namespace siskin
