#include "train/loss.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "evaluate/calibration.h"

namespace siskin {
namespace {

double WeightOf(int label, const LossOptions& options) {
  return options.class_weights.empty() ? 1 : options.class_weights[static_cast<size_t>(label)];
}

// A label and what it counts: a photo's own and, if it was mixed, that of its partner (else with a weight of 0).
struct Truth {
  int label;
  double weight;
};

std::array<Truth, 2> TruthOf(size_t photo, const Targets& targets, const LossOptions& options) {
  const int own = targets.labels[photo], other = targets.labels[targets.labels.size() - 1 - photo];
  return {Truth{own, targets.share * WeightOf(own, options)},
          Truth{other, (1 - targets.share) * WeightOf(other, options)}};
}

// One logit: loss = ln(1 + e^z) - target z, gradient sigmoid(z) - target. dlogits may be empty.
LossSum Binary(std::span<const float> logits, const Targets& targets, const LossOptions& options, double num_photos,
               std::span<float> dlogits) {
  LossSum sum;
  for (size_t i = 0; i < targets.labels.size(); ++i) {
    const double z = logits[i];
    const double e = std::exp(-std::abs(z));  // at most 1: nothing overflows
    const double sigmoid = z >= 0 ? 1 / (1 + e) : e / (1 + e);
    double gradient = 0;
    for (const Truth& truth : TruthOf(i, targets, options)) {
      const double target = truth.label * (1 - options.label_smoothing) + options.label_smoothing / 2;
      sum.loss += truth.weight * (std::max(z, 0.0) + std::log1p(e) - target * z);
      gradient += truth.weight * (sigmoid - target);
    }
    sum.correct += (z >= 0) == (targets.labels[i] == 1) ? 1 : 0;
    if (!dlogits.empty()) dlogits[i] = static_cast<float>(gradient / num_photos);
  }
  return sum;
}

// Several logits: loss = ln sum_j e^z_j - sum_j target_j z_j, gradient softmax - target. dlogits may be empty.
LossSum Categorical(std::span<const float> logits, const Targets& targets, const LossOptions& options,
                    double num_photos, std::span<float> dlogits) {
  LossSum sum;
  const size_t n = targets.labels.size(), classes = logits.size() / n;
  const double spread = options.label_smoothing / static_cast<double>(classes), certain = 1 - options.label_smoothing;
  for (size_t i = 0; i < n; ++i) {
    const std::span<const float> z = logits.subspan(i * classes, classes);
    const auto largest = std::ranges::max_element(z);
    const double highest = *largest;
    double total = 0, all = 0;
    for (const float logit : z) {
      total += std::exp(logit - highest);
      all += logit - highest;
    }
    const std::array<Truth, 2> truths = TruthOf(i, targets, options);
    for (const Truth& truth : truths) {
      const double own = z[static_cast<size_t>(truth.label)] - highest;
      sum.loss += truth.weight * (std::log(total) - certain * own - spread * all);
    }
    sum.correct += largest - z.begin() == targets.labels[i] ? 1 : 0;
    if (dlogits.empty()) continue;
    for (size_t k = 0; k < classes; ++k) {
      const double softmax = std::exp(z[k] - highest) / total;
      double gradient = 0;
      for (const Truth& truth : truths) {
        const double target = spread + (k == static_cast<size_t>(truth.label) ? certain : 0);
        gradient += truth.weight * (softmax - target);
      }
      dlogits[i * classes + k] = static_cast<float>(gradient / num_photos);
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

LossSum CrossEntropy(std::span<const float> logits, const Targets& targets, const LossOptions& options,
                     int64_t num_photos, std::span<float> dlogits) {
  const auto of_batch = static_cast<double>(num_photos);
  LossSum sum = logits.size() == targets.labels.size() ? Binary(logits, targets, options, of_batch, dlogits)
                                                       : Categorical(logits, targets, options, of_batch, dlogits);
  sum.photos = static_cast<int64_t>(targets.labels.size());
  return sum;
}

LossSum CrossEntropy(std::span<const float> logits, const Targets& targets, const LossOptions& options) {
  return CrossEntropy(logits, targets, options, 1, {});
}

LossSum CalibratedLoss(std::vector<float> logits, std::span<const int> labels) {
  const auto temperature = static_cast<float>(FitTemperature(logits, labels));
  for (float& logit : logits) logit /= temperature;
  return CrossEntropy(logits, {labels}, {});
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
