#include "weights/match/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/testing.h"

namespace siskin {
namespace {

Tensor Floats(const std::vector<float>& values) {
  return Tensor::FromFloats({static_cast<int64_t>(values.size())}, values);
}

double Normalised(double x, double gamma, double mean, double variance, double epsilon) {
  return gamma * (x - mean) / std::sqrt(variance + epsilon);
}

TEST(BatchNorm, AnotherEpsilonGivesTheSame) {
  const std::vector<float> gammas = {1, -0.5f, 2}, variances = {0, 1e-4f, 3};
  Tensor gamma = Floats(gammas);
  ChangeEpsilon(1e-5, 1e-3, Floats(variances), &gamma);
  for (size_t c = 0; c < gammas.size(); ++c) {
    const double expected = Normalised(0.7, gammas[c], 0.2, variances[c], 1e-5);
    EXPECT_NEAR(Normalised(0.7, gamma.values<float>()[c], 0.2, variances[c], 1e-3), expected,
                1e-6 * std::abs(expected));
  }
  EXPECT_NE(gamma.values<float>()[2], 2);
}

// Also for a gamma of 0 and a negative one, which a change of the variance could not express.
TEST(BatchNorm, GammaMovesIntoTheConvolution) {
  const std::vector<float> gammas = {0, -0.5f, 1};
  const double x[] = {0.5, -1};  // what two taps of the kernel see
  const std::vector<float> kernels = {1, 2, 3, 4, 5, 6}, means = {0.1f, 0.2f, 0.3f};
  Tensor kernel = Tensor::FromFloats({1, 2, 3}, kernels), mean = Floats(means);
  FoldGamma(Floats(gammas), &kernel, &mean);
  for (size_t c = 0; c < 3; ++c) {
    const auto convolved = [&](std::span<const float> k) { return x[0] * k[c] + x[1] * k[3 + c]; };
    EXPECT_NEAR(Normalised(convolved(kernel.values<float>()), 1, mean.values<float>()[c], 0.9, 1e-3),
                Normalised(convolved(kernels), gammas[c], means[c], 0.9, 1e-3), 1e-6);
  }
}

TEST(BatchNorm, SizesThatDoNotBelongTogetherAreABug) {
  Tensor three(Shape{3}), two(Shape{2}), seven(Shape{7});
  testing::ExpectError(ErrorKind::kInternal, [&] { ChangeEpsilon(0, 1, two, &three); });
  testing::ExpectError(ErrorKind::kInternal, [&] { FoldGamma(three, &seven, &three); });
  testing::ExpectError(ErrorKind::kInternal, [&] { FoldGamma(three, &three, &two); });
}

}  // namespace
}  // namespace siskin
