#include "kernels/conv_params.h"

#include <algorithm>

namespace siskin {
namespace {

int TotalPadding(int size, int kernel, int stride) {
  const int output = (size + stride - 1) / stride;
  return std::max((output - 1) * stride + kernel - size, 0);
}

}  // namespace

Padding SamePadding(int h, int w, int kernel_h, int kernel_w, int stride_h, int stride_w) {
  const int vertical = TotalPadding(h, kernel_h, stride_h);
  const int horizontal = TotalPadding(w, kernel_w, stride_w);
  return {vertical / 2, vertical - vertical / 2, horizontal / 2, horizontal - horizontal / 2};
}

WindowParams SameWindow(int h, int w, int kernel, int stride) {
  return {kernel, kernel, stride, stride, SamePadding(h, w, kernel, kernel, stride, stride)};
}

}  // namespace siskin
