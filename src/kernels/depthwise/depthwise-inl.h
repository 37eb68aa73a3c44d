// Depthwise convolution of a run of output pixels into rows at any distance: the rows of an image, or the panel of A of
// a separable convolution. Included once per Highway target (see foreach_target.h), hence the toggled guard.
#if defined(SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
#undef SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
#else
#define SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
#endif

#include <algorithm>
#include <limits>

#include "kernels/conv_params.h"
#include "kernels/gemm/blocking.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Channels are taken in blocks so that the input rows under a row of output (3 rows of 21 pixels in Xception's middle
// flow: 32 KB) stay in L1 while they are used three times.
inline constexpr int kChannelBlock = 128;
// What pixels outside the image contain.
alignas(64) inline constexpr float kZeroChannels[kChannelBlock] = {};

struct DepthwiseTask {
  WindowParams window;
  ConstView x;
  int out_h, out_w;
  const float* filter;  // [KH, KW, C]
  bool relu_input;
  const float* bias;   // [C] or nullptr
  ConstView residual;  // [N, out_h, out_w, C] or data == nullptr
  Activation activation;
};

// A run of up to kOut neighbouring output pixels in one block of channels; every pointer is at the first channel.
struct DepthwiseRun {
  int channels;
  int filter_stride;  // C
  const float* filter;
  const float* bias;      // or nullptr
  const float* residual;  // or nullptr
  int residual_stride;
  float* y;
  int y_stride;
  Vector input_low;  // x is raised to at least this: 0 for ReLU
};

struct WholeVector {
  HWY_INLINE Vector Load(const float* p) const { return hn::LoadU(Floats(), p); }
  HWY_INLINE void Store(Vector v, float* p) const { hn::StoreU(v, Floats(), p); }
};
struct PartialVector {
  int count;
  HWY_INLINE Vector Load(const float* p) const { return LoadFirst(p, count); }
  HWY_INLINE void Store(Vector v, float* p) const { StoreFirst(v, p, count); }
};

// 3x3 filters. pixels: [3][(kOut - 1) * kStride + 3] input pixels under the run. One vector of channels, from c on.
template <int kStride, int kOut, class Memory>
HWY_INLINE void Depthwise3x3Vector(const DepthwiseRun& run, const Clamp& clamp, const float* const* pixels, int c,
                                   const Memory& memory) {
  constexpr int kColumns = (kOut - 1) * kStride + 3;
  Vector sums[kOut];
  sums[0] = run.bias ? memory.Load(run.bias + c) : hn::Zero(Floats());
#pragma GCC unroll 8
  for (int out = 1; out < kOut; ++out) sums[out] = sums[0];
#pragma GCC unroll 3
  for (int ky = 0; ky < 3; ++ky) {
    Vector input[kColumns];
#pragma GCC unroll 16
    for (int i = 0; i < kColumns; ++i) {
      input[i] = AtLeast(run.input_low, memory.Load(pixels[ky * kColumns + i] + c));
    }
#pragma GCC unroll 3
    for (int kx = 0; kx < 3; ++kx) {
      const Vector weight = memory.Load(run.filter + (ky * 3 + kx) * run.filter_stride + c);
#pragma GCC unroll 8
      for (int out = 0; out < kOut; ++out) sums[out] = hn::MulAdd(input[out * kStride + kx], weight, sums[out]);
    }
  }
#pragma GCC unroll 8
  for (int out = 0; out < kOut; ++out) {
    if (run.residual) sums[out] = hn::Add(sums[out], memory.Load(run.residual + out * run.residual_stride + c));
    memory.Store(clamp(sums[out]), run.y + out * run.y_stride + c);
  }
}

template <int kStride, int kOut>
void Depthwise3x3Run(const DepthwiseRun& run, const Clamp& clamp, const float* const* pixels) {
  int c = 0;
  for (; c + kLanes <= run.channels; c += kLanes) {
    Depthwise3x3Vector<kStride, kOut>(run, clamp, pixels, c, WholeVector());
  }
  if (c < run.channels) {
    Depthwise3x3Vector<kStride, kOut>(run, clamp, pixels, c, PartialVector{run.channels - c});
  }
}

class Depthwise {
 public:
  explicit Depthwise(const DepthwiseTask& task)
      : task_(task),
        clamp_(task.activation),
        input_low_(hn::Set(Floats(), task.relu_input ? 0.0f : -std::numeric_limits<float>::infinity())) {}

  // Output pixels [begin, end), counted over the whole batch; y points to where pixel `begin` goes.
  void operator()(int begin, int end, float* y, int y_stride) const {
    for (int channel = 0; channel < task_.x.c; channel += kChannelBlock) {
      for (int pixel = begin; pixel < end;) {
        const int row = pixel / task_.out_w;
        const int row_end = std::min(end, (row + 1) * task_.out_w);
        Row(row, pixel - row * task_.out_w, row_end - row * task_.out_w, channel,
            y + static_cast<size_t>(pixel - begin) * y_stride + channel, y_stride);
        pixel = row_end;
      }
    }
  }

