#include "kernels/gradient/filters.h"

#include <algorithm>
#include <cstddef>

namespace siskin {

void TurnFilter(const float* filter, const WindowParams& params, int cin, int cout, float* turned,
                ThreadPool& threads) {
  constexpr int kBlock = 32;  // a block of 32 x 32 floats is read and written within the first-level cache
  const int taps = params.kernel_h * params.kernel_w, blocks = (cin + kBlock - 1) / kBlock;
  threads.ParallelFor(static_cast<size_t>(taps) * static_cast<size_t>(blocks), [&](size_t item, int) {
    const int tap = static_cast<int>(item) / blocks, first = static_cast<int>(item) % blocks * kBlock;
    const float* from = filter + static_cast<ptrdiff_t>(tap) * cin * cout;
    float* to = turned + static_cast<ptrdiff_t>(taps - 1 - tap) * cin * cout;
    for (int column = 0; column < cout; column += kBlock) {
      for (int out = column; out < std::min(column + kBlock, cout); ++out) {
        for (int in = first; in < std::min(first + kBlock, cin); ++in) {
          to[static_cast<ptrdiff_t>(out) * cin + in] = from[static_cast<ptrdiff_t>(in) * cout + out];
        }
      }
    }
  });
}

WindowParams InputGradientWindow(const WindowParams& params, int h, int w) {
  const int top = params.kernel_h - 1 - params.padding.top, left = params.kernel_w - 1 - params.padding.left;
  const int spread_h = (params.OutputHeight(h) - 1) * params.stride_h + 1;
  const int spread_w = (params.OutputWidth(w) - 1) * params.stride_w + 1;
  // Whatever padding makes the output h x w: rows that no window reached get zeros, padding that was cut off is not
  // computed.
  return {.kernel_h = params.kernel_h,
          .kernel_w = params.kernel_w,
          .padding = {.top = top,
                      .bottom = h + params.kernel_h - 1 - spread_h - top,
                      .left = left,
                      .right = w + params.kernel_w - 1 - spread_w - left}};
}

void Dilate(const WindowParams& params, ConstView dy, ConstView base, View spread, ThreadPool& threads) {
  threads.ParallelFor(static_cast<size_t>(spread.n) * static_cast<size_t>(spread.h), [&](size_t row, int) {
    const int image = static_cast<int>(row) / spread.h, y = static_cast<int>(row) % spread.h;
    for (int x = 0; x < spread.w; ++x) {
      float* to = spread.pixel(image, y, x);
      if (base.data == nullptr) {
        std::fill_n(to, spread.c, 0.0f);
      } else if (base.data != spread.data) {
        std::copy_n(base.pixel(image, y, x), spread.c, to);
      }
      const int oy = y / params.stride_h, ox = x / params.stride_w;
      if (y % params.stride_h != 0 || x % params.stride_w != 0 || oy >= dy.h || ox >= dy.w) continue;
      const float* from = dy.pixel(image, oy, ox);
      for (int c = 0; c < spread.c; ++c) to[c] += from[c];
    }
  });
}

}  // namespace siskin
