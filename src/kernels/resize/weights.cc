#include "kernels/resize/weights.h"

#include <algorithm>
#include <cmath>

namespace siskin {
namespace {

// The filters at distance x from their centre, in units of the coarser grid.
double FilterValue(Interpolation interpolation, double x) {
  if (interpolation == Interpolation::kArea) return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
  return std::max(0.0, 1.0 - std::abs(x));
}

double FilterRadius(Interpolation interpolation) {
  return interpolation == Interpolation::kArea ? 0.5 : 1.0;
}

}  // namespace

// The order of the operations in double matters: one that rounds differently moves a weight by 2^-22 and now and then a
// pixel by 1.
ResizeWeights MakeResizeWeights(Interpolation interpolation, int in, int out) {
  const double scale = static_cast<double>(in) / out;
  const double width = std::max(scale, 1.0);  // of a pixel of the coarser grid, in input pixels
  const double radius = FilterRadius(interpolation) * width;
  const double inverse_width = 1.0 / width;

  ResizeWeights result;
  result.stride = 2 * static_cast<int>(std::ceil(radius)) + 1;
  result.taps.resize(out);
  result.weights.resize(static_cast<size_t>(out) * result.stride);
  std::vector<double> exact(result.stride);
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - radius + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + radius + 0.5), in) - first;
    double sum = 0;
    for (int t = 0; t < count; ++t) {
      exact[t] = FilterValue(interpolation, (t + first - centre + 0.5) * inverse_width);
      sum += exact[t];
    }
    int32_t* weights = result.weights.data() + static_cast<size_t>(i) * result.stride;
    for (int t = 0; t < count; ++t) {
      const double normalized = sum != 0 ? exact[t] / sum : exact[t];
      weights[t] = static_cast<int32_t>(0.5 + normalized * (1 << kWeightBits));
    }
    result.taps[i] = {first, count};
  }
  return result;
}

}  // namespace siskin
