// The backend on the kernels of src/kernels. Weights are packed for the matrix product: once for inference, in every
// step for training, where they change (1 % of the time), all in one piece of memory.
#include <algorithm>
#include <memory>
#include <utility>

#include "graph/backend.h"
#include "graph/dropout.h"
#include "kernels/batchnorm/batchnorm.h"
#include "kernels/batchnorm/training.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/input_gradient.h"
#include "kernels/conv/weight_gradient.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/depthwise/depthwise_gradient.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/pool/pool.h"
#include "kernels/pool/pool_gradient.h"
#include "kernels/separable/separable.h"

namespace siskin {
namespace {

struct CpuWeights final : BoundWeights {
  size_t num_bytes() const override {
    return matrix.num_bytes() + sizeof(float) * (depthwise.size() + scale.size() + bias.size() + between_bias.size());
  }
  PackedMatrix matrix;
  std::vector<float> depthwise, scale, bias, between_bias;  // bias: or the shift
};

// A value of so many images without memory: what scratch depends on.
ConstView ViewOf(const FeatureShape& shape, int num_images) {
  return {.n = num_images, .h = shape.h, .w = shape.w, .c = shape.c};
}

int NumTaps(const WindowParams& window) {
  return window.kernel_h * window.kernel_w;
}

// In floats, as all kernels so far count theirs.
size_t ScratchOf(const PlanStep& step, int max_images, int num_threads) {
  const FeatureShape &x = step.x.shape, &dy = step.dy.shape, &y = step.y.shape;
  switch (step.kind) {
    case StepKind::kConv:
      return Conv2DScratch(step.window, x.c, num_threads);
    case StepKind::kSeparable:
      return SeparableScratch(x.c, num_threads);
    case StepKind::kStatistics:
    case StepKind::kNormSums:
      return ChannelSumsScratch(ViewOf(x, max_images));
    case StepKind::kBiasGradient:
      return ChannelSumsScratch(ViewOf(dy, max_images));
    case StepKind::kConvWeightGradient:
      return WeightGradientScratch(NumTaps(step.window) * x.c, ViewOf(dy, max_images), num_threads);
    case StepKind::kSeparableWeightGradient:
      return WeightGradientScratch(x.c, ViewOf(dy, max_images), num_threads);
    case StepKind::kConvInputGradient:
      return Conv2DScratch(InputGradientWindow(step.window, y.h, y.w), dy.c, num_threads);
    case StepKind::kDepthwiseFilterGradient:
    case StepKind::kDepthwiseGradients:
      return DepthwiseGradientScratch(step.window, ViewOf(x, max_images));
    default:
      return 0;
  }
}

// Room for the largest matrix that a step packs when it runs.
void ReserveMatrix(const PlanStep& step, PackedMatrix* matrix) {
  const int x = step.x.shape.c, dy = step.dy.shape.c, y = step.y.shape.c;
  if (step.reads.empty()) return;
  if (step.kind == StepKind::kConv) matrix->Reserve(NumTaps(step.window) * x, y);
  if (step.kind == StepKind::kSeparable) matrix->Reserve(x, y);
  if (step.kind == StepKind::kConvInputGradient) matrix->Reserve(NumTaps(step.window) * dy, y);
  if (step.kind == StepKind::kPointwiseInputGradient) matrix->Reserve(dy, y);
}

class CpuRunner final : public StepRunner {
 public:
  CpuRunner(std::span<const PlanStep> steps, ThreadPool& threads) : threads_(threads) {
    for (const PlanStep& step : steps) ReserveMatrix(step, &packed_);
  }

  void Run(const PlanStep& step, const BoundWeights* bound, const StepMemory& memory) override;
  size_t num_bytes() const override { return packed_.num_bytes(); }

 private:
  struct Call;

  const PackedMatrix& Matrix(const Call& call);
  const PackedMatrix& TurnedFilter(const Call& call);
  void Statistics(const Call& call);
  void NormSums(const Call& call);
  void NormInputGradient(const Call& call);

  ThreadPool& threads_;
  PackedMatrix packed_;  // the weights of the step that runs, in training
};

// One step's arguments.
struct CpuRunner::Call {
  const PlanStep& step;
  const CpuWeights* bound;
  const StepMemory& memory;

  ConstView x() const { return memory.Read(step.x); }
  ConstView dy() const { return memory.Read(step.dy); }
  ConstView other() const { return memory.Read(step.other); }
  View y() const { return memory.Write(step.y); }
  std::span<float> scratch() const {
    const std::span<std::byte> bytes = memory.Scratch(step);
    return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
  }
  uint16_t* taps() const { return reinterpret_cast<uint16_t*>(memory.Bytes(step.taps)); }

