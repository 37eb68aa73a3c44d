#include "graph/training_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "graph/training_schedule.h"
#include "kernels/batchnorm/batchnorm.h"
#include "kernels/batchnorm/training.h"
#include "kernels/conv/conv.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gemm/gemm.h"
#include "kernels/gradient/depthwise_gradient.h"
#include "kernels/gradient/input_gradient.h"
#include "kernels/gradient/pool_gradient.h"
#include "kernels/gradient/weight_gradient.h"
#include "kernels/pool/pool.h"
#include "kernels/separable/separable.h"

namespace siskin {
namespace {

// What a batch normalisation knows between forward and backward, [C] each.
struct NormState {
  explicit NormState(int channels) : values(10, std::vector<float>(static_cast<size_t>(channels))) {}
  float* mean() { return values[0].data(); }
  float* variance() { return values[1].data(); }
  float* scale() { return values[2].data(); }
  float* shift() { return values[3].data(); }
  float* sum_dy() { return values[4].data(); }
  float* sum_dy_x() { return values[5].data(); }
  float* a() { return values[6].data(); }  // of dx = a * dy + b * x + c
  float* b() { return values[7].data(); }
  float* c() { return values[8].data(); }

  std::vector<std::vector<float>> values;
};

// y = factor * x as scale and shift.
struct Factor {
  Factor(float factor, int channels) : scale(static_cast<size_t>(channels), factor), zero(scale.size(), 0.0f) {}
  std::vector<float> scale, zero;
};

// Where a gradient goes: `to` becomes the contribution plus `base` (kNoBuffer: the contribution alone).
struct Target {
  BufferId to = kNoBuffer, base = kNoBuffer;
};

}  // namespace

// Builds the schedule, and holds what its steps share.
class TrainingPlan::Impl {
 public:
  Impl(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads)
      : options_(options), threads_(threads), program_(LowerForTraining(graph)), schedule_(options.max_batch) {
    if (options.max_batch < 1) Fail(ErrorKind::kUsage, "a batch of {} images: expected at least 1", options.max_batch);
    const FeatureShape& logits = ShapeOf(program_.output);
    if (logits.h != 1 || logits.w != 1) {
      Fail(ErrorKind::kInternal, "the graph ends in {}x{}x{}, expected logits of 1x1 pixels; pool before training",
           logits.h, logits.w, logits.c);
    }
    producer_.resize(program_.values.size(), nullptr);
    for (const TrainingOp& op : program_.ops) producer_[Index(op.output)] = &op;
    activations_.resize(program_.values.size(), kNoBuffer);
    gradients_.resize(program_.values.size(), kNoBuffer);
    BuildForward();
    BuildBackward();
    schedule_.PlanArena();
    AllocateScratch();
  }

  std::span<const float> Forward(std::span<const float> parameters, std::span<float> statistics,
                                 std::span<const float> input, int n, const DropoutKey* dropout) {
    const FeatureShape& in = program_.values[0];
    const size_t floats =
        static_cast<size_t>(n) * static_cast<size_t>(in.h) * static_cast<size_t>(in.w) * static_cast<size_t>(in.c);
    if (n < 1 || n > options_.max_batch || input.size() != floats || parameters.size() != Total(program_.parameters) ||
        statistics.size() != Total(program_.statistics)) {
      Fail(ErrorKind::kInternal, "a training step of {} images with {} floats of input, {} parameters", n, input.size(),
           parameters.size());
    }
    pass_ = {n, parameters, statistics, {}, dropout};
    Activate(DenseView(input.data(), n, in.h, in.w, in.c), Activation::kNone, schedule_.At(input_, n), threads_);
    schedule_.RunForward(pass_);
    const View logits = schedule_.At(logits_, n);
    for (int i = 0; i < n; ++i) {
      std::copy_n(logits.pixel(i, 0, 0), logits.c, dense_logits_.data() + static_cast<ptrdiff_t>(i) * logits.c);
    }
    return std::span(dense_logits_).first(static_cast<size_t>(n) * static_cast<size_t>(logits.c));
  }

