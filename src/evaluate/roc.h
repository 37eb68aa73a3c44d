// ROC curves: how many positives are found (true positive rate) at the price of how many false alarms (false positive
// rate), for every threshold. Fawcett 2006, "An introduction to ROC analysis", Pattern Recognition Letters 27.
#pragma once

#include <span>
#include <vector>

namespace siskin {

struct RocPoint {
  double false_positive_rate = 0, true_positive_rate = 0;
  bool operator==(const RocPoint&) const = default;
};

// From (0, 0) to (1, 1), corners only; photos of equal score are one step. The area under it is RocAuc's. Empty if all
// are positive or all negative. scores, positive: [photos].
std::vector<RocPoint> RocCurve(std::span<const float> scores, const std::vector<bool>& positive);

// The mean true positive rate of the curves at every false positive rate (macro average); its area is the mean of their
// areas. Empty curves are left out; empty if there is none.
std::vector<RocPoint> MeanRocCurve(std::span<const std::vector<RocPoint>> curves);

// By the trapezoidal rule.
double AreaUnder(std::span<const RocPoint> curve);

}  // namespace siskin
