#include "cli/progress.h"

#include <gtest/gtest.h>

#include "cli/text.h"

namespace siskin::cli {
namespace {

TEST(Progress, BarShowsShareRateAndTimeLeft) {
  const TaskState state{.task = "features", .unit = "photos", .done = 2700, .total = 6000, .seconds = 9};
  EXPECT_EQ(BarText(state, 100), "features [==========>             ]  45 %  2,700 of 6,000 photos, 300/s, 11 s left");
}

TEST(Progress, FullBarHasNoTimeLeft) {
  const TaskState state{.task = "eval", .unit = "photos", .done = 40, .total = 40, .seconds = 8};
  EXPECT_EQ(BarText(state, 100), "eval [========================] 100 %  40 of 40 photos, 5.0/s");
}

TEST(Progress, ANarrowTerminalLosesTheBarAndNeverWraps) {
  const TaskState state{.task = "features", .unit = "photos", .done = 2700, .total = 6000, .seconds = 9};
  EXPECT_EQ(BarText(state, 70), "features: 45 %, 2,700 of 6,000 photos, 300/s, 11 s left");
  for (size_t width = 1; width < 100; ++width) EXPECT_LE(DisplayWidth(BarText(state, width)), width);
}

TEST(Progress, BytesAndUnknownTotals) {
  const TaskState known{.task = "download", .unit = "bytes", .done = 41841872, .total = 83683744, .seconds = 4};
  EXPECT_EQ(LineText(known), "download: 50 %, 41.8 MB of 83.7 MB, 10.5 MB/s, 4.0 s left");
  const TaskState unknown{.task = "download", .unit = "bytes", .done = 1500, .total = 0, .seconds = 1};
  EXPECT_EQ(BarText(unknown, 100), "download: 1.5 kB, 1.5 kB/s");
}

TEST(Progress, NothingIsDividedByNothing) {
  EXPECT_EQ(LineText({.task = "x", .unit = "photos", .done = 0, .total = 0, .seconds = 0}), "x: 0 photos");
  EXPECT_EQ(LineText({.task = "x", .unit = "photos", .done = 3, .total = 2, .seconds = 0}), "x: 100 %, 3 of 2 photos");
}

}  // namespace
}  // namespace siskin::cli
