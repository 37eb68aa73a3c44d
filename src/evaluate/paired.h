// Two models' answers on the same photos, side by side: accuracies, who is right where, and the photos on which the
// answer changes.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "evaluate/mcnemar.h"
#include "evaluate/scored_photos.h"

namespace siskin {

// A photo to which the two say something different.
struct FlippedPhoto {
  std::string path, truth, a, b;   // names of classes
  float a_score = 0, b_score = 0;  // of the model's own answer
  bool a_right = false, b_right = false;
};

struct PairedComparison {
  int64_t both_right = 0, only_a = 0, only_b = 0, both_wrong = 0;
  double a_accuracy = 0, b_accuracy = 0;
  Interval a_interval, b_interval;
  Interval difference;  // 95 % interval of b's accuracy less a's
  McNemar test;
  // Those that only one gets right first, then by path.
  std::vector<FlippedPhoto> flipped;

  int64_t photos() const { return both_right + only_a + only_b + both_wrong; }
};

// a, b: the same photos in the same order with the same true classes by name; the models may number their classes
// differently, and one may know more. kInternal if that does not hold, or if there are no photos.
PairedComparison ComparePaired(const ScoredPhotos& a, const ScoredPhotos& b);

Json ToJson(const PairedComparison& comparison);

}  // namespace siskin
