// How good a classifier is, from its scores and the truth; every number with its uncertainty.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace siskin {

struct Interval {
  double low = 0, high = 0;
};

// 95 % interval of a proportion: Wilson 1927, "Probable inference, the law of succession, and statistical inference",
// JASA 22. total > 0.
Interval WilsonInterval(int64_t successes, int64_t total);

struct ClassMetrics {
  std::string name;
  int64_t photos = 0;
  double precision = 0, recall = 0, f1 = 0;
  double roc_auc = 0;  // this class against the rest; NaN if only one of the two occurs
};

struct Metrics {
  int64_t photos = 0, correct = 0;
  double accuracy = 0;
  Interval accuracy_interval;
  double log_loss = 0;  // mean of -ln(score of the true class), natural logarithm
  double roc_auc = 0;   // two classes: class 1; more: mean over the classes
  std::vector<ClassMetrics> classes;
  std::vector<std::vector<int64_t>> confusion;  // [truth][predicted]
};

// scores: [photos, classes], rows sum to 1; labels, decisions: [photos]. kInternal if the sizes do not fit or are 0.
Metrics ComputeMetrics(std::span<const float> scores, std::span<const int> labels, std::span<const int> decisions,
                       std::span<const std::string> class_names);

Json ToJson(const Metrics& metrics);
// A table for a person: accuracy with interval, confusion matrix, per-class lines.
std::string ToText(const Metrics& metrics);
std::string ToCsv(const Metrics& metrics);  // class,photos,precision,recall,f1,roc_auc

}  // namespace siskin
