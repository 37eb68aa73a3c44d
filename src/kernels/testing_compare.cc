#include "kernels/testing_compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/isa.h"

namespace siskin::testing {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

Shape ShapeOf(ConstView view) {
  return {view.n, view.h, view.w, view.c};
}

std::vector<float> Gather(ConstView view) {
  std::vector<float> values;
  values.reserve(view.num_pixels() * view.c);
  for (size_t p = 0; p < view.num_pixels(); ++p) {
    const float* pixel = view.data + p * view.stride;
    values.insert(values.end(), pixel, pixel + view.c);
  }
  return values;
}

// "(0, 3, 1, 17)" of element `index` in row-major order.
std::string Position(const Shape& shape, size_t index) {
  std::string text;
  for (size_t i = shape.rank(); i-- > 0;) {
    const auto dim = static_cast<size_t>(shape[i]);
    text = std::to_string(index % dim) + (text.empty() ? "" : ", ") + text;
    index /= dim;
  }
  return "(" + text + ")";
}

std::string About(const Shape& shape, uint64_t seed) {
  return fmt::format("shape {}, seed {}, {}", shape.ToString(), seed, CurrentIsa());
}

// Rounding errors of n elements are independent and rarely above a third of the bound, so their mean is within about
// bound / sqrt(n); the eighth allows for approximations (exp, reciprocal) with a small bias of their own.
double MeanBound(double bound, size_t count) {
  return bound * std::min(1.0, 0.125 + 1.0 / std::sqrt(static_cast<double>(count)));
}

double Bound(std::span<const float> expected, const Accuracy& accuracy) {
  double largest = 0;
  for (const float value : expected) largest = std::max(largest, std::abs(static_cast<double>(value)));
  const double relative = accuracy.relative > 0
                              ? accuracy.relative
                              : accuracy.factor * 0x1p-24 * std::sqrt(static_cast<double>(accuracy.depth));
  return relative * largest;
}

}  // namespace

AssertionResult Close(const Shape& shape, std::span<const float> got, const Shape& expected_shape,
                      std::span<const float> expected, const Accuracy& accuracy) {
  if (shape != expected_shape) {
    return AssertionFailure() << "the shape is " << shape.ToString() << ", expected " << expected_shape.ToString();
  }
  if (expected.empty()) return AssertionFailure() << "nothing to compare: the shape is " << shape.ToString();
  if (got.size() != expected.size() || static_cast<int64_t>(got.size()) != shape.num_elements()) {
    return AssertionFailure() << got.size() << " and " << expected.size() << " values for shape " << shape.ToString();
  }
  const double bound = Bound(expected, accuracy);
  size_t num_bad = 0, worst = 0;
  double worst_error = -1, sum = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double error = static_cast<double>(got[i]) - expected[i];
    sum += error;
    num_bad += !(std::abs(error) <= bound && std::isfinite(error));  // an infinite expectation has an infinite bound
    // A NaN error is the worst there can be; the first one is kept.
    if (!(std::abs(error) <= worst_error) && !std::isnan(worst_error)) {
      worst = i;
      worst_error = std::abs(error);
    }
  }
  if (num_bad > 0) {
    return AssertionFailure() << fmt::format(
               "{} of {} elements differ, worst at {}: {:.9g}, expected {:.9g}, error {:.3g}, allowed {:.3g} ({})",
               num_bad, got.size(), Position(shape, worst), got[worst], expected[worst], worst_error, bound,
               About(shape, accuracy.seed));
  }
  const double mean = sum / static_cast<double>(got.size());
  const double mean_bound = MeanBound(bound, got.size());
  if (!(std::abs(mean) <= mean_bound)) {
    return AssertionFailure() << fmt::format(
               "the mean error is {:.3g}, allowed {:.3g}: a bias; largest error at {}: {:.9g}, expected {:.9g} ({})",
               mean, mean_bound, Position(shape, worst), got[worst], expected[worst], About(shape, accuracy.seed));
  }
  return AssertionSuccess();
}

AssertionResult Close(ConstView got, ConstView expected, const Accuracy& accuracy) {
  return Close(ShapeOf(got), Gather(got), ShapeOf(expected), Gather(expected), accuracy);
}

AssertionResult Close(std::span<const float> got, std::span<const float> expected, const Accuracy& accuracy) {
  return Close(Shape{static_cast<int64_t>(got.size())}, got, Shape{static_cast<int64_t>(expected.size())}, expected,
               accuracy);
}

AssertionResult SameBits(ConstView got, ConstView expected) {
  if (ShapeOf(got) != ShapeOf(expected)) {
    return AssertionFailure() << "the shape is " << ShapeOf(got).ToString() << ", expected "
                              << ShapeOf(expected).ToString();
  }
  const std::vector<float> a = Gather(got), b = Gather(expected);
  if (a.empty()) return AssertionFailure() << "nothing to compare: the shape is " << ShapeOf(got).ToString();
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) {
      return AssertionFailure() << fmt::format("other bits at {}: {:.9g} ({:08x}), expected {:.9g} ({:08x}) ({})",
                                               Position(ShapeOf(got), i), a[i], std::bit_cast<uint32_t>(a[i]), b[i],
                                               std::bit_cast<uint32_t>(b[i]), About(ShapeOf(got), 0));
    }
  }
  return AssertionSuccess();
}

}  // namespace siskin::testing
