#include "base/threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

namespace siskin {
namespace {

TEST(Threads, LowerPriorityIsForTheCallingThreadOnly) {
  const int before = getpriority(PRIO_PROCESS, 0);
  int in_thread = before;
  std::thread([&] {
    LowerThreadPriority();
    in_thread = getpriority(PRIO_PROCESS, 0);
  }).join();
  EXPECT_EQ(in_thread, std::min(before + 10, 19));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
}

// Fewer, as many and more indices than threads.
TEST(ThreadPool, EveryIndexIsTakenOnce) {
  for (const int num_threads : {1, 2, 3, 7}) {
    ThreadPool threads(num_threads);
    ASSERT_EQ(threads.num_threads(), num_threads);
    for (const size_t count : {0u, 1u, 2u, 6u, 7u, 8u, 1000u}) {
      std::vector<std::atomic<int>> taken(count);
      std::atomic<bool> is_worker{true};
      threads.ParallelFor(count, [&](size_t index, int worker) {
        ++taken.at(index);
        if (worker < 0 || worker >= num_threads) is_worker = false;
      });
      for (const auto& times : taken) ASSERT_EQ(times, 1) << num_threads << " threads, " << count << " indices";
      EXPECT_TRUE(is_worker);
    }
  }
}

// What lets a step find in its caches what it wrote in the step before: shares are stretches, the same every time. Each
// worker waits inside its first index for all others to have theirs, so that nobody helps anybody too early.
TEST(ThreadPool, WorkersBeginWithTheirOwnStretch) {
  constexpr int kThreads = 3;
  constexpr size_t kCount = 9;
  ThreadPool threads(kThreads);
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<size_t> first(kThreads, kCount);
    std::atomic<int> begun{0};
    threads.ParallelFor(kCount, [&](size_t index, int worker) {
      size_t& mine = first[static_cast<size_t>(worker)];
      if (mine != kCount) return;
      mine = index;
      ++begun;
      while (begun < kThreads) std::this_thread::yield();
    });
    EXPECT_EQ(first, (std::vector<size_t>{0, 3, 6}));
  }
}

TEST(ThreadPool, WhoIsDoneHelpsTheOthers) {
  ThreadPool threads(2);
  std::atomic<int> done{0};
  std::atomic<bool> helped{false};
  threads.ParallelFor(10, [&](size_t index, int worker) {
    if (index >= 5 && worker == 0) helped = true;
    // The first index of the second worker takes as long as all others together.
    if (index == 5) {
      while (done < 9) std::this_thread::yield();
    }
    ++done;
  });
  EXPECT_TRUE(helped);
}

#if defined(__x86_64__) || defined(__aarch64__)
// volatile: the processor shall do it, not the compiler.
float HalfOfTheSmallestNormal() {
  volatile float smallest = std::numeric_limits<float>::min();
  return smallest * 0.5f;
}

// As an operand, too.
float DenormalTimesALot() {
  volatile float denormal = std::numeric_limits<float>::denorm_min();
  return denormal * 1e30f;
}

TEST(ScopedFlushDenormals, DenormalsAreZeroWhileItLives) {
  EXPECT_GT(HalfOfTheSmallestNormal(), 0);
  {
    const ScopedFlushDenormals flush;
    EXPECT_EQ(HalfOfTheSmallestNormal(), 0);
    EXPECT_EQ(DenormalTimesALot(), 0);
  }
  EXPECT_GT(HalfOfTheSmallestNormal(), 0);
  EXPECT_GT(DenormalTimesALot(), 0);
}

TEST(ScopedFlushDenormals, EveryWorkerFlushes) {
  ThreadPool threads(3);
  std::vector<float> results(100, 1.0f);
  threads.ParallelFor(results.size(),
                      [&](size_t i, int) { results[i] = HalfOfTheSmallestNormal() + DenormalTimesALot(); });
  EXPECT_EQ(results, std::vector<float>(100, 0.0f));
  EXPECT_GT(HalfOfTheSmallestNormal(), 0);
}
#endif

}  // namespace
}  // namespace siskin
