#include "base/threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

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

}  // namespace
}  // namespace siskin
