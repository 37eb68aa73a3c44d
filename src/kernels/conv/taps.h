// Which floats of the input stand in the rows of A when a convolution is a matrix product: pointers instead of im2col.
// No SIMD here, only addresses.
#pragma once

#include <cstddef>

#include "kernels/conv_params.h"
#include "kernels/gemm/blocking.h"
#include "tensor/view.h"

namespace siskin {

// A row of A (one output pixel) is num_taps runs of consecutive floats. Usually a tap is one input pixel and its Cin
// channels. With few channels (the first layer: 3) such runs are too short to be read fast; then, if pixels follow each
// other without gaps, a tap is a whole row of the window, KW * Cin floats.
class ConvTaps {
 public:
  // scratch: at least ScratchFloats floats, 64-byte aligned; kept in use by this object. block_rows: most rows of A
  // that FindRows is asked for at once.
  ConvTaps(const WindowParams& window, const ConstView& x, int out_h, int out_w, int block_rows, float* scratch);

  int num_taps() const { return num_taps_; }

  // Pointers for all rows of `tiles`, [tile][num_taps][rows of the tile], valid until the worker's next call.
  const float* const* FindRows(const Blocking& blocking, const Range& tiles, int worker) const;

  static size_t ScratchFloats(const WindowParams& window, int cin, int block_rows, int num_threads);

 private:
  // One pixel or several neighbours of one row: their windows begin at (y, x) of the image, window.stride_w apart.
  struct Run {
    int image, y, x, count;
  };
  // The run's pointers, [num_taps] times `step` apart. Inner runs do not touch the left and right padding; border runs
  // are single pixels, patch is room for num_taps * tap_floats floats.
  void FindInnerRun(const Run& run, const float** pointers, int step) const;
  void FindBorderPixel(const Run& pixel, const float** pointers, int step, float* patch) const;
  const float* FindMergedTap(int image, int y, int x, float* patch) const;

  WindowParams window_;
  ConstView x_;
  int out_h_, out_w_;
  Range inner_;  // columns of output whose windows do not touch the left and right padding
  bool merged_;
  int num_taps_, tap_floats_;
  size_t worker_floats_, pointer_floats_;
  float* zeros_;    // [tap_floats]
  float* workers_;  // [num_threads][worker_floats]: pointers, then patches
};

}  // namespace siskin
