// The backend on the reference kernels: what the steps of a network mean, one output element at a time and in double
// precision, whatever the fast kernels make of them.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "graph/backend.h"
#include "graph/dropout.h"
#include "kernels/reference/reference.h"

namespace siskin {
namespace {

struct ReferenceWeights final : BoundWeights {
  explicit ReferenceWeights(StepWeights from)
      : matrix(Numbers(from.matrix)),
        depthwise(Numbers(from.depthwise)),
        bias(std::move(from.bias)),
        between_bias(std::move(from.between_bias)),
        scale(from.scale.begin(), from.scale.end()),
        shift(from.shift.begin(), from.shift.end()) {}
  size_t num_bytes() const override {
    return sizeof(float) *
           (matrix.size() + depthwise.size() + scale.size() + shift.size() + bias.size() + between_bias.size());
  }
  static std::vector<float> Numbers(const Filter& filter) {
    std::vector<float> memory;
    const std::span<const float> numbers = filter.Read(&memory);
    return {numbers.begin(), numbers.end()};
  }
  std::vector<float> matrix, depthwise, bias, between_bias, scale, shift;
};

// Dense activations that go away again.
struct Temporary {
  Temporary(int n, int h, int w, int c)
      : values(static_cast<size_t>(n) * static_cast<size_t>(h) * static_cast<size_t>(w) * static_cast<size_t>(c)),
        view(DenseView(values.data(), n, h, w, c)) {}
  std::vector<float> values;
  View view;
};

template <class Visit>
void ForEachElement(const View& view, const Visit& visit) {
  for (int image = 0; image < view.n; ++image) {
    for (int y = 0; y < view.h; ++y) {
      for (int x = 0; x < view.w; ++x) {
        for (int c = 0; c < view.c; ++c) visit(image, y, x, c);
      }
    }
  }
}

// One step.
class ReferenceCall {
 public:
  ReferenceCall(const PlanStep& step, const BoundWeights* bound, const StepMemory& memory, ThreadPool& threads)
      : step_(step),
        bound_(static_cast<const ReferenceWeights*>(bound)),
        memory_(memory),
        threads_(threads),
        x_(memory.Read(step.x)),
        dy_(memory.Read(step.dy)),
        other_(memory.Read(step.other)),
        y_(memory.Write(step.y)) {}

  void Run();

 private:
  const float* Parameter(const std::vector<float> ReferenceWeights::* of_bound, size_t offset) const {
    if (bound_ != nullptr) return (bound_->*of_bound).empty() ? nullptr : (bound_->*of_bound).data();
    return offset == kNoParameter ? nullptr : &memory_.parameters[offset];
  }
  const float* matrix() const { return Parameter(&ReferenceWeights::matrix, step_.at.kernel); }
  const float* depthwise() const { return Parameter(&ReferenceWeights::depthwise, step_.at.depthwise); }
  Epilogue epilogue() const { return {Parameter(&ReferenceWeights::bias, step_.at.bias), other_, step_.activation}; }
  NormState& norm() const { return memory_.norms[static_cast<size_t>(step_.norm)]; }
  const float* scale() const { return bound_ != nullptr ? bound_->scale.data() : norm().scale.data(); }
  const float* shift() const { return bound_ != nullptr ? bound_->shift.data() : norm().shift.data(); }
  Normalization normalization() const { return {norm().scale.data(), norm().shift.data(), step_.activation}; }
  float* gradient() const { return &memory_.gradient[step_.finishes.begin]; }
  uint16_t* taps() const { return reinterpret_cast<uint16_t*>(memory_.Bytes(step_.taps)); }
  int NumRows(const View& view) const { return static_cast<int>(view.num_pixels()); }

  // What the depthwise step of a separable convolution computes.
  Temporary Between(int h, int w) const;
  void Separable();
  void ScaleShift();
  void Flatten();
  void MaxPoolWithTaps();
  void MaxPoolGradient();
  void Statistics();
  void NormSums();
  void NormInputGradient();
  void SeparableWeightGradient();
  void ConvInputGradient();
  void Dilate();
  void DepthwiseGradients();

