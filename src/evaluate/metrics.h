// The numbers of siskin/metrics.h, from scores and the truth. Knows nothing of models and photos.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "siskin/metrics.h"

namespace siskin {

// 95 % interval of a proportion: Wilson 1927, "Probable inference, the law of succession, and statistical inference",
// JASA 22. 0 <= successes <= total, total > 0.
Interval WilsonInterval(int64_t successes, int64_t total);

// Area under the ROC curve: how often a positive scores higher than a negative, a tie counting one half (Mann and
// Whitney). scores, positive: [photos]. NaN if all are positive or all negative. O(n log n).
double RocAuc(std::span<const float> scores, const std::vector<bool>& positive);

// scores: [photos, classes], rows sum to 1; labels, decisions: [photos], each below the number of classes. kInternal if
// the sizes or labels do not fit or there are no photos; kModel if a score is not a number from 0 to 1.
Metrics ComputeMetrics(std::span<const float> scores, std::span<const int> labels, std::span<const int> decisions,
                       std::span<const std::string> class_names);

struct Confusion {
  int64_t photos = 0;  // of class `truth` taken for `predicted`
  size_t truth = 0, predicted = 0;
};
// The pairs of classes that are confused most often first, at most `limit`; none without photos.
std::vector<Confusion> FrequentConfusions(const Metrics& metrics, size_t limit);

Json ToJson(const Metrics& metrics);

}  // namespace siskin