  void Backward(std::span<const float> dlogits, std::span<float> gradient) {
    const View to = schedule_.At(dlogits_, pass_.n);
    if (dlogits.size() != Index(to.n) * Index(to.c) || gradient.size() != Total(program_.parameters)) {
      Fail(ErrorKind::kInternal, "{} gradients of logits and {} of parameters after a step of {} images of {} logits",
           dlogits.size(), gradient.size(), to.n, to.c);
    }
    for (int i = 0; i < to.n; ++i) {
      std::copy_n(dlogits.data() + static_cast<ptrdiff_t>(i) * to.c, to.c, to.pixel(i, 0, 0));
    }
    pass_.gradient = gradient;
    schedule_.RunBackward(pass_);
  }

  const TrainingProgram& program() const { return program_; }
  const TrainingSchedule& schedule() const { return schedule_; }
  size_t scratch_bytes() const { return scratch_.num_bytes() + packed_.num_bytes(); }
  static size_t Total(const std::vector<TrainingParameter>& list) {
    return list.empty() ? 0 : list.back().offset + list.back().size;
  }

 private:
  static size_t Index(int value) { return static_cast<size_t>(value); }
  const FeatureShape& ShapeOf(int value) const { return program_.values[Index(value)]; }
  // Computed again in the backward pass instead of being kept.
  bool IsCheap(int value) const {
    const TrainingOp* op = producer_[Index(value)];
    return op != nullptr && (op->kind == LayerKind::kBatchNorm || op->kind == LayerKind::kActivation);
  }
  void NeedScratch(size_t floats) { scratch_floats_ = std::max(scratch_floats_, floats); }
  // Filters of a convolution, packed for the forward pass and turned round for the backward pass.
  void NeedFilters(int taps, int cin, int cout) {
    packed_.Reserve(taps * cin, cout);
    packed_.Reserve(taps * cout, cin);
  }
  void AllocateScratch() {
    scratch_ = Tensor(Shape{static_cast<int64_t>(scratch_floats_)});
    dense_logits_.resize(static_cast<size_t>(options_.max_batch) * Index(ShapeOf(program_.output).c));
  }
  std::span<float> scratch() { return scratch_.values<float>(); }
  View At(BufferId buffer, const TrainingPass& pass) const {
    return buffer == kNoBuffer ? View() : schedule_.At(buffer, pass.n);
  }

  // ---- forward ----

  void BuildForward() {
    input_ = activations_[0] = schedule_.NewBuffer(ShapeOf(0));
    schedule_.Emit("input", "", {input_}, [](const TrainingPass&) {});
    for (const TrainingOp& op : program_.ops) BuildForward(op);
    logits_ = Ensure(program_.output);
    schedule_.Emit("logits", "", {logits_}, [](const TrainingPass&) {});
  }

