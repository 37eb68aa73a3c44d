// Affine warps of small pictures (a network's input): where each output pixel comes from, and what lies beyond the
// edges. Bilinear, as scipy.ndimage.affine_transform with order=1. Refuses to change the size.
#pragma once

#include <cstdint>
#include <span>

#include "data/augmentation.h"

namespace siskin {

// Output (row, column) to input, both relative to the picture's centre, in pixels:
//   in_row = a * row + b * column + row_shift,  in_column = c * row + d * column + column_shift
struct Affine {
  double a = 1, b = 0, c = 0, d = 1;
  double row_shift = 0, column_shift = 0;

  bool operator==(const Affine&) const = default;
};

// The matrix product: an output coordinate goes through `right` first. Warping by it is warping by `left` and the
// result by `right`, with one interpolation instead of two.
Affine operator*(const Affine& left, const Affine& right);

Affine Rotation(double degrees);
Affine Shift(double rows, double columns);
Affine KerasShear(double degrees);  // rows move by the sine, columns shrink by the cosine
Affine Zoom(double rows, double columns);
Affine Flip(bool horizontal, bool vertical);

// rgb, out: [height, width, 3]; out is overwritten, values 0 .. 255 as in rgb, not rounded.
void Warp(std::span<const uint8_t> rgb, int height, int width, const Affine& affine, FillMode fill,
          std::span<float> out);

}  // namespace siskin
