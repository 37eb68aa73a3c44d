#include "evaluate/scored_photos.h"

#include <gtest/gtest.h>

namespace siskin {
namespace {

ScoredPhotos FivePhotos() {
  return {.class_names = {"cat", "dog"},
          .paths = {"c", "b", "a", "d", "e"},
          .labels = {0, 0, 1, 1, 0},
          .decisions = {1, 1, 0, 1, 1},
          .scores = {0.4f, 0.6f, 0.2f, 0.8f, 0.8f, 0.2f, 0.1f, 0.9f, 0.1f, 0.9f}};
}

TEST(WorstMistakes, TheSurestFirstThenByPath) {
  EXPECT_EQ(WorstMistakes(FivePhotos(), 10), (std::vector<size_t>{4, 2, 1, 0}));
  EXPECT_EQ(WorstMistakes(FivePhotos(), 2), (std::vector<size_t>{4, 2}));
}

TEST(ScoredPhotos, Metrics) {
  const Metrics metrics = MetricsOf(FivePhotos());
  EXPECT_EQ(metrics.correct, 1);
  EXPECT_EQ(metrics.confusion[0][1], 3);
}

}  // namespace
}  // namespace siskin