  void BuildForward(const TrainingOp& op) {
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
  BufferId Ensure(int value) {
    BufferId& buffer = activations_[Index(value)];
    if (buffer != kNoBuffer) return buffer;
    const TrainingOp& op = *producer_[Index(value)];
    const BufferId from = Ensure(op.inputs[0]), to = schedule_.NewBuffer(ShapeOf(value));
    if (op.kind == LayerKind::kBatchNorm) {
      NormState& norm = norms_.at(Index(op.output));
      schedule_.Emit(op.name, "normalise", {from, to}, [this, &op, &norm, from, to](const TrainingPass& pass) {
        ScaleShift(At(from, pass), norm.scale(), norm.shift(), op.activation, At(to, pass), threads_);
      });
    } else {
      schedule_.Emit(op.name, "activate", {from, to}, [this, &op, from, to](const TrainingPass& pass) {
        Activate(At(from, pass), op.activation, At(to, pass), threads_);
      });
    }
    return activations_[Index(value)] = to;
  }

  BufferId NewActivation(const TrainingOp& op) {
    return activations_[Index(op.output)] = schedule_.NewBuffer(ShapeOf(op.output));
  }

  void ForwardConvolution(const TrainingOp& op) {
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
    if (op.kind == LayerKind::kConv2D) {
      NeedScratch(Conv2DScratch(op.window, in.h, in.w, in.c, out.c, threads));
    } else {
      for (int n = 1; n <= options_.max_batch; ++n) {
        NeedScratch(SeparableScratch(SeparableOf(op), n, in.h, in.w, in.c, out.c, threads));
      }
    }
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

  static Epilogue EpilogueOf(const TrainingOp& op, const TrainingPass& pass) {
    return {.bias = op.bias == kNoParameter ? nullptr : &pass.parameters[op.bias]};
  }
  static SeparableParams SeparableOf(const TrainingOp& op) {
    return {.window = op.window, .relu_input = op.relu_input};
  }

  // Scale and shift of a batch normalisation, from the batch or from the moving averages; the output itself is computed
  // when somebody reads it.
  void ForwardStatistics(const TrainingOp& op) {
    const FeatureShape& shape = ShapeOf(op.output);
    const BufferId x = Ensure(op.inputs[0]);
    NormState& norm = norms_.try_emplace(Index(op.output), shape.c).first->second;
    NeedScratch(ChannelSumsScratch(Pixels(shape) * static_cast<size_t>(options_.max_batch), shape.c));
    schedule_.Emit(op.name, "statistics", {x}, [this, &op, &norm, x](const TrainingPass& pass) {
      const ConstView view = At(x, pass);
      if (options_.batch_statistics) {
        ChannelMoments(view, norm.mean(), norm.variance(), scratch(), threads_);
        MoveStatistics(op, norm, view.c, pass);
      } else {
        std::copy_n(&pass.statistics[op.mean], view.c, norm.mean());
        std::copy_n(&pass.statistics[op.variance], view.c, norm.variance());
      }
      BatchNormAffine({.gamma = op.gamma == kNoParameter ? nullptr : &pass.parameters[op.gamma],
                       .beta = &pass.parameters[op.beta],
                       .mean = norm.mean(),
                       .variance = norm.variance(),
                       .epsilon = op.epsilon},
                      view.c, norm.scale(), norm.shift());
    });
  }

  // Keras' moving averages: moving = moving * momentum + batch * (1 - momentum).
  static void MoveStatistics(const TrainingOp& op, NormState& norm, int channels, const TrainingPass& pass) {
    const float keep = op.momentum, take = 1 - op.momentum;
    for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
      float& mean = pass.statistics[op.mean + c];
      float& variance = pass.statistics[op.variance + c];
      mean = mean * keep + norm.mean()[c] * take;
      variance = variance * keep + norm.variance()[c] * take;
    }
  }

  void ForwardPool(const TrainingOp& op) {
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
  bool IsNormOnlyAdded(int value) const {
    const TrainingOp* op = producer_[Index(value)];
    return op != nullptr && op->kind == LayerKind::kBatchNorm && op->activation == Activation::kNone &&
           activations_[Index(value)] == kNoBuffer;
  }

  // y = x + factor * residual
  void ForwardScaledAdd(const TrainingOp& op) {
    const Factor& factor =
        factors_.try_emplace(Index(op.output), op.residual_scale, ShapeOf(op.output).c).first->second;
    const BufferId x = Ensure(op.inputs[0]), residual = Ensure(op.inputs[1]), y = NewActivation(op);
    schedule_.Emit(op.name, "scale and add", {x, residual, y},
                   [this, &factor, x, residual, y](const TrainingPass& pass) {
                     ScaleShiftAdd(At(residual, pass), factor.scale.data(), factor.zero.data(), At(x, pass),
                                   At(y, pass), threads_);
                   });
  }

  void ForwardAdd(const TrainingOp& op) {
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
      ScaleShiftAdd(At(x, pass), norm.scale(), norm.shift(), At(b, pass), At(y, pass), threads_);
    });
  }

