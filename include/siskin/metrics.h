// How good a classifier is on photos whose classes are known; every number with what it is worth. Numbers that do not
// exist (precision of a class that was never predicted, all of a class without photos, an AUC with one class only) are
// NaN here, `null` in JSON, empty in CSV and "-" in text: never a silent 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "siskin/api.h"

namespace siskin {

struct Interval {
  double low = 0, high = 0;
};

struct ClassMetrics {
  std::string name;
  int64_t photos = 0;
  double precision = 0, recall = 0, f1 = 0;
  double roc_auc = 0;  // this class against the rest
};

struct Metrics {
  int64_t photos = 0, correct = 0;
  double accuracy = 0;
  Interval accuracy_interval;  // of 95 %, Wilson's
  double log_loss = 0;  // mean of -ln(score of the true class), natural logarithm, scores cut off at 1e-7 as in Keras
  double roc_auc = 0;   // two classes: class 1; more: mean over the classes that have one
  std::vector<ClassMetrics> classes;
  std::vector<std::vector<int64_t>> confusion;  // [truth][predicted]
};

// A table for a person: accuracy with interval, per-class lines, confusion matrix (beyond 12 classes: the most frequent
// confusions instead). Ends with a newline.
SISKIN_API std::string ToText(const Metrics& metrics);
SISKIN_API std::string ToCsv(const Metrics& metrics);       // class,photos,precision,recall,f1,roc_auc
SISKIN_API std::string ToJsonText(const Metrics& metrics);  // all of it, an object in one line: docs/formats.md

}  // namespace siskin
