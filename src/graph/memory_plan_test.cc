#include "graph/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace siskin {
namespace {

// Buffers that are alive together do not overlap, all lie inside the arena and on cache lines.
void ExpectValid(const std::vector<Lifetime>& lifetimes, const MemoryPlan& plan) {
  ASSERT_EQ(plan.offsets.size(), lifetimes.size());
  for (size_t i = 0; i < lifetimes.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % 64, 0u);
    EXPECT_LE(plan.offsets[i] + lifetimes[i].bytes, plan.total_bytes);
    for (size_t j = 0; j < i; ++j) {
      const bool together = lifetimes[i].first <= lifetimes[j].last && lifetimes[j].first <= lifetimes[i].last;
      const bool apart = plan.offsets[i] + lifetimes[i].bytes <= plan.offsets[j] ||
                         plan.offsets[j] + lifetimes[j].bytes <= plan.offsets[i];
      EXPECT_TRUE(!together || apart) << "buffers " << j << " and " << i;
    }
  }
}

// No plan can be smaller than what is alive at the fullest step.
size_t LowerBound(const std::vector<Lifetime>& lifetimes, int steps) {
  size_t most = 0;
  for (int step = 0; step < steps; ++step) {
    size_t alive = 0;
    for (const Lifetime& l : lifetimes) alive += l.first <= step && step <= l.last ? (l.bytes + 63) / 64 * 64 : 0;
    most = std::max(most, alive);
  }
  return most;
}

TEST(MemoryPlan, RandomLifetimes) {
  constexpr int kSteps = 30;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, RandomPurpose::kTest);
    std::vector<Lifetime> lifetimes(1 + random.Below(60));
    for (Lifetime& lifetime : lifetimes) {
      lifetime.bytes = 4 * random.Below(1000);
      lifetime.first = static_cast<int>(random.Below(kSteps));
      lifetime.last = std::min(lifetime.first + static_cast<int>(random.Below(6)), kSteps - 1);
    }
    const MemoryPlan plan = PlanMemory(lifetimes);
    ExpectValid(lifetimes, plan);
    EXPECT_LE(plan.total_bytes, LowerBound(lifetimes, kSteps) * 3 / 2);
  }
}

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  std::vector<Lifetime> lifetimes;
  for (int i = 0; i < 10; ++i) lifetimes.push_back({640, i, i + 1});
  EXPECT_EQ(PlanMemory(lifetimes).total_bytes, 1280u);
}

TEST(MemoryPlan, TheSmallestGapIsTaken) {
  // At step 2 the two walls leave gaps of 256 and 128 bytes; the last buffer fits both.
  const std::vector<Lifetime> lifetimes = {{4096, 0, 9}, {256, 0, 1},  {2048, 0, 9},
                                           {128, 0, 1},  {1024, 0, 9}, {64, 2, 2}};
  const MemoryPlan plan = PlanMemory(lifetimes);
  ExpectValid(lifetimes, plan);
  EXPECT_EQ(plan.total_bytes, 4096u + 2048 + 1024 + 256 + 128);
}

TEST(MemoryPlan, NothingNeedsNothing) {
  EXPECT_EQ(PlanMemory({}).total_bytes, 0u);
}

}  // namespace
}  // namespace siskin