  void ForwardConcat(const TrainingOp& op) {
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

  void ForwardDropout(const TrainingOp& op) {
    const BufferId x = Ensure(op.inputs[0]), y = NewActivation(op);
    schedule_.Emit(op.name, "dropout", {x, y},
                   [this, &op, x, y](const TrainingPass& pass) { Drop(op, At(x, pass), At(y, pass), pass); });
  }

  // y = x where a unit stays, times 1 / (1 - rate). The gradient goes the same way. Streams of several dropout layers
  // are told apart by the upper bits of the seed, which people leave at 0.
  void Drop(const TrainingOp& op, ConstView x, View y, const TrainingPass& pass) const {
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

  // ---- backward ----

  void BuildBackward() {
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
  void BackwardOfUnread(const TrainingOp& op) {
    for (const TrainingParameter& parameter : program_.parameters) {
      const size_t offset = parameter.offset;
      if (offset != op.kernel && offset != op.depthwise && offset != op.bias && offset != op.gamma &&
          offset != op.beta) {
        continue;
      }
      schedule_.Emit(op.name, "no gradient", {}, [&parameter](const TrainingPass& pass) {
        std::ranges::fill(pass.gradient.subspan(parameter.offset, parameter.size), 0.0f);
      });
    }
  }

  void BuildBackward(const TrainingOp& op) {
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
  void Own(int value, BufferId buffer) {
    owners_.resize(std::max(owners_.size(), Index(buffer) + 1), 0);
    ++owners_[Index(buffer)];
    gradients_[Index(value)] = buffer;
  }
  void Release(int value) { --owners_[Index(gradients_[Index(value)])]; }
  bool SoleOwner(BufferId buffer) const { return owners_[Index(buffer)] == 1; }
  bool WantsGradient(int value) const { return value != 0; }  // nobody trains the input

  // Where a step writes what it contributes to the gradient of `value`.
  Target Contribute(int value) {
    const BufferId old = gradients_[Index(value)];
    if (old != kNoBuffer && SoleOwner(old)) return {old, old};
    if (old != kNoBuffer) Release(value);
    const BufferId fresh = schedule_.NewBuffer(ShapeOf(value));
    Own(value, fresh);
    return {fresh, old};
  }

  // The whole of `dy` is a contribution.
  void Share(int value, BufferId dy, const TrainingOp& op) {
    if (!WantsGradient(value)) return;
    if (gradients_[Index(value)] == kNoBuffer) return Own(value, dy);
    const Target target = Contribute(value);
    schedule_.Emit(op.name, "add gradients", {dy, target.to, target.base},
                   [this, dy, target](const TrainingPass& pass) {
                     Add(At(target.base, pass), At(dy, pass), Activation::kNone, At(target.to, pass), threads_);
                   });
  }

  // `dy` times the factor of a scaled addition is a contribution.
  void ShareScaled(int value, BufferId dy, const TrainingOp& op) {
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
  void WriteContribution(int value, const TrainingOp& op, const char* what, std::vector<BufferId> uses,
                         const Kernel& kernel) {
    const Target target = Contribute(value);
    const BufferId to = target.base == kNoBuffer ? target.to : schedule_.NewBuffer(ShapeOf(value));
    uses.push_back(to);
    schedule_.Emit(op.name, what, uses, [this, kernel, to](const TrainingPass& pass) { kernel(pass, At(to, pass)); });
    if (target.base == kNoBuffer) return;
    schedule_.Emit(op.name, "add gradients", {to, target.to, target.base},
                   [this, to, target](const TrainingPass& pass) {
                     Add(At(target.base, pass), At(to, pass), Activation::kNone, At(target.to, pass), threads_);
                   });
  }

  void BiasGradient(const TrainingOp& op, BufferId dy) {
    if (op.bias == kNoParameter) return;
    const FeatureShape& shape = ShapeOf(op.output);
    NeedScratch(ChannelSumsScratch(Pixels(shape) * static_cast<size_t>(options_.max_batch), shape.c));
    schedule_.Emit(op.name, "bias gradient", {dy}, [this, &op, dy](const TrainingPass& pass) {
      ChannelSums(At(dy, pass), &pass.gradient[op.bias], scratch(), threads_);
    });
  }

  void BackwardConv(const TrainingOp& op, BufferId dy) {
    const FeatureShape in = ShapeOf(op.inputs[0]), out = ShapeOf(op.output);
    const int taps = op.window.kernel_h * op.window.kernel_w;
    const BufferId x = Ensure(op.inputs[0]);
    NeedScratch(WeightGradientScratch(taps * in.c, out.c, threads_.num_threads()));
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
    NeedScratch(Conv2DScratch(window, out.h, out.w, out.c, in.c, threads_.num_threads()));
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
  void BackwardStridedPointwise(const TrainingOp& op, BufferId dy) {
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

  void BackwardSeparable(const TrainingOp& op, BufferId dy) {
    const FeatureShape in = ShapeOf(op.inputs[0]), out = ShapeOf(op.output);
    const int threads = threads_.num_threads();
    const BufferId x = Ensure(op.inputs[0]);
    NeedScratch(WeightGradientScratch(in.c, out.c, threads));
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

  void BackwardDepthwise(const TrainingOp& op, BufferId dy) {
    const BufferId x = Ensure(op.inputs[0]);
    BiasGradient(op, dy);
    BackwardDepthwiseStep(op, x, dy);
  }

  // slope: with respect to the depthwise result.
  void BackwardDepthwiseStep(const TrainingOp& op, BufferId x, BufferId slope) {
    const int input = op.inputs[0];
    const FeatureShape in = ShapeOf(input);
    NeedScratch(DepthwiseGradientScratch(op.window, options_.max_batch, in.h, in.w, in.c, threads_.num_threads()));
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

  void BackwardNorm(const TrainingOp& op, BufferId dy) {
    const int input = op.inputs[0];
    NormState& norm = norms_.at(Index(op.output));
    const BufferId x = Ensure(input);
    schedule_.Emit(op.name, "gradient sums", {dy, x},
                   [this, &op, &norm, dy, x](const TrainingPass& pass) { NormSums(op, norm, dy, x, pass); });
    const auto gradient = [this, &op, &norm, dy, x](const TrainingPass& pass, const View& dx) {
      const bool moves = options_.batch_statistics;
      NormalizationInputGradient({norm.scale(), norm.shift(), op.activation}, At(dy, pass), At(x, pass), norm.a(),
                                 moves ? norm.b() : nullptr, moves ? norm.c() : nullptr, dx, threads_);
    };
    if (gradients_[Index(input)] == kNoBuffer && SoleOwner(dy)) {  // in place
      Own(input, dy);
      schedule_.Emit(op.name, "input gradient", {dy, x},
                     [this, gradient, dy](const TrainingPass& pass) { gradient(pass, At(dy, pass)); });
      return;
    }
    WriteContribution(input, op, "input gradient", {dy, x}, gradient);
  }

  // Gradients of gamma and beta, and the coefficients of dx = a * dy + b * x + c. With y = gamma * (x - mean) * r +
  // beta and M pixels: a = gamma * r, b = -a * r^2 * sum(dy * (x - mean)) / M, c = -a * sum(dy) / M - b * mean.
  void NormSums(const TrainingOp& op, NormState& norm, BufferId dy, BufferId x, const TrainingPass& pass) {
    const ConstView view = At(x, pass);
    NormalizationSums({norm.scale(), norm.shift(), op.activation}, At(dy, pass), view, norm.mean(), norm.sum_dy(),
                      norm.sum_dy_x(), scratch(), threads_);
    const auto pixels = static_cast<double>(view.num_pixels());
    for (size_t c = 0; c < Index(view.c); ++c) {
      const double r = 1 / std::sqrt(static_cast<double>(norm.variance()[c]) + op.epsilon);
      const double a = norm.scale()[c], b = -a * r * r * norm.sum_dy_x()[c] / pixels;
      pass.gradient[op.beta + c] = norm.sum_dy()[c];
      if (op.gamma != kNoParameter) pass.gradient[op.gamma + c] = static_cast<float>(norm.sum_dy_x()[c] * r);
      norm.a()[c] = static_cast<float>(a);
      norm.b()[c] = static_cast<float>(b);
      norm.c()[c] = static_cast<float>(-a * norm.sum_dy()[c] / pixels - b * norm.mean()[c]);
    }
  }

  void BackwardActivation(const TrainingOp& op, BufferId dy) {
    if (!WantsGradient(op.inputs[0])) return;
    const BufferId x = Ensure(op.inputs[0]);
    const Target target = Contribute(op.inputs[0]);
    schedule_.Emit(op.name, "gradient", {x, dy, target.to, target.base},
                   [this, &op, x, dy, target](const TrainingPass& pass) {
                     ActivationInputGradient(At(x, pass), op.activation, At(dy, pass), At(target.base, pass),
                                             At(target.to, pass), threads_);
                   });
  }

  void BackwardPool(const TrainingOp& op, BufferId dy) {
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

  void BackwardConcat(const TrainingOp& op, BufferId dy) {
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

  void BackwardDropout(const TrainingOp& op, BufferId dy) {
    WriteContribution(op.inputs[0], op, "gradient", {dy},
                      [this, &op, dy](const TrainingPass& pass, const View& dx) { Drop(op, At(dy, pass), dx, pass); });
  }

  static size_t Pixels(const FeatureShape& shape) {
    return static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w);
  }

  TrainingPlanOptions options_;
  ThreadPool& threads_;
  TrainingProgram program_;
  TrainingSchedule schedule_;
  std::vector<const TrainingOp*> producer_;  // of every value
  std::vector<BufferId> activations_;        // of every value, where it is at this point of the schedule
  std::vector<BufferId> gradients_;          // likewise
  std::vector<int> owners_;                  // of every buffer of gradients: values that it belongs to
  std::map<size_t, NormState> norms_;        // by output value
  std::map<size_t, Factor> factors_;         // of scaled additions, by output value
  std::map<size_t, BufferId> taps_;          // of max pooling, by output value
  BufferId input_ = kNoBuffer, logits_ = kNoBuffer, dlogits_ = kNoBuffer;

  size_t scratch_floats_ = 0;
  Tensor scratch_;       // of the kernels
  PackedMatrix packed_;  // the weights of the step that runs
  std::vector<float> dense_logits_;
  TrainingPass pass_;
};

TrainingPlan::TrainingPlan(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads)
    : impl_(std::make_unique<Impl>(graph, options, threads)) {}
TrainingPlan::~TrainingPlan() = default;
TrainingPlan::TrainingPlan(TrainingPlan&&) noexcept = default;
TrainingPlan& TrainingPlan::operator=(TrainingPlan&&) noexcept = default;

const std::vector<TrainingParameter>& TrainingPlan::parameters() const {
  return impl_->program().parameters;
}
const std::vector<TrainingParameter>& TrainingPlan::statistics() const {
  return impl_->program().statistics;
}
size_t TrainingPlan::num_parameters() const {
  return Impl::Total(parameters());
}
size_t TrainingPlan::num_statistics() const {
  return Impl::Total(statistics());
}

std::span<const float> TrainingPlan::Forward(std::span<const float> parameters, std::span<float> statistics,
                                             std::span<const float> input, int n, const DropoutKey* dropout) {
  return impl_->Forward(parameters, statistics, input, n, dropout);
}

void TrainingPlan::Backward(std::span<const float> dlogits, std::span<float> gradient) {
  impl_->Backward(dlogits, gradient);
}

size_t TrainingPlan::arena_bytes() const {
  return impl_->schedule().arena_bytes();
}
size_t TrainingPlan::scratch_bytes() const {
  return impl_->scratch_bytes();
}
const std::vector<TrainingPlan::Step>& TrainingPlan::steps() const {
  return impl_->schedule().steps();
}

void GatherParameters(std::span<const TrainingParameter> parameters, const TensorMap& tensors, std::span<float> flat) {
  for (const TrainingParameter& parameter : parameters) {
    const auto found = tensors.find(parameter.name);
    if (found == tensors.end()) {
      Fail(ErrorKind::kModel, "the weights have no {} (shape {}); are they another network's?", parameter.name,
           parameter.shape.ToString());
    }
    if (found->second.shape() != parameter.shape || found->second.dtype() != DType::kF32) {
      Fail(ErrorKind::kModel, "{} is {} of shape {}, expected F32 of shape {}; are these another network's weights?",
           parameter.name, Name(found->second.dtype()), found->second.shape().ToString(), parameter.shape.ToString());
    }
    std::ranges::copy(found->second.values<float>(), flat.begin() + static_cast<ptrdiff_t>(parameter.offset));
  }
}

void ScatterParameters(std::span<const TrainingParameter> parameters, std::span<const float> flat, TensorMap* tensors) {
  for (const TrainingParameter& parameter : parameters) {
    (*tensors)[parameter.name] = Tensor::FromFloats(parameter.shape, flat.subspan(parameter.offset, parameter.size));
  }
}

}  // namespace siskin