  const PlanStep& step_;
  const ReferenceWeights* bound_;
  const StepMemory& memory_;
  ThreadPool& threads_;
  ConstView x_, dy_, other_;
  View y_;
};

Temporary ReferenceCall::Between(int h, int w) const {
  Temporary between(x_.n, h, w, x_.c);
  const Epilogue epilogue = {.bias = Parameter(&ReferenceWeights::between_bias, kNoParameter),
                             .activation = step_.between};
  reference::DepthwiseConv2D(step_.window, x_, depthwise(), step_.relu_input, epilogue, between.view);
  return between;
}

void ReferenceCall::Separable() {
  reference::MatMul(Between(y_.h, y_.w).view, matrix(), epilogue(), y_);
}

void ReferenceCall::ScaleShift() {
  Temporary zeros(y_.n, y_.h, y_.w, y_.c);
  reference::ScaleShiftAdd(x_, scale(), shift(), other_.data != nullptr ? other_ : zeros.view, y_);
  reference::Activate(y_, step_.activation, y_);
}

void ReferenceCall::Flatten() {
  reference::CopyChannels(x_, DenseView(y_.data, x_.n, x_.h, x_.w, x_.c), 0);
}

void ReferenceCall::MaxPoolWithTaps() {
  reference::MaxPool(step_.window, x_, y_);
  const WindowParams& window = step_.window;
  uint16_t* tap = taps();
  ForEachElement(y_, [&](int image, int oy, int ox, int c) {
    int found = -1;
    for (int place = 0; place < window.kernel_h * window.kernel_w && found < 0; ++place) {
      const int y = oy * window.stride_h - window.padding.top + place / window.kernel_w;
      const int x = ox * window.stride_w - window.padding.left + place % window.kernel_w;
      if (y < 0 || y >= x_.h || x < 0 || x >= x_.w) continue;
      const float value = x_.pixel(image, y, x)[c], largest = y_.pixel(image, oy, ox)[c];
      if (value == largest || std::isnan(value)) found = place;
    }
    *tap++ = static_cast<uint16_t>(std::max(found, 0));
  });
}

void ReferenceCall::MaxPoolGradient() {
  const WindowParams& window = step_.window;
  ForEachElement(y_, [&](int image, int y, int x, int c) { y_.pixel(image, y, x)[c] = 0; });
  const View dy = memory_.Write(step_.dy);
  const uint16_t* tap = taps();
  ForEachElement(dy, [&](int image, int oy, int ox, int c) {
    const int y = oy * window.stride_h - window.padding.top + *tap / window.kernel_w;
    const int x = ox * window.stride_w - window.padding.left + *tap % window.kernel_w;
    y_.pixel(image, y, x)[c] += dy.pixel(image, oy, ox)[c];
    ++tap;
  });
}

void ReferenceCall::Statistics() {
  if (step_.batch_statistics) {
    reference::ChannelMoments(x_, norm().mean.data(), norm().variance.data());
    norm().MoveAverages(step_, memory_.statistics);
  } else {
    norm().UseAverages(step_, memory_.statistics);
  }
  norm().SetScaleAndShift(step_, memory_.parameters);
}

void ReferenceCall::NormSums() {
  reference::NormalizationSums(normalization(), norm().statistics(step_), dy_, x_, norm().dbeta.data(),
                               norm().dgamma.data());
  norm().SetCoefficients(step_, x_.num_pixels(), memory_.gradient);
}

void ReferenceCall::NormInputGradient() {
  const bool moves = step_.batch_statistics;
  reference::NormalizationInputGradient(normalization(), dy_, x_, norm().a.data(), moves ? norm().b.data() : nullptr,
                                        moves ? norm().c.data() : nullptr, y_);
}

void ReferenceCall::SeparableWeightGradient() {
  reference::MatMulWeightGradient(Between(dy_.h, dy_.w).view, dy_, gradient());
}

// dy has been dilated: the gradient of a convolution of stride 1.
void ReferenceCall::ConvInputGradient() {
  WindowParams window = step_.window;
  window.stride_h = window.stride_w = 1;
  Temporary dx(y_.n, y_.h, y_.w, y_.c);
  reference::Conv2DInputGradient(window, dy_, matrix(), dx.view);
  reference::ActivationInputGradient(dx.view, Activation::kNone, dx.view, other_, y_);
}

void ReferenceCall::Dilate() {
  const WindowParams& window = step_.window;
  ForEachElement(y_, [&](int image, int y, int x, int c) {
    float sum = other_.data != nullptr ? other_.pixel(image, y, x)[c] : 0;
    const int oy = y / window.stride_h, ox = x / window.stride_w;
    const bool hit = y % window.stride_h == 0 && x % window.stride_w == 0 && oy < dy_.h && ox < dy_.w;
    if (hit) sum += dy_.pixel(image, oy, ox)[c];
    y_.pixel(image, y, x)[c] = sum;
  });
}

void ReferenceCall::DepthwiseGradients() {
  reference::DepthwiseFilterGradient(step_.window, x_, step_.relu_input, dy_, gradient());
  reference::DepthwiseInputGradient(step_.window, dy_, depthwise(), y_);
}

void ReferenceCall::Run() {
  const WindowParams& window = step_.window;
  switch (step_.kind) {
    case StepKind::kNothing:
      return;
    case StepKind::kConv:
      return reference::Conv2D(window, x_, matrix(), epilogue(), y_);
    case StepKind::kMatMul:
      return reference::MatMul(x_, matrix(), epilogue(), y_);
    case StepKind::kDepthwise:
      return reference::DepthwiseConv2D(window, x_, depthwise(), step_.relu_input, epilogue(), y_);
    case StepKind::kSeparable:
      return Separable();
    case StepKind::kScaleShift:
    case StepKind::kScaleShiftAdd:
      return ScaleShift();
    case StepKind::kActivate:
      return reference::Activate(x_, step_.activation, y_);
    case StepKind::kAdd:
      return reference::Add(x_, other_, step_.activation, y_);
    case StepKind::kCopy:
      return reference::Activate(x_, Activation::kNone, y_);
    case StepKind::kCopyChannels:
      return reference::CopyChannels(x_, y_, step_.first_channel);
    case StepKind::kFlatten:
      return Flatten();
    case StepKind::kMaxPool:
      return reference::MaxPool(window, x_, y_);
    case StepKind::kAveragePool:
      return reference::AveragePool(window, x_, y_);
    case StepKind::kGlobalAveragePool:
      return reference::GlobalAveragePool(x_, y_);
    case StepKind::kGlobalMaxPool:
      return reference::GlobalMaxPool(x_, y_);
    case StepKind::kSoftmax:
      return reference::Softmax(x_.data, NumRows(y_), y_.c, y_.data);
    case StepKind::kSigmoid:
      return reference::Sigmoid(x_.data, NumRows(y_) * y_.c, y_.data);
    case StepKind::kMaxPoolWithTaps:
      return MaxPoolWithTaps();
    case StepKind::kStatistics:
      return Statistics();
    case StepKind::kDropout:
      return DropUnits(step_.rate, step_.stream, memory_.dropout, x_, y_, threads_);
    case StepKind::kZeroGradient:
      std::fill_n(gradient(), step_.finishes.size(), 0.0f);
      return;
    case StepKind::kBiasGradient:
      return reference::ChannelSums(dy_, gradient());
    case StepKind::kConvWeightGradient:
      return reference::Conv2DWeightGradient(window, x_, dy_, gradient());
    case StepKind::kSeparableWeightGradient:
      return SeparableWeightGradient();
    case StepKind::kConvInputGradient:
      return ConvInputGradient();
    case StepKind::kPointwiseInputGradient:
      return reference::Conv2DInputGradient({}, dy_, matrix(), y_);
    case StepKind::kDilate:
      return Dilate();
    case StepKind::kDepthwiseFilterGradient:
      return reference::DepthwiseFilterGradient(window, x_, step_.relu_input, dy_, gradient());
    case StepKind::kDepthwiseGradients:
      return DepthwiseGradients();
    case StepKind::kActivationGradient:
      return reference::ActivationInputGradient(x_, step_.activation, dy_, other_, y_);
    case StepKind::kNormSums:
      return NormSums();
    case StepKind::kNormInputGradient:
      return NormInputGradient();
    case StepKind::kMaxPoolGradient:
      return MaxPoolGradient();
    case StepKind::kAveragePoolGradient:
      return reference::AveragePoolInputGradient(window, dy_, y_);
  }
}

class ReferenceRunner final : public StepRunner {
 public:
  explicit ReferenceRunner(ThreadPool& threads) : threads_(threads) {}
  void Run(const PlanStep& step, const BoundWeights* bound, const StepMemory& memory) override {
    ReferenceCall(step, bound, memory, threads_).Run();
  }
  size_t num_bytes() const override { return 0; }

 private:
  ThreadPool& threads_;
};

class Reference final : public Backend {
 public:
  std::unique_ptr<BoundWeights> Bind(StepWeights weights) const override {
    return std::make_unique<ReferenceWeights>(std::move(weights));
  }
  size_t ScratchBytes(const PlanStep&, int, int) const override { return 0; }
  std::unique_ptr<StepRunner> NewRunner(std::span<const PlanStep>, ThreadPool& threads) const override {
    return std::make_unique<ReferenceRunner>(threads);
  }
};

}  // namespace

const Backend& ReferenceBackend() {
  static const Reference backend;
  return backend;
}

}  // namespace siskin
