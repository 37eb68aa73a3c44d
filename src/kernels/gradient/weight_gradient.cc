#include "kernels/gradient/weight_gradient.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gradient/weight_gradient.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/depthwise/depthwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Pixels whose rows of A are in scratch at the same time.
inline constexpr int kPiece = 256;

// fill_rows(first, last, data, stride) writes the rows of A of pixels [first, last).
template <class FillRows>
void Accumulate(int k, const ConstView& dy, float* dw, float* scratch, ThreadPool& threads, const FillRows& fill_rows) {
  const int num_pixels = static_cast<int>(dy.num_pixels()), stride = RoundUp(k, 16);
  std::fill_n(dw, static_cast<size_t>(k) * dy.c, 0.0f);
  for (int first = 0; first < num_pixels; first += kPiece) {
    const int count = std::min(kPiece, num_pixels - first);
    constexpr int kRows = 16;
    threads.ParallelFor(static_cast<size_t>((count + kRows - 1) / kRows), [&](size_t item, int) {
      const int begin = static_cast<int>(item) * kRows, end = std::min(begin + kRows, count);
      fill_rows(first + begin, first + end, scratch + static_cast<ptrdiff_t>(begin) * stride, stride);
    });
    threads.ParallelFor(static_cast<size_t>(k), [&](size_t row, int) {
      float* sums = dw + row * dy.c;
      for (int pixel = 0; pixel < count; ++pixel) {
        const float value = scratch[static_cast<ptrdiff_t>(pixel) * stride + row];
        const float* slope = dy.pixel(0, 0, first + pixel);
        for (int c = 0; c < dy.c; ++c) sums[c] += value * slope[c];
      }
    });
  }
}

void Conv2DWeightGradientT(const WindowParams& window, const ConstView& x, const ConstView& dy, float* dw,
                           float* scratch, ThreadPool& threads) {
  const int k = window.kernel_h * window.kernel_w * x.c;
  Accumulate(k, dy, dw, scratch, threads, [&](int first, int last, float* rows, int stride) {
    for (int pixel = first; pixel < last; ++pixel, rows += stride) {
      const int row = pixel / dy.w, image = row / dy.h;
      const int top = (row - image * dy.h) * window.stride_h - window.padding.top;
      const int left = (pixel - row * dy.w) * window.stride_w - window.padding.left;
      float* to = rows;
      for (int y = top; y < top + window.kernel_h; ++y) {
        for (int column = left; column < left + window.kernel_w; ++column, to += x.c) {
          if (y >= 0 && y < x.h && column >= 0 && column < x.w) {
            std::copy_n(x.pixel(image, y, column), x.c, to);
          } else {
            std::fill_n(to, x.c, 0.0f);
          }
        }
      }
    }
  });
}

void SeparableWeightGradientT(const SeparableParams& params, const ConstView& x, const float* filter,
                              const ConstView& dy, float* dw, float* scratch, ThreadPool& threads) {
  const Depthwise depthwise({.window = params.window,
                             .x = x,
                             .out_h = dy.h,
                             .out_w = dy.w,
                             .filter = filter,
                             .relu_input = params.relu_input,
                             .bias = params.between_bias,
                             .residual = {},
                             .activation = params.between});
  Accumulate(x.c, dy, dw, scratch, threads, [&](int first, int last, float* rows, int stride) {
    depthwise(first, last, {rows, first, stride, true});
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(Conv2DWeightGradientT);
HWY_EXPORT(SeparableWeightGradientT);

size_t WeightGradientScratch(int k, int, int) {
  return static_cast<size_t>(RoundUp(k, 16)) * 256;
}

void MatMulWeightGradient(ConstView x, ConstView dy, float* dw, std::span<float> scratch, ThreadPool& threads) {
  Conv2DWeightGradient(WindowParams{}, x, dy, dw, scratch, threads);
}

void Conv2DWeightGradient(const WindowParams& params, ConstView x, ConstView dy, float* dw, std::span<float> scratch,
                          ThreadPool& threads) {
  HWY_DYNAMIC_DISPATCH(Conv2DWeightGradientT)(params, x, dy, dw, scratch.data(), threads);
}

void SeparableWeightGradient(const SeparableParams& params, ConstView x, const float* depthwise, ConstView dy,
                             float* dw, std::span<float> scratch, ThreadPool& threads) {
  HWY_DYNAMIC_DISPATCH(SeparableWeightGradientT)(params, x, depthwise, dy, dw, scratch.data(), threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