  const float* Parameter(const std::vector<float> CpuWeights::* of_bound, size_t offset) const {
    if (bound != nullptr) return (bound->*of_bound).empty() ? nullptr : (bound->*of_bound).data();
    return offset == kNoParameter ? nullptr : &memory.parameters[offset];
  }
  const float* depthwise() const { return Parameter(&CpuWeights::depthwise, step.at.depthwise); }
  Epilogue epilogue() const { return {Parameter(&CpuWeights::bias, step.at.bias), other(), step.activation}; }
  SeparableParams separable() const {
    return {step.window, step.relu_input, Parameter(&CpuWeights::between_bias, kNoParameter), step.between};
  }
  const float* kernel() const { return &memory.parameters[step.at.kernel]; }
  float* gradient() const { return &memory.gradient[step.finishes.begin]; }
  NormState& norm() const { return memory.norms[static_cast<size_t>(step.norm)]; }
  const float* scale() const { return bound != nullptr ? bound->scale.data() : norm().scale.data(); }
  const float* shift() const { return bound != nullptr ? bound->bias.data() : norm().shift.data(); }
  Normalization normalization() const { return {norm().scale.data(), norm().shift.data(), step.activation}; }

  // What a copy by pixels writes: the output seen as images of the input's height and width.
  View FlatOutput() const {
    const FeatureShape& in = step.x.shape;
    return DenseView(y().data, memory.n, in.h, in.w, in.c);
  }
  std::span<const float> rows() const { return {x().data, x().num_pixels() * static_cast<size_t>(x().c)}; }
  std::span<float> output_rows() const { return {y().data, y().num_pixels() * static_cast<size_t>(y().c)}; }
};

// The matrix of a forward product.
const PackedMatrix& CpuRunner::Matrix(const Call& call) {
  if (call.bound != nullptr) return call.bound->matrix;
  const PlanStep& step = call.step;
  const int taps = step.kind == StepKind::kConv ? NumTaps(step.window) : 1;
  packed_.Pack(call.kernel(), taps * step.x.shape.c, step.y.shape.c, threads_);
  return packed_;
}

// The matrix of a product that gives the gradient of an input.
const PackedMatrix& CpuRunner::TurnedFilter(const Call& call) {
  const PlanStep& step = call.step;
  const int taps = step.kind == StepKind::kConvInputGradient ? NumTaps(step.window) : 1;
  packed_.PackTurned(call.kernel(), taps, step.y.shape.c, step.dy.shape.c, threads_);
  return packed_;
}

void CpuRunner::Statistics(const Call& call) {
  const PlanStep& step = call.step;
  const StepMemory& memory = call.memory;
  NormState& norm = call.norm();
  if (step.batch_statistics) {
    ChannelMoments(call.x(), norm.mean.data(), norm.variance.data(), call.scratch(), threads_);
    norm.MoveAverages(step, memory.statistics);
  } else {
    norm.UseAverages(step, memory.statistics);
  }
  norm.SetScaleAndShift(step, memory.parameters);
}

void CpuRunner::NormSums(const Call& call) {
  NormState& norm = call.norm();
  NormalizationSums(call.normalization(), norm.statistics(call.step), call.dy(), call.x(), norm.dbeta.data(),
                    norm.dgamma.data(), call.scratch(), threads_);
  norm.SetCoefficients(call.step, call.x().num_pixels(), call.memory.gradient);
}

void CpuRunner::NormInputGradient(const Call& call) {
  const NormState& norm = call.norm();
  const bool moves = call.step.batch_statistics;
  NormalizationInputGradient(call.normalization(), call.dy(), call.x(), norm.a.data(), moves ? norm.b.data() : nullptr,
                             moves ? norm.c.data() : nullptr, call.y(), threads_);
}

void CpuRunner::Run(const PlanStep& step, const BoundWeights* bound, const StepMemory& memory) {
  const Call call{step, static_cast<const CpuWeights*>(bound), memory};
  switch (step.kind) {
    case StepKind::kNothing:
      return;
    case StepKind::kConv:
      return Conv2D(step.window, call.x(), Matrix(call), call.epilogue(), call.y(), call.scratch(), threads_);
    case StepKind::kMatMul:
      return MatMul(call.x(), Matrix(call), call.epilogue(), call.y(), threads_);
    case StepKind::kDepthwise:
      return DepthwiseConv2D(step.window, call.x(), call.depthwise(), step.relu_input, call.epilogue(), call.y(),
                             threads_);
    case StepKind::kSeparable:
      return SeparableConv2D(call.separable(), call.x(), call.depthwise(), Matrix(call), call.epilogue(), call.y(),
                             call.scratch(), threads_);
    case StepKind::kScaleShift:
      return ScaleShift(call.x(), call.scale(), call.shift(), step.activation, call.y(), threads_);
    case StepKind::kScaleShiftAdd:
      return ScaleShiftAdd(call.x(), call.scale(), call.shift(), call.other(), call.y(), threads_);
    case StepKind::kActivate:
      return Activate(call.x(), step.activation, call.y(), threads_);
    case StepKind::kAdd:
      return Add(call.x(), call.other(), step.activation, call.y(), threads_);
    case StepKind::kCopy:
      return CopyActivations(call.x(), call.y(), threads_);
    case StepKind::kCopyChannels:
      return CopyChannels(call.x(), call.y(), step.first_channel, threads_);
    case StepKind::kFlatten:
      return CopyChannels(call.x(), call.FlatOutput(), 0, threads_);
    case StepKind::kMaxPool:
      return MaxPool(step.window, call.x(), call.y(), threads_);
    case StepKind::kAveragePool:
      return AveragePool(step.window, call.x(), call.y(), threads_);
    case StepKind::kGlobalAveragePool:
      return GlobalAveragePool(call.x(), call.y(), threads_);
    case StepKind::kGlobalMaxPool:
      return GlobalMaxPool(call.x(), call.y(), threads_);
    case StepKind::kSoftmax:
      return Softmax(call.rows(), step.y.shape.c, call.output_rows());
    case StepKind::kSigmoid:
      return Sigmoid(call.rows(), call.output_rows());
    case StepKind::kMaxPoolWithTaps:
      return MaxPoolWithTaps(step.window, call.x(), call.y(), call.taps(), threads_);
    case StepKind::kStatistics:
      return Statistics(call);
    case StepKind::kDropout:
      return DropUnits(step.rate, step.stream, memory.dropout, call.x(), call.y(), threads_);
    case StepKind::kZeroGradient:
      std::fill_n(call.gradient(), step.finishes.size(), 0.0f);
      return;
    case StepKind::kBiasGradient:
      return ChannelSums(call.dy(), call.gradient(), call.scratch(), threads_);
    case StepKind::kConvWeightGradient:
      return Conv2DWeightGradient(step.window, call.x(), call.dy(), call.gradient(), call.scratch(), threads_);
    case StepKind::kSeparableWeightGradient:
      return SeparableWeightGradient(call.separable(), call.x(), call.depthwise(), call.dy(), call.gradient(),
                                     call.scratch(), threads_);
    case StepKind::kConvInputGradient:
      return Conv2D(InputGradientWindow(step.window, step.y.shape.h, step.y.shape.w), call.dy(), TurnedFilter(call),
                    {.residual = call.other()}, call.y(), call.scratch(), threads_);
    case StepKind::kPointwiseInputGradient:
      return MatMul(call.dy(), TurnedFilter(call), {}, call.y(), threads_);
    case StepKind::kDilate:
      return Dilate(step.window, call.dy(), call.other(), call.y(), threads_);
    case StepKind::kDepthwiseFilterGradient:
      return DepthwiseFilterGradient(step.window, call.x(), step.relu_input, call.dy(), call.gradient(), call.scratch(),
                                     threads_);
    case StepKind::kDepthwiseGradients:
      return DepthwiseGradients(step.window, call.x(), step.relu_input, call.dy(), call.depthwise(), call.gradient(),
                                call.y(), call.scratch(), threads_);
    case StepKind::kActivationGradient:
      return ActivationInputGradient(call.x(), step.activation, call.dy(), call.other(), call.y(), threads_);
    case StepKind::kNormSums:
      return NormSums(call);
    case StepKind::kNormInputGradient:
      return NormInputGradient(call);
    case StepKind::kMaxPoolGradient:
      return MaxPoolInputGradient(step.window, call.dy(), call.taps(), call.y(), threads_);
    case StepKind::kAveragePoolGradient:
      return AveragePoolInputGradient(step.window, call.dy(), call.y(), threads_);
  }
}

class Cpu final : public Backend {
 public:
  std::unique_ptr<BoundWeights> Bind(StepWeights weights) const override {
    auto bound = std::make_unique<CpuWeights>();
    std::vector<float> scaled;
    const std::span<const float> depthwise = weights.depthwise.Read(&scaled);
    bound->depthwise.assign(depthwise.begin(), depthwise.end());
    bound->bias = std::move(weights.bias);
    bound->between_bias = std::move(weights.between_bias);
    bound->scale.assign(weights.scale.begin(), weights.scale.end());
    if (!weights.shift.empty()) bound->bias.assign(weights.shift.begin(), weights.shift.end());
    if (!weights.matrix.empty()) {
      const auto rows = static_cast<int>(weights.matrix.size() / static_cast<size_t>(weights.columns));
      bound->matrix = PackedMatrix(weights.matrix.Read(&scaled).data(), rows, weights.columns);
    }
    return bound;
  }
  size_t ScratchBytes(const PlanStep& step, int max_images, int num_threads) const override {
    return ScratchOf(step, max_images, num_threads) * sizeof(float);
  }
  std::unique_ptr<StepRunner> NewRunner(std::span<const PlanStep> steps, ThreadPool& threads) const override {
    return std::make_unique<CpuRunner>(steps, threads);
  }
};

}  // namespace

const Backend& CpuBackend() {
  static const Cpu backend;
  return backend;
}

}  // namespace siskin
