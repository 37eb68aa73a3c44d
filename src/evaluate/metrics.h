// How good a classifier is, from its scores and the truth; every number with its uncertainty. Knows nothing of models
// and photos. Numbers that do not exist (precision of a class that was never predicted, all of a class without photos,
// an AUC with one class only) are NaN here, `null` in JSON, empty in CSV and "-" in text: never a silent 0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json_fwd.h"

namespace siskin {

struct Interval {
  double low = 0, high = 0;
};

// 95 % interval of a proportion: Wilson 1927, "Probable inference, the law of succession, and statistical inference",
// JASA 22. 0 <= successes <= total, total > 0.
Interval WilsonInterval(int64_t successes, int64_t total);

// Area under the ROC curve: how often a positive scores higher than a negative, a tie counting one half (Mann and
// Whitney). scores, positive: [photos]. NaN if all are positive or all negative. O(n log n).
double RocAuc(std::span<const float> scores, const std::vector<bool>& positive);

struct ClassMetrics {
  std::string name;
  int64_t photos = 0;
  double precision = 0, recall = 0, f1 = 0;
  double roc_auc = 0;  // this class against the rest
};

struct Metrics {
  int64_t photos = 0, correct = 0;
  double accuracy = 0;
  Interval accuracy_interval;
  double log_loss = 0;  // mean of -ln(score of the true class), natural logarithm, scores cut off at 1e-7 as in Keras
  double roc_auc = 0;   // two classes: class 1; more: mean over the classes that have one
  std::vector<ClassMetrics> classes;
  std::vector<std::vector<int64_t>> confusion;  // [truth][predicted]
};

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
// A table for a person: accuracy with interval, per-class lines, confusion matrix (beyond 12 classes: the most frequent
// confusions instead). Ends with a newline.
std::string ToText(const Metrics& metrics);
std::string ToCsv(const Metrics& metrics);  // class,photos,precision,recall,f1,roc_auc

}  // namespace siskin