 private:
  static constexpr int kMaxOut = 4;

  // Pixels [begin, end) of a row of output, rows counted over the whole batch.
  void Row(int row, int begin, int end, int channel, float* y, int y_stride) const {
    const WindowParams& window = task_.window;
    const bool is_3x3 = window.kernel_h == 3 && window.kernel_w == 3 && window.stride_w <= 2;
    const int num_runs = is_3x3 ? (end - begin + kMaxOut - 1) / kMaxOut : end - begin;
    DepthwiseRun run = {
        .channels = std::min(task_.x.c - channel, kChannelBlock),
        .filter_stride = task_.x.c,
        .filter = task_.filter + channel,
        .bias = task_.bias ? task_.bias + channel : nullptr,
        .residual = nullptr,
        .residual_stride = task_.residual.stride,
        .y = nullptr,
        .y_stride = y_stride,
        .input_low = input_low_,
    };
    for (int i = 0; i < num_runs; ++i) {
      const Range part = Part(end - begin, num_runs, i);
      const int column = begin + part.begin;
      run.y = y + static_cast<size_t>(part.begin) * y_stride;
      if (task_.residual.data) run.residual = task_.residual.pixel(0, 0, row * task_.out_w + column) + channel;
      if (!is_3x3) {
        AnyKernel(run, row, column, channel);
      } else if (window.stride_w == 1) {
        Kernel3x3<1>(run, row, column, channel, part.size());
      } else {
        Kernel3x3<2>(run, row, column, channel, part.size());
      }
    }
  }

  // The input pixel under output (row, column) at tap (ky, kx), or zeros.
  const float* Input(int row, int ky, int x, int channel) const {
    const int image = row / task_.out_h;
    const int y = (row - image * task_.out_h) * task_.window.stride_h - task_.window.padding.top + ky;
    if (y < 0 || y >= task_.x.h || x < 0 || x >= task_.x.w) return kZeroChannels;
    return task_.x.pixel(image, y, x) + channel;
  }

  template <int kStride>
  void Kernel3x3(const DepthwiseRun& run, int row, int column, int channel, int num_out) const {
    constexpr int kMaxColumns = (kMaxOut - 1) * kStride + 3;
    const float* pixels[3 * kMaxColumns];
    const int x = column * kStride - task_.window.padding.left;
    const int columns = (num_out - 1) * kStride + 3;
    for (int ky = 0; ky < 3; ++ky) {
      for (int i = 0; i < columns; ++i) pixels[ky * columns + i] = Input(row, ky, x + i, channel);
    }
    switch (num_out) {
      case 1:
        return Depthwise3x3Run<kStride, 1>(run, clamp_, pixels);
      case 2:
        return Depthwise3x3Run<kStride, 2>(run, clamp_, pixels);
      case 3:
        return Depthwise3x3Run<kStride, 3>(run, clamp_, pixels);
      default:
        return Depthwise3x3Run<kStride, 4>(run, clamp_, pixels);
    }
  }

  // One output pixel, tap by tap over a block of channels.
  void AnyKernel(const DepthwiseRun& run, int row, int column, int channel) const {
    const Floats d;
    const WindowParams& window = task_.window;
    HWY_ALIGN float sums[kChannelBlock];
    const int whole = run.channels / kLanes * kLanes;
    const auto for_each_vector = [&](const auto& body) HWY_ATTR {
      for (int c = 0; c < whole; c += kLanes) body(c, WholeVector());
      if (whole < run.channels) body(whole, PartialVector{run.channels - whole});
    };
    for_each_vector([&](int c, const auto& memory)
                        HWY_ATTR { hn::Store(run.bias ? memory.Load(run.bias + c) : hn::Zero(d), d, sums + c); });
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      for (int kx = 0; kx < window.kernel_w; ++kx) {
        const float* input = Input(row, ky, column * window.stride_w - window.padding.left + kx, channel);
        const float* filter = run.filter + static_cast<size_t>(ky * window.kernel_w + kx) * run.filter_stride;
        for_each_vector([&](int c, const auto& memory) HWY_ATTR {
          const Vector value = AtLeast(run.input_low, memory.Load(input + c));
          hn::Store(hn::MulAdd(value, memory.Load(filter + c), hn::Load(d, sums + c)), d, sums + c);
        });
      }
    }
    for_each_vector([&](int c, const auto& memory) HWY_ATTR {
      Vector sum = hn::Load(d, sums + c);
      if (run.residual) sum = hn::Add(sum, memory.Load(run.residual + c));
      memory.Store(clamp_(sum), run.y + c);
    });
  }

  DepthwiseTask task_;
  Clamp clamp_;
  Vector input_low_;
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#endif  // SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
