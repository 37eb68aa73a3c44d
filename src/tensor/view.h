// Borrowed activations: N images of H x W pixels with C channels, channels innermost (NHWC, as Keras), all of one type.
// `stride` is the distance between two pixels in elements, at least C: kernels like rows that start on a cache line,
// and a slice of a concatenation has the stride of the whole. Pixels of a row, rows and images follow each other at
// that stride without further gaps.
//
// Padding rule: where stride > c, what lies in [c, stride) of a pixel belongs to somebody else (a neighboring slice)
// or to nobody; a kernel neither reads meaning from it nor writes it - unless `padded` is true: then the lanes up to
// PaddedChannels(c) exist, are nobody's, and may be read (any value) and overwritten (any value). How many these are is
// a matter of bytes: 40 channels are padded to 48 of fp32, but to 64 of bfloat16 or int8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tensor/dtype.h"

namespace siskin {

// Bytes of a cache line, and what memory of tensors and buffers is aligned to; at least the widest vector. 64 on x86
// and on most ARM cores. Where it is 128 (Apple), nothing breaks: every other prefetch is for nothing.
inline constexpr int kLineBytes = 64;

// Padded pixels have channels up to a multiple of this many bytes: the widest vector (AVX-512), so that no instruction
// set has a rest to care for, and a cache line, so that every pixel begins on one.
inline constexpr int kPadBytes = 64;
static_assert(kPadBytes % kLineBytes == 0);

// Elements of a cache line, and of padding: 16 of fp32.
constexpr int LineElements(DType dtype) {
  return kLineBytes / static_cast<int>(SizeOf(dtype));
}
constexpr int PadElements(DType dtype) {
  return kPadBytes / static_cast<int>(SizeOf(dtype));
}
inline constexpr int kLineFloats = LineElements(DType::kF32);
inline constexpr int kPadFloats = PadElements(DType::kF32);

constexpr int RoundUp(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Elements that a kernel may touch at each pixel of a padded view.
constexpr int PaddedChannels(int channels, DType dtype) {
  return RoundUp(channels, PadElements(dtype));
}
template <typename T>
constexpr int PaddedChannels(int channels) {
  return PaddedChannels(channels, DTypeOf<T>());
}

// Distance of pixels, in elements, that matrix products read fastest: whole cache lines, and one more where it would be
// a multiple of 1 KB: the rows of a tile (up to 14 at once) would share few sets of the L1 cache (32 KB, 8 ways).
constexpr int PixelStride(int channels, DType dtype) {
  const int few_sets = 1024 / static_cast<int>(SizeOf(dtype));
  const int stride = PaddedChannels(channels, dtype);
  return stride % few_sets == 0 ? stride + LineElements(dtype) : stride;
}
template <typename T>
constexpr int PixelStride(int channels) {
  return PixelStride(channels, DTypeOf<T>());
}

template <typename T>
struct BasicView {
  T* data = nullptr;
  int n = 0, h = 0, w = 0, c = 0;
  int stride = 0;       // elements between pixels
  bool padded = false;  // see above

  static constexpr DType dtype() { return DTypeOf<std::remove_const_t<T>>(); }

  // Elements that a kernel may touch at each pixel.
  int touchable() const { return padded ? PaddedChannels(c, dtype()) : c; }
  size_t num_pixels() const { return static_cast<size_t>(n) * h * w; }
  T* pixel(int image, int y, int x) const {
    return data + (static_cast<size_t>(image) * h * w + static_cast<size_t>(y) * w + x) * stride;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): a writable view can be read.
  operator BasicView<const T>() const { return {data, n, h, w, c, stride, padded}; }
};

using View = BasicView<float>;
using ConstView = BasicView<const float>;

// A dense view: stride == c.
inline View DenseView(float* data, int n, int h, int w, int c) {
  return {data, n, h, w, c, c, false};
}
inline ConstView DenseView(const float* data, int n, int h, int w, int c) {
  return {data, n, h, w, c, c, false};
}

}  // namespace siskin
