#include "kernels/gradient/depthwise_gradient.h"

#include <algorithm>

#include "kernels/depthwise/depthwise.h"
#include "kernels/gemm/blocking.h"

namespace siskin {
namespace {

// Rows of output whose sums are made in one go, image after image.
constexpr int kGroups = 16;

int NumGroups(int num_rows) {
  return std::min(num_rows, kGroups);
}

// One image row of dx: every input pixel gathers the output pixels whose windows contain it.
void GatherRow(const WindowParams& window, const ConstView& dy, const float* filter, const View& dx, int image, int y) {
  for (int x = 0; x < dx.w; ++x) {
    float* sums = dx.pixel(image, y, x);
    std::fill_n(sums, dx.c, 0.0f);
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      const int from_top = y + window.padding.top - ky, oy = from_top / window.stride_h;
      if (from_top < 0 || from_top % window.stride_h != 0 || oy >= dy.h) continue;
      for (int kx = 0; kx < window.kernel_w; ++kx) {
        const int from_left = x + window.padding.left - kx, ox = from_left / window.stride_w;
        if (from_left < 0 || from_left % window.stride_w != 0 || ox >= dy.w) continue;
        const float* tap = filter + static_cast<ptrdiff_t>(ky * window.kernel_w + kx) * dx.c;
        const float* slope = dy.pixel(image, oy, ox);
        for (int c = 0; c < dx.c; ++c) sums[c] += slope[c] * tap[c];
      }
    }
  }
}

// sums: [KH, KW, C], adds the row of output `row`, counted over the whole batch.
void AddRow(const WindowParams& window, const ConstView& x, bool relu_input, const ConstView& dy, int row,
            float* sums) {
  const int image = row / dy.h, oy = row - image * dy.h;
  for (int ky = 0; ky < window.kernel_h; ++ky) {
    const int iy = oy * window.stride_h - window.padding.top + ky;
    if (iy < 0 || iy >= x.h) continue;
    for (int ox = 0; ox < dy.w; ++ox) {
      const float* slope = dy.pixel(image, oy, ox);
      for (int kx = 0; kx < window.kernel_w; ++kx) {
        const int ix = ox * window.stride_w - window.padding.left + kx;
        if (ix < 0 || ix >= x.w) continue;
        const float* value = x.pixel(image, iy, ix);
        float* tap = sums + static_cast<ptrdiff_t>(ky * window.kernel_w + kx) * x.c;
        for (int c = 0; c < x.c; ++c) tap[c] += (relu_input && value[c] < 0 ? 0.0f : value[c]) * slope[c];
      }
    }
  }
}

}  // namespace

size_t DepthwiseGradientScratch(const WindowParams& params, int n, int h, int, int c, int) {
  const int num_rows = n * params.OutputHeight(h);
  return static_cast<size_t>(params.kernel_h) * params.kernel_w * c * std::max(NumGroups(num_rows), 1);
}

void DepthwiseFilterGradient(const WindowParams& params, ConstView x, bool relu_input, ConstView dy, float* dfilter,
                             std::span<float> scratch, ThreadPool& threads) {
  const int num_rows = dy.n * dy.h, num_groups = NumGroups(num_rows);
  const size_t size = static_cast<size_t>(params.kernel_h) * params.kernel_w * x.c;
  threads.ParallelFor(static_cast<size_t>(num_groups), [&](size_t group, int) {
    float* sums = scratch.data() + group * size;
    std::fill_n(sums, size, 0.0f);
    const Range rows = Part(num_rows, num_groups, static_cast<int>(group));
    for (int row = rows.begin; row < rows.end; ++row) AddRow(params, x, relu_input, dy, row, sums);
  });
  for (size_t i = 0; i < size; ++i) {
    float sum = 0;
    for (int group = 0; group < num_groups; ++group) sum += scratch[group * size + i];
    dfilter[i] = sum;
  }
}

void DepthwiseInputGradient(const WindowParams& params, ConstView dy, const float* filter, View dx,
                            std::span<float> scratch, ThreadPool& threads) {
  if (params.stride_h != 1 || params.stride_w != 1) {
    threads.ParallelFor(static_cast<size_t>(dx.n) * dx.h, [&](size_t row, int) {
      GatherRow(params, dy, filter, dx, static_cast<int>(row) / dx.h, static_cast<int>(row) % dx.h);
    });
    return;
  }
  // With stride 1 it is the convolution of dy with the filter turned around, its window beginning kernel - 1 earlier.
  const int num_taps = params.kernel_h * params.kernel_w;
  for (int tap = 0; tap < num_taps; ++tap) {
    std::copy_n(filter + static_cast<ptrdiff_t>(num_taps - 1 - tap) * dx.c, dx.c, scratch.data() + tap * dx.c);
  }
  const Padding& padding = params.padding;
  const WindowParams window{.kernel_h = params.kernel_h,
                            .kernel_w = params.kernel_w,
                            .padding = {params.kernel_h - 1 - padding.top, params.kernel_h - 1 - padding.bottom,
                                        params.kernel_w - 1 - padding.left, params.kernel_w - 1 - padding.right}};
  DepthwiseConv2D(window, dy, scratch.data(), false, {}, dx, threads);
}

}  // namespace siskin
