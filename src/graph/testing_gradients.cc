#include "graph/testing_gradients.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/testing_compare.h"

namespace siskin::testing {
namespace {

double Largest(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// fp32 and double must not fall on different sides of a kink. Values are around 1, and a few hundred additions move
// them by about 1e-6.
constexpr double kMargin = 1e-5;

}  // namespace

::testing::AssertionResult CloseGradients(const std::vector<TrainingParameter>& parameters, std::span<const float> got,
                                          std::span<const double> expected) {
  if (expected.empty() || got.size() != expected.size()) {
    return ::testing::AssertionFailure() << got.size() << " gradients, expected " << expected.size();
  }
  const double largest = Largest(expected);
  for (const TrainingParameter& parameter : parameters) {
    const auto wanted = expected.subspan(parameter.offset, parameter.size);
    const auto found = got.subspan(parameter.offset, parameter.size);
    const double bound = kOfTensor * Largest(wanted) + kOfAll * largest;
    for (size_t i = 0; i < wanted.size(); ++i) {
      const double error = static_cast<double>(found[i]) - wanted[i];
      if (std::abs(error) <= bound) continue;  // a NaN is not
      return ::testing::AssertionFailure() << fmt::format(
                 "{}[{}]: the gradient is {:.7g}, expected {:.7g}; allowed is {:.2g}, the tensor's largest is {:.4g}",
                 parameter.name, i, found[i], wanted[i], bound, Largest(wanted));
    }
  }
  return ::testing::AssertionSuccess();
}

void ExpectOnePercentIsRefused(const std::vector<TrainingParameter>& parameters, std::span<const float> gradient,
                               std::span<const double> expected) {
  const double largest = Largest(expected);
  size_t refused = 0;
  for (const TrainingParameter& parameter : parameters) {
    const double of_tensor = Largest(expected.subspan(parameter.offset, parameter.size));
    if (of_tensor <= 1e-7 * largest) continue;
    std::vector<float> wrong(gradient.begin(), gradient.end());
    for (size_t i = 0; i < parameter.size; ++i) wrong[parameter.offset + i] *= 1.01f;
    EXPECT_FALSE(CloseGradients(parameters, wrong, expected))
        << parameter.name << ": 1 % too much goes unnoticed, its largest gradient is " << of_tensor << " of "
        << largest;
    ++refused;
  }
  EXPECT_GT(refused, 0u);
}

Problem SmoothProblem(const Graph& graph, bool batch_statistics, int n, uint64_t seed) {
  for (uint64_t attempt = 0; attempt < 100; ++attempt) {
    Problem problem = MakeProblem(graph, batch_statistics, n, seed + 1000 * attempt);
    if (Differences(problem).margin() > kMargin) return problem;
  }
  ADD_FAILURE() << "no input away from kinks";
  return MakeProblem(graph, batch_statistics, n, seed);
}

void ExpectForward(const Problem& problem, const Differences& differences, const Outcome& outcome) {
  EXPECT_TRUE(Close(outcome.logits, Floats(differences.logits()), {.relative = 1e-4, .seed = problem.seed}));
  if (!problem.batch_statistics) {
    EXPECT_EQ(outcome.statistics, problem.statistics);
  } else if (!problem.statistics.empty()) {
    EXPECT_TRUE(Close(outcome.statistics, Floats(differences.statistics()), {.relative = 1e-5, .seed = problem.seed}));
  }
}

}  // namespace siskin::testing
