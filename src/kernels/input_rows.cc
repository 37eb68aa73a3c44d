#include "kernels/input_rows.h"

#include <algorithm>

namespace siskin {

std::span<const float> InputRows(const WindowParams& window, const ConstView& x, int out_h, int out_w,
                                 const Range& pixels) {
  if (pixels.size() <= 0) return {};
  const auto input_row = [&](int pixel, int ky) {
    const int row = pixel / out_w, image = row / out_h;
    const int y = (row - image * out_h) * window.stride_h - window.padding.top + ky;
    return image * x.h + std::clamp(y, 0, x.h - 1);
  };
  const int first = input_row(pixels.begin, 0), last = input_row(pixels.end - 1, window.kernel_h - 1);
  return {x.pixel(0, first, 0), x.pixel(0, last + 1, 0)};
}

}  // namespace siskin
