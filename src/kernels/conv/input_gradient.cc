#include "kernels/conv/input_gradient.h"

#include <algorithm>
#include <cstddef>

namespace siskin {

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
