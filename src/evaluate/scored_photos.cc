#include "evaluate/scored_photos.h"

#include <algorithm>

namespace siskin {

std::vector<size_t> WorstMistakes(const ScoredPhotos& photos, size_t limit) {
  std::vector<size_t> wrong;
  for (size_t i = 0; i < photos.num_photos(); ++i) {
    if (photos.decisions[i] != photos.labels[i]) wrong.push_back(i);
  }
  const auto score = [&](size_t i) { return photos.score(i, photos.decisions[i]); };
  std::ranges::sort(wrong, [&](size_t a, size_t b) {
    return score(a) != score(b) ? score(a) > score(b) : photos.paths[a] < photos.paths[b];
  });
  wrong.resize(std::min(wrong.size(), limit));
  return wrong;
}

}  // namespace siskin
