// Two classifiers on the same photos: is one better, or was it chance? Only the photos that one gets right and the
// other wrong tell: if both are equally good, each such photo is a coin that falls either way.
#pragma once

#include <cstdint>

#include "evaluate/metrics.h"

namespace siskin {

struct McNemar {
  // Two-sided probability of a split at least as uneven as this one if both are equally good, from the binomial
  // distribution (McNemar 1947, "Note on the sampling error of the difference between correlated proportions").
  double exact_p = 1;
  // The same with the observed split itself counted half, as the exact test is wrong less often than it claims to be:
  // Fagerland, Lydersen, Laake 2013, "The McNemar test for binary matched-pairs data", recommend it.
  double mid_p = 1;
};

// Photos that only the one and only the other gets right; both at least 0, else kInternal.
McNemar McNemarTest(int64_t only_a, int64_t only_b);

// 95 % interval of the difference of the two accuracies, b's less a's, over `photos` photos: Bonett and Price 2012,
// "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data". kInternal if the
// counts are more than `photos`, or that is 0.
Interval PairedDifferenceInterval(int64_t only_a, int64_t only_b, int64_t photos);

}  // namespace siskin
