#include "kernels/conv/taps.h"

#include <algorithm>

namespace siskin {
namespace {

// Up to here a row of the window is merged into one tap; from 32 channels on single pixels are long enough.
constexpr int kMaxMergedFloats = 64;

bool CanMerge(const WindowParams& window, int cin) {
  return window.kernel_w > 1 && window.kernel_w * cin <= kMaxMergedFloats;
}

size_t RoundUpToLine(size_t floats) {
  return (floats + kLineFloats - 1) / kLineFloats * kLineFloats;
}

size_t PointerFloats(const WindowParams& window, int block_rows) {
  const size_t pointers = static_cast<size_t>(window.kernel_h) * window.kernel_w * block_rows;
  return RoundUpToLine(pointers * (sizeof(const float*) / sizeof(float)));
}

size_t PatchFloats(const WindowParams& window, int cin, int block_rows) {
  if (!CanMerge(window, cin)) return 0;
  return RoundUpToLine(static_cast<size_t>(window.kernel_h) * window.kernel_w * cin * block_rows);
}

size_t ZeroFloats(const WindowParams& window, int cin) {
  return RoundUpToLine(static_cast<size_t>(cin) * (CanMerge(window, cin) ? window.kernel_w : 1));
}

}  // namespace

size_t ConvTaps::ScratchFloats(const WindowParams& window, int cin, int block_rows, int num_threads) {
  const size_t worker = PointerFloats(window, block_rows) + PatchFloats(window, cin, block_rows);
  return ZeroFloats(window, cin) + worker * static_cast<size_t>(num_threads);
}

ConvTaps::ConvTaps(const WindowParams& window, const ConstView& x, int out_h, int out_w, int block_rows, float* scratch)
    : window_(window), x_(x), out_h_(out_h), out_w_(out_w), merged_(CanMerge(window, x.c) && x.stride == x.c) {
  const int last_x =
      x.w + window.padding.left - window.kernel_w;  // of windows that end inside, from the padding's edge
  inner_.begin = (window.padding.left + window.stride_w - 1) / window.stride_w;
  inner_.end = last_x < 0 ? 0 : std::min(last_x / window.stride_w + 1, out_w);
  num_taps_ = merged_ ? window.kernel_h : window.kernel_h * window.kernel_w;
  tap_floats_ = merged_ ? window.kernel_w * x.c : x.c;
  pointer_floats_ = PointerFloats(window, block_rows);
  worker_floats_ = pointer_floats_ + PatchFloats(window, x.c, block_rows);
  zeros_ = scratch;
  workers_ = scratch + ZeroFloats(window, x.c);
  std::fill_n(zeros_, tap_floats_, 0.0f);
}

const float* const* ConvTaps::FindRows(const Blocking& blocking, const Range& tiles, int worker) const {
  float* memory = workers_ + static_cast<size_t>(worker) * worker_floats_;
  const float** const pointers = reinterpret_cast<const float**>(memory);
  float* patch = memory + pointer_floats_;
  const float** next = pointers;
  for (int tile = tiles.begin; tile < tiles.end; ++tile) {
    const Range rows = blocking.rows(tile);
    for (int pixel = rows.begin; pixel < rows.end;) {
      const int row = pixel / out_w_, column = pixel - row * out_w_;
      const int image = row / out_h_;
      Run run = {.image = image,
                 .y = (row - image * out_h_) * window_.stride_h - window_.padding.top,
                 .x = column * window_.stride_w - window_.padding.left,
                 .count = 1};
      if (column >= inner_.begin && column < inner_.end) {
        run.count = std::min(rows.end - pixel, inner_.end - column);
        FindInnerRun(run, next + (pixel - rows.begin), rows.size());
      } else {
        FindBorderPixel(run, next + (pixel - rows.begin), rows.size(), patch);
        if (merged_) patch += num_taps_ * tap_floats_;
      }
      pixel += run.count;
    }
    next += static_cast<size_t>(rows.size()) * num_taps_;
  }
  return pointers;
}

void ConvTaps::FindInnerRun(const Run& run, const float** pointers, int step) const {
  const int taps_per_row = merged_ ? 1 : window_.kernel_w;
  for (int ky = 0; ky < window_.kernel_h; ++ky) {
    const int y = run.y + ky;
    const bool inside = y >= 0 && y < x_.h;
    const float* tap = inside ? x_.pixel(run.image, y, run.x) : zeros_;
    const ptrdiff_t next_tap = inside ? x_.stride : 0, next_pixel = next_tap * window_.stride_w;
    for (int i = 0; i < taps_per_row; ++i, tap += next_tap, pointers += step) {
      for (int pixel = 0; pixel < run.count; ++pixel) pointers[pixel] = tap + pixel * next_pixel;
    }
  }
}

void ConvTaps::FindBorderPixel(const Run& pixel, const float** pointers, int step, float* patch) const {
  for (int ky = 0; ky < window_.kernel_h; ++ky) {
    const int y = pixel.y + ky;
    const bool inside = y >= 0 && y < x_.h;
    if (merged_) {
      *pointers = inside ? FindMergedTap(pixel.image, y, pixel.x, patch) : zeros_;
      pointers += step;
      patch += tap_floats_;
      continue;
    }
    for (int x = pixel.x; x < pixel.x + window_.kernel_w; ++x, pointers += step) {
      *pointers = inside && x >= 0 && x < x_.w ? x_.pixel(pixel.image, y, x) : zeros_;
    }
  }
}

// KW pixels of row y from column x on: in place, or copied with zeros for what is outside of the image.
const float* ConvTaps::FindMergedTap(int image, int y, int x, float* patch) const {
  if (x >= 0 && x + window_.kernel_w <= x_.w) return x_.pixel(image, y, x);
  const int first = std::clamp(-x, 0, window_.kernel_w);
  const int last = std::clamp(x_.w - x, first, window_.kernel_w);
  if (first == last) return zeros_;
  std::fill_n(patch, tap_floats_, 0.0f);
  std::copy_n(x_.pixel(image, y, 0) + static_cast<ptrdiff_t>(x + first) * x_.c, (last - first) * x_.c,
              patch + first * x_.c);
  return patch;
}

}  // namespace siskin
