// Photos whose true class is known, with what a model said about each: what metrics, curves and mistakes come from.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "evaluate/metrics.h"

namespace siskin {

struct ScoredPhotos {
  std::vector<std::string> class_names;
  std::vector<std::string> paths;      // [photos], as the dataset has them
  std::vector<int> labels, decisions;  // [photos], true and predicted class
  std::vector<float> scores;           // [photos, classes], rows sum to 1

  size_t num_photos() const { return labels.size(); }
  float score(size_t photo, int label) const { return scores[photo * class_names.size() + static_cast<size_t>(label)]; }
};

// See ComputeMetrics.
inline Metrics MetricsOf(const ScoredPhotos& photos) {
  return ComputeMetrics(photos.scores, photos.labels, photos.decisions, photos.class_names);
}

// Indices of the photos with a wrong answer, the surest one first (ties by path), at most `limit`.
std::vector<size_t> WorstMistakes(const ScoredPhotos& photos, size_t limit);

}  // namespace siskin
