#include "evaluate/roc.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace siskin {
namespace {

struct Counts {
  int64_t negatives = 0, positives = 0;
};

// Whether b lies on the line from a to c; exact.
bool IsOnLine(const Counts& a, const Counts& b, const Counts& c) {
  return (b.negatives - a.negatives) * (c.positives - b.positives) ==
         (b.positives - a.positives) * (c.negatives - b.negatives);
}

struct Heights {
  double low = 0, high = 0;  // they differ where the curve is vertical
};

// `at` remembers the last corner left of x: x only grows from call to call.
Heights HeightsAt(double x, std::span<const RocPoint> curve, size_t* at) {
  while (*at < curve.size() && curve[*at].false_positive_rate < x) ++*at;
  const RocPoint& right = curve[*at];
  if (right.false_positive_rate > x) {
    const RocPoint& left = curve[*at - 1];
    const double share = (x - left.false_positive_rate) / (right.false_positive_rate - left.false_positive_rate);
    const double height = left.true_positive_rate + share * (right.true_positive_rate - left.true_positive_rate);
    return {height, height};
  }
  size_t last = *at;
  while (last + 1 < curve.size() && curve[last + 1].false_positive_rate == x) ++last;
  return {right.true_positive_rate, curve[last].true_positive_rate};
}

}  // namespace

std::vector<RocPoint> RocCurve(std::span<const float> scores, const std::vector<bool>& positive) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });

  std::vector<Counts> corners = {{}};
  Counts counts;
  for (size_t begin = 0; begin < order.size();) {
    const float score = scores[order[begin]];
    for (; begin < order.size() && scores[order[begin]] == score; ++begin) {
      positive[order[begin]] ? ++counts.positives : ++counts.negatives;
    }
    if (corners.size() > 1 && IsOnLine(corners[corners.size() - 2], corners.back(), counts)) corners.pop_back();
    corners.push_back(counts);
  }
  if (counts.positives == 0 || counts.negatives == 0) return {};
  std::vector<RocPoint> curve;
  for (const Counts& corner : corners) {
    curve.push_back({static_cast<double>(corner.negatives) / static_cast<double>(counts.negatives),
                     static_cast<double>(corner.positives) / static_cast<double>(counts.positives)});
  }
  return curve;
}

std::vector<RocPoint> MeanRocCurve(std::span<const std::vector<RocPoint>> curves) {
  std::vector<double> rates;
  size_t num_curves = 0;
  for (const auto& curve : curves) {
    num_curves += curve.empty() ? 0 : 1;
    for (const RocPoint& point : curve) rates.push_back(point.false_positive_rate);
  }
  std::ranges::sort(rates);
  rates.erase(std::ranges::unique(rates).begin(), rates.end());

  std::vector<size_t> at(curves.size(), 0);
  std::vector<RocPoint> mean;
  for (const double x : rates) {
    Heights sum;
    for (size_t i = 0; i < curves.size(); ++i) {
      if (curves[i].empty()) continue;
      const Heights heights = HeightsAt(x, curves[i], &at[i]);
      sum.low += heights.low;
      sum.high += heights.high;
    }
    const double n = static_cast<double>(num_curves);
    mean.push_back({x, sum.low / n});
    if (sum.high > sum.low) mean.push_back({x, sum.high / n});
  }
  return mean;
}

double AreaUnder(std::span<const RocPoint> curve) {
  double area = 0;
  for (size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
            (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
  }
  return area;
}

}  // namespace siskin
