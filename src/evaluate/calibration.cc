#include "evaluate/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace siskin {
namespace {

// Sum over the photos of d(log loss) / d(1 / temperature): expected logit minus that of the (smoothed) truth. It grows
// with 1 / temperature, because the log loss is convex in it.
double Slope(const std::vector<double>& logits, std::span<const int> labels, size_t classes, double inverse) {
  const double spread = 1 / static_cast<double>(labels.size() + classes);
  double slope = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double* z = logits.data() + i * classes;
    const double highest = *std::max_element(z, z + classes);
    double total = 0, expected = 0, truth = 0;
    for (size_t k = 0; k < classes; ++k) {
      const double e = std::exp((z[k] - highest) * inverse);
      total += e;
      expected += e * z[k];
      truth += spread * z[k];
    }
    truth += (1 - spread * static_cast<double>(classes)) * z[labels[i]];
    slope += expected / total - truth;
  }
  return slope;
}

}  // namespace

double FitTemperature(std::span<const float> logits, std::span<const int> labels) {
  constexpr double kLowest = 0.05, kHighest = 20;
  constexpr int kHalvings = 50;  // of the interval of 1 / temperature: more than a double's digits need
  std::vector<double> all;
  for (const float logit : logits) {
    if (logits.size() == labels.size()) all.push_back(0);  // a sigmoid is a softmax with a logit of 0 beside it
    all.push_back(logit);
  }
  const size_t classes = all.size() / labels.size();
  double low = 1 / kHighest, high = 1 / kLowest;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (Slope(all, labels, classes, middle) < 0 ? low : high) = middle;
  }
  return 2 / (low + high);
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
