#include "train/loss.h"

#include <algorithm>
#include <cmath>

#include "evaluate/calibration.h"

namespace siskin {
namespace {

double WeightOf(int label, const LossOptions& options) {
  return options.class_weights.empty() ? 1 : options.class_weights[static_cast<size_t>(label)];
}

// One logit: loss = ln(1 + e^z) - target z, gradient sigmoid(z) - target.
LossSum Binary(std::span<const float> logits, std::span<const int> labels, const LossOptions& options,
               std::span<float> dlogits) {
  LossSum sum;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double z = logits[i];
    const double target = labels[i] * (1 - options.label_smoothing) + options.label_smoothing / 2;
    const double weight = WeightOf(labels[i], options);
    const double e = std::exp(-std::abs(z));  // at most 1: nothing overflows
    sum.loss += weight * (std::max(z, 0.0) + std::log1p(e) - target * z);
    sum.correct += (z >= 0) == (labels[i] == 1) ? 1 : 0;
    if (dlogits.empty()) continue;
    const double sigmoid = z >= 0 ? 1 / (1 + e) : e / (1 + e);
    dlogits[i] = static_cast<float>(weight * (sigmoid - target) / static_cast<double>(labels.size()));
  }
  return sum;
}

// Several logits: loss = ln sum_j e^z_j - sum_j target_j z_j, gradient softmax - target.
LossSum Categorical(std::span<const float> logits, std::span<const int> labels, const LossOptions& options,
                    std::span<float> dlogits) {
  LossSum sum;
  const size_t n = labels.size(), classes = logits.size() / n;
  const double spread = options.label_smoothing / static_cast<double>(classes);
  for (size_t i = 0; i < n; ++i) {
    const size_t label = static_cast<size_t>(labels[i]);
    const double weight = WeightOf(labels[i], options);
    size_t largest = 0;
    for (size_t k = 1; k < classes; ++k) {
      if (logits[k * n + i] > logits[largest * n + i]) largest = k;
    }
    const double highest = logits[largest * n + i];
    double total = 0, all = 0;
    for (size_t k = 0; k < classes; ++k) {
      total += std::exp(logits[k * n + i] - highest);
      all += logits[k * n + i] - highest;
    }
    const double own = logits[label * n + i] - highest;
    sum.loss += weight * (std::log(total) - (1 - options.label_smoothing) * own - spread * all);
    sum.correct += largest == label ? 1 : 0;
    if (dlogits.empty()) continue;
    for (size_t k = 0; k < classes; ++k) {
      const double target = spread + (k == label ? 1 - options.label_smoothing : 0);
      const double softmax = std::exp(logits[k * n + i] - highest) / total;
      dlogits[k * n + i] = static_cast<float>(weight * (softmax - target) / static_cast<double>(n));
    }
  }
  return sum;
}

}  // namespace

void LossSum::Add(const LossSum& other) {
  loss += other.loss;
  photos += other.photos;
  correct += other.correct;
}

LossSum CrossEntropy(std::span<const float> logits, std::span<const int> labels, const LossOptions& options,
                     std::span<float> dlogits) {
  LossSum sum = logits.size() == labels.size() ? Binary(logits, labels, options, dlogits)
                                               : Categorical(logits, labels, options, dlogits);
  sum.photos = static_cast<int64_t>(labels.size());
  return sum;
}

LossSum CalibratedLoss(std::vector<float> logits, std::span<const int> labels) {
  const auto temperature = static_cast<float>(FitTemperature(logits, labels));
  for (float& logit : logits) logit /= temperature;
  const size_t outputs = logits.size() / labels.size();
  LossSum sum;
  for (size_t i = 0; i < labels.size(); ++i) {
    // One photo's row is [outputs, 1] as well.
    sum.Add(CrossEntropy(std::span(logits).subspan(i * outputs, outputs), labels.subspan(i, 1), {}, {}));
  }
  return sum;
}

std::vector<double> BalancedClassWeights(std::span<const int> labels, int classes) {
  std::vector<double> weights;
  for (int k = 0; k < classes; ++k) {
    const auto photos = static_cast<double>(std::ranges::count(labels, k));
    weights.push_back(photos == 0 ? 0 : static_cast<double>(labels.size()) / (classes * photos));
  }
  return weights;
}

}  // namespace siskin
