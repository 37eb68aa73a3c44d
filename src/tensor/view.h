// Borrowed activations: N images of H x W pixels with C channels, fp32, channels innermost (NHWC, as Keras).
// `stride` is the distance between two pixels in floats, at least C: kernels like rows that start on a cache line, and
// a slice of a concatenation has the stride of the whole. Pixels of a row, rows and images follow each other at that
// stride without further gaps.
//
// Padding rule: where stride > c, what lies in [c, stride) of a pixel belongs to somebody else (a neighbouring slice)
// or to nobody; a kernel neither reads meaning from it nor writes it - unless `padded` is true: then the lanes up to
// PaddedChannels(c) exist, are nobody's, and may be read (any value) and overwritten (any value).
#pragma once

#include <cstddef>
#include <cstdint>

namespace siskin {

// Bytes of a cache line, and what memory of tensors and buffers is aligned to; at least the widest vector. 64 on x86
// and on most ARM cores. Where it is 128 (Apple), nothing breaks: every other prefetch is for nothing.
inline constexpr int kLineBytes = 64;
inline constexpr int kLineFloats = kLineBytes / static_cast<int>(sizeof(float));

// Padded pixels have channels up to a multiple of this: the widest vector (AVX-512), so that no instruction set has a
// rest to care for, and a cache line, so that every pixel begins on one.
inline constexpr int kPadFloats = 16;
static_assert(kPadFloats % kLineFloats == 0);

template <typename T>
struct BasicView {
  T* data = nullptr;
  int n = 0, h = 0, w = 0, c = 0;
  int stride = 0;       // floats between pixels
  bool padded = false;  // see above

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

constexpr int RoundUp(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Floats that a kernel may touch at each pixel of a padded view.
constexpr int PaddedChannels(int channels) {
  return RoundUp(channels, kPadFloats);
}

// Distance of pixels that matrix products read fastest: whole cache lines, and one more where it would be a multiple of
// 1 KB: the rows of a tile (up to 14 at once) would share few sets of the L1 cache (32 KB, 8 ways).
constexpr int PixelStride(int channels) {
  constexpr int kFewSets = 1024 / static_cast<int>(sizeof(float));
  const int stride = PaddedChannels(channels);
  return stride % kFewSets == 0 ? stride + kLineFloats : stride;
}

}  // namespace siskin
