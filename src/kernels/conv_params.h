// The geometry of a sliding window, shared by convolution, depthwise convolution and pooling.
#pragma once

namespace siskin {

// Rows and columns of zeros around an image (for max pooling: of minus infinity; for average pooling: not counted).
struct Padding {
  int top = 0, bottom = 0, left = 0, right = 0;
  bool operator==(const Padding&) const = default;
};

struct WindowParams {
  int kernel_h = 1, kernel_w = 1;
  int stride_h = 1, stride_w = 1;
  Padding padding = {};

  // Size of the output along one axis; <= 0 if the window does not fit.
  int OutputHeight(int h) const { return (h + padding.top + padding.bottom - kernel_h) / stride_h + 1; }
  int OutputWidth(int w) const { return (w + padding.left + padding.right - kernel_w) / stride_w + 1; }
  bool operator==(const WindowParams&) const = default;
};

// TensorFlow's "same": output = ceil(input / stride), the odd row or column of padding goes to the bottom and right.
// https://www.tensorflow.org/api_docs/python/tf/nn ("Notes on padding")
Padding SamePadding(int h, int w, int kernel_h, int kernel_w, int stride_h, int stride_w);
// A square window with that padding.
WindowParams SameWindow(int h, int w, int kernel, int stride);

}  // namespace siskin
