#include "evaluate/mcnemar.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace siskin {
namespace {

// Probability of k heads of n fair coins, by logarithms: 10,000 coins are 2^10,000 ways.
double CoinProbability(int64_t k, int64_t n) {
  const double dk = static_cast<double>(k), dn = static_cast<double>(n);
  return std::exp(std::lgamma(dn + 1) - std::lgamma(dk + 1) - std::lgamma(dn - dk + 1) - dn * std::log(2.0));
}

}  // namespace

McNemar McNemarTest(int64_t only_a, int64_t only_b) {
  if (only_a < 0 || only_b < 0) Fail(ErrorKind::kInternal, "McNemar's test of {} against {} photos", only_a, only_b);
  const int64_t n = only_a + only_b, fewer = std::min(only_a, only_b);
  const double observed = CoinProbability(fewer, n);
  double tail = 0;  // smallest terms first
  for (int64_t k = 0; k <= fewer; ++k) tail += CoinProbability(k, n);
  return {.exact_p = std::min(1.0, 2 * tail), .mid_p = std::min(1.0, 2 * tail - observed)};
}

Interval PairedDifferenceInterval(int64_t only_a, int64_t only_b, int64_t photos) {
  if (only_a < 0 || only_b < 0 || photos <= 0 || only_a + only_b > photos) {
    Fail(ErrorKind::kInternal, "the difference of {} against {} of {} photos", only_a, only_b, photos);
  }
  constexpr double z = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  // One photo more on either side, two in all: the adjustment, as one keeps the interval from having no width at 0.
  const double n = static_cast<double>(photos) + 2;
  const double a = (static_cast<double>(only_a) + 1) / n, b = (static_cast<double>(only_b) + 1) / n;
  const double half = z * std::sqrt((a + b - (b - a) * (b - a)) / n);
  return {std::max(-1.0, b - a - half), std::min(1.0, b - a + half)};
}

}  // namespace siskin
