// Which input pixels an output pixel of a resized row (or column) is made of, and with what weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/resize/interpolation.h"

namespace siskin {

// Weights are fixed point with 22 bits behind the point: 8 bits of pixel, 22 of weight, a sign and one bit to spare for
// sums that round above 1 fill 32 bits.
inline constexpr int kWeightBits = 22;

struct ResizeWeights {
  // Output i is sum over t < count of weights[i * stride + t] * input[first + t].
  struct Taps {
    int first, count;
  };
  std::vector<Taps> taps;  // one per output
  std::vector<int32_t> weights;
  int stride = 0;

  const int32_t* of(size_t i) const { return weights.data() + i * stride; }
};

// For a triangle (kBilinear) or box (kArea) filter centred on each output pixel, as wide as the pixels of the coarser
// of the two grids. in, out > 0. kNearest has no weights.
ResizeWeights MakeResizeWeights(Interpolation interpolation, int in, int out);

}  // namespace siskin
