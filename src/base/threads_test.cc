#include "base/threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/testing.h"

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

// As if nothing had happened: every index is taken, and no earlier error comes back.
void ExpectUsable(ThreadPool& threads) {
  std::vector<std::atomic<int>> taken(100);
  threads.ParallelFor(taken.size(), [&](size_t index, int) { ++taken[index]; });
  for (const auto& times : taken) ASSERT_EQ(times, 1);
}

// Whichever index throws, in the caller's share or in a helper's, and whether others are there to be left out or not.
TEST(ThreadPool, AnExceptionReachesTheCaller) {
  for (const int num_threads : {1, 2, 3, 7}) {
    ThreadPool threads(num_threads);
    for (const size_t count : {1u, 2u, 7u, 100u}) {
      for (const size_t thrower : {size_t{0}, count / 2, count - 1}) {
        SCOPED_TRACE(std::to_string(num_threads) + " threads, index " + std::to_string(thrower) + " of " +
                     std::to_string(count));
        std::vector<std::atomic<int>> taken(count);
        const auto run = [&] {
          threads.ParallelFor(count, [&](size_t index, int) {
            ++taken.at(index);
            if (index == thrower) throw std::out_of_range("index " + std::to_string(index));
          });
        };
        try {
          run();
          ADD_FAILURE() << "no exception";
        } catch (const std::out_of_range& error) {
          EXPECT_EQ(error.what(), "index " + std::to_string(thrower));
        }
        for (const auto& times : taken) EXPECT_LE(times, 1);
        ExpectUsable(threads);
      }
    }
  }
}

TEST(ThreadPool, OfManyExceptionsTheCallerGetsOne) {
  ThreadPool threads(3);
  for (int turn = 0; turn < 100; ++turn) {
    EXPECT_THROW(threads.ParallelFor(50, [](size_t, int) { throw std::bad_alloc(); }), std::bad_alloc);
  }
  ExpectUsable(threads);
}

// Nobody runs the work, which lives in the caller's frame, when the caller gets the exception.
TEST(ThreadPool, WorkThatHasBegunIsFinishedBeforeTheCallerGoesOn) {
  ThreadPool threads(2);
  for (int turn = 0; turn < 20; ++turn) {
    std::atomic<bool> begun{false}, finished{false};
    const auto run = [&] {
      threads.ParallelFor(2, [&](size_t index, int) {
        if (index == 0) {
          while (!begun) std::this_thread::yield();
          throw std::runtime_error("caller");
        }
        begun = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        finished = true;
      });
    };
    EXPECT_THROW(run(), std::runtime_error);
    EXPECT_TRUE(finished);
  }
}

TEST(ThreadPool, WorkAfterAnExceptionIsLeftOut) {
  ThreadPool threads(1);
  std::vector<int> taken(10);
  EXPECT_THROW(threads.ParallelFor(taken.size(),
                                   [&](size_t index, int) {
                                     ++taken[index];
                                     if (index == 3) throw std::runtime_error("3");
                                   }),
               std::runtime_error);
  EXPECT_EQ(taken, (std::vector<int>{1, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
}

// A system that starts `limit` threads and no more.
class FewThreads {
 public:
  explicit FewThreads(int limit) : limit_(limit) {}
  ThreadPool::StartThread start() {
    return [this](std::function<void()> body) {
      if (started == limit_) throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
      ++started;
      return std::thread([this, body = std::move(body)] {
        body();
        ++ended;
      });
    };
  }
  int started = 0;
  std::atomic<int> ended{0};

 private:
  int limit_;
};

TEST(ThreadPool, AThreadThatCannotBeStartedIsAnError) {
  for (const int limit : {0, 1, 5}) {
    FewThreads few(limit);
    testing::ExpectError(ErrorKind::kIo, "thread " + std::to_string(limit + 2) + " of 8 cannot be started (",
                         [&] { const ThreadPool threads(8, few.start()); });
    EXPECT_EQ(few.started, limit);
    EXPECT_EQ(few.ended, limit);  // all are joined
  }
  FewThreads enough(7);
  ThreadPool threads(8, enough.start());
  ExpectUsable(threads);
}

TEST(ThreadPool, TooManyThreadsAreAMistake) {
  for (const int num_threads : {kMaxThreads + 1, std::numeric_limits<int>::max()}) {
    FewThreads none(0);
    testing::ExpectError(ErrorKind::kUsage, std::to_string(num_threads) + " threads are too many: at most 1024",
                         [&] { const ThreadPool threads(num_threads, none.start()); });
  }
  EXPECT_LE(AvailableProcessors(), kMaxThreads);
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
