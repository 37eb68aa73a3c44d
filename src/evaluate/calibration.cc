#include "evaluate/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace siskin {
namespace {

// First and second derivative of the log loss by 1 / temperature, summed over the photos.
struct Derivatives {
  double slope = 0, curvature = 0;
};

// A photo's slope is its expected logit minus that of the (smoothed) truth, its curvature the variance of the logit:
// never negative, so there is one minimum.
Derivatives LossDerivatives(const std::vector<double>& logits, std::span<const int> labels, size_t classes,
                            double inverse) {
  const double spread = 1 / static_cast<double>(labels.size() + classes);
  Derivatives sum;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double* z = logits.data() + i * classes;
    const double highest = *std::max_element(z, z + classes);
    double total = 0, mean = 0, square = 0, truth = 0;
    for (size_t k = 0; k < classes; ++k) {
      const double d = z[k] - highest;
      const double e = std::exp(d * inverse);
      total += e;
      mean += e * d;
      square += e * d * d;
      truth += spread * d;
    }
    truth += (1 - spread * static_cast<double>(classes)) * (z[labels[i]] - highest);
    mean /= total;
    sum.slope += mean - truth;
    sum.curvature += square / total - mean * mean;
  }
  return sum;
}

// Where the slope is 0, between `low` and `high`, or the end that is nearer to it. Newton's method needs about six
// steps (halving alone needs 50, which 1,000 classes would feel after every epoch); a step out of the interval that is
// known to hold the minimum goes to its middle instead.
double BestInverse(const std::vector<double>& logits, std::span<const int> labels, size_t classes, double low,
                   double high) {
  constexpr int kMaxSteps = 50;        // if all are halvings, towards an end of the interval: to 1e-14 of it
  constexpr double kSmallStep = 1e-8;  // digits double with every step, so after this one a double has no more to gain
  double inverse = 1;
  for (int step = 0; step < kMaxSteps; ++step) {
    const Derivatives at = LossDerivatives(logits, labels, classes, inverse);
    (at.slope < 0 ? low : high) = inverse;
    const double next = inverse - at.slope / at.curvature;  // NaN if the logits say nothing: 0 / 0
    if (std::abs(next - inverse) <= kSmallStep * inverse) return std::clamp(next, low, high);
    inverse = next > low && next < high ? next : (low + high) / 2;
  }
  return inverse;
}

}  // namespace

double FitTemperature(std::span<const float> logits, std::span<const int> labels) {
  constexpr double kLowest = 0.05, kHighest = 20;
  std::vector<double> all;
  for (const float logit : logits) {
    if (logits.size() == labels.size()) all.push_back(0);  // a sigmoid is a softmax with a logit of 0 beside it
    all.push_back(logit);
  }
  return 1 / BestInverse(all, labels, all.size() / labels.size(), 1 / kHighest, 1 / kLowest);
}

std::vector<ReliabilityBin> Reliability(std::span<const float> scores, std::span<const int> labels,
                                        std::span<const int> decisions, int num_bins) {
  std::vector<ReliabilityBin> bins(static_cast<size_t>(num_bins));
  for (size_t b = 0; b < bins.size(); ++b) {
    bins[b].low = static_cast<double>(b) / num_bins;
    bins[b].high = static_cast<double>(b + 1) / num_bins;
  }
  const size_t classes = labels.empty() ? 0 : scores.size() / labels.size();
  for (size_t i = 0; i < labels.size(); ++i) {
    const double score = scores[i * classes + static_cast<size_t>(decisions[i])];
    ReliabilityBin& bin = bins[std::min(static_cast<size_t>(score * num_bins), bins.size() - 1)];
    ++bin.photos;
    bin.correct += decisions[i] == labels[i] ? 1 : 0;
    bin.mean_score += score;
  }
  for (ReliabilityBin& bin : bins) {
    if (bin.photos > 0) bin.mean_score /= static_cast<double>(bin.photos);
  }
  return bins;
}

double CalibrationError(std::span<const ReliabilityBin> bins) {
  double sum = 0, photos = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += std::abs(static_cast<double>(bin.correct) - bin.mean_score * static_cast<double>(bin.photos));
    photos += static_cast<double>(bin.photos);
  }
  return sum / photos;
}

}  // namespace siskin
