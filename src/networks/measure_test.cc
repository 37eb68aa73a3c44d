#include "networks/measure.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "networks/catalogue.h"
#include "networks/testing_golden.h"

namespace siskin {
namespace {

InferenceCost CostOf(const NetworkOptions& options) {
  const Graph graph = BuildNetwork(options);
  ThreadPool threads(1);
  return MeasureInference(graph, testing::FormulaWeights(graph.Layout(), 1), 0.05, threads);
}

// Sixteen times the pixels and four times the width: slower and larger by factors that no noise hides.
TEST(MeasureInference, LargerNetworksCostMore) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  if (testing::UnderEmulator()) GTEST_SKIP() << testing::kTooSlowEmulated;
  const InferenceCost small = CostOf({.network = "mobilenet", .height = 32, .width = 32, .alpha = 0.25});
  const InferenceCost large = CostOf({.network = "mobilenet", .height = 128, .width = 128});
  EXPECT_GT(small.ms_per_photo, 0);
  EXPECT_GT(large.ms_per_photo, 3 * small.ms_per_photo);
  EXPECT_GT(small.photos_per_second, 3 * large.photos_per_second);
  EXPECT_GT(large.memory_bytes, size_t{4} * 3'228'864);  // the weights, at least
  EXPECT_LT(small.memory_bytes, large.memory_bytes / 4);
}

}  // namespace
}  // namespace siskin
