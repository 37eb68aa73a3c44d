#include "train/mixing.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"

namespace siskin {
namespace {

// Gamma(shape, 1): Marsaglia, Tsang 2000, "A simple method for generating gamma variables"; below 1 by their remark on
// page 371.
double Gamma(double shape, Random& random) {
  if (shape < 1) {
    const double u = 1 - static_cast<double>(random.Uniform());  // (0, 1]
    return Gamma(shape + 1, random) * std::pow(u, 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.Normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    const double u = 1 - static_cast<double>(random.Uniform());
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double Beta(double alpha, Random& random) {
  const double a = Gamma(alpha, random), b = Gamma(alpha, random);
  return a + b > 0 ? a / (a + b) : 1;
}

}  // namespace

double Mixup(double alpha, uint64_t seed, uint32_t epoch, uint32_t step, std::span<float> pixels, int n) {
  Random random(seed, RandomPurpose::kMixing, epoch, step);
  const double share = Beta(alpha, random);
  const auto own = static_cast<float>(share), other = static_cast<float>(1 - share);
  const size_t size = pixels.size() / static_cast<size_t>(n);
  for (size_t i = 0, j = static_cast<size_t>(n) - 1; i < j; ++i, --j) {
    float *a = pixels.data() + i * size, *b = pixels.data() + j * size;
    for (size_t k = 0; k < size; ++k) {
      const float first = a[k], second = b[k];
      a[k] = own * first + other * second;
      b[k] = own * second + other * first;
    }
  }
  return share;
}

double Cutmix(double alpha, uint64_t seed, uint32_t epoch, uint32_t step, std::span<float> pixels, int n, int height,
              int width) {
  Random random(seed, RandomPurpose::kMixing, epoch, step);
  const double side = std::sqrt(1 - Beta(alpha, random));
  const int cut_h = static_cast<int>(height * side), cut_w = static_cast<int>(width * side);
  const int middle_y = static_cast<int>(random.Below(static_cast<uint32_t>(height)));
  const int middle_x = static_cast<int>(random.Below(static_cast<uint32_t>(width)));
  const int top = std::clamp(middle_y - cut_h / 2, 0, height), bottom = std::clamp(middle_y + cut_h / 2, 0, height);
  const int left = std::clamp(middle_x - cut_w / 2, 0, width), right = std::clamp(middle_x + cut_w / 2, 0, width);
  const size_t size = pixels.size() / static_cast<size_t>(n), row = static_cast<size_t>(width) * 3;
  for (size_t i = 0, j = static_cast<size_t>(n) - 1; i < j; ++i, --j) {
    for (int y = top; y < bottom; ++y) {
      const size_t begin = static_cast<size_t>(y) * row + static_cast<size_t>(left) * 3;
      const auto first = pixels.begin() + static_cast<ptrdiff_t>(i * size + begin);
      std::swap_ranges(first, first + static_cast<ptrdiff_t>(right - left) * 3,
                       pixels.begin() + static_cast<ptrdiff_t>(j * size + begin));
    }
  }
  return 1 - static_cast<double>((bottom - top) * (right - left)) / (static_cast<double>(height) * width);
}

}  // namespace siskin
