#include "kernels/isa.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/testing.h"
#include "hwy/targets.h"
#include "kernels/gemm/gemm.h"
#include "kernels/targets.h"

namespace siskin {
namespace {

TEST(IsaTest, BestIsTheFirstSupported) {
  ForceIsa("best");
  ASSERT_FALSE(SupportedIsas().empty());
  EXPECT_EQ(CurrentIsa(), SupportedIsas().front());
}

// Every test of a kernel forces the supported names one by one. Together they must reach whatever code was compiled and
// can run here, and the first of them the code that users get, who force nothing.
TEST(IsaTest, WhatRunsUnforcedIsWhatTheTestsForce) {
  ForceIsa("best");
  const int64_t unforced = CurrentTarget();
  ForceIsa(SupportedIsas().front());
  EXPECT_EQ(CurrentTarget(), unforced) << hwy::TargetName(unforced) << " runs when nothing is forced";
  ForceIsa("best");
}

// Against Highway's own detection, which the library does not use.
TEST(IsaTest, NoCompiledCodeIsOutOfTheTestsReach) {
  ForceIsa("best");
  int64_t unreached = (hwy::SupportedTargets() | HWY_STATIC_TARGET) & HWY_TARGETS;
  for (const std::string& isa : SupportedIsas()) {
    ForceIsa(isa);
    unreached &= ~CurrentTarget();
  }
  ForceIsa("best");
  for (; unreached != 0; unreached &= unreached - 1) {
    ADD_FAILURE() << hwy::TargetName(unreached & -unreached)
                  << " shares its name with a better target: give it a row of its own in kernels/targets.h";
  }
}

TEST(IsaTest, NothingRunsThatHighwayDoesNotFind) {
  for (const std::string& isa : SupportedIsas()) {
    ForceIsa(isa);
    EXPECT_NE(CurrentTarget() & (hwy::SupportedTargets() | HWY_STATIC_TARGET), 0) << isa;
  }
  ForceIsa("best");
}

TEST(IsaTest, TheRowInUseIsThatOfTheCodeThatRuns) {
  for (const std::string& isa : SupportedIsas()) {
    ForceIsa(isa);
    EXPECT_EQ(CurrentInstructionSet().name, isa);
    EXPECT_NE(CurrentInstructionSet().targets & CurrentTarget(), 0) << isa;
    const float b[] = {1};
    EXPECT_EQ(PackedMatrix(b, 1, 1).panel_width(), CurrentInstructionSet().panel_width());
  }
  ForceIsa("best");
}

TEST(IsaTest, EverySupportedOneCanBeForcedInAnyOrder) {
  const std::vector<std::string> isas = SupportedIsas();
  for (const std::string& first : isas) {
    for (const std::string& second : isas) {
      ForceIsa(first);
      EXPECT_EQ(CurrentIsa(), first);
      ForceIsa(second);
      EXPECT_EQ(CurrentIsa(), second);
      EXPECT_EQ(SupportedIsas(), isas) << "forcing must not hide what the processor has";
    }
  }
  ForceIsa("best");
  EXPECT_EQ(CurrentIsa(), isas.front());
}

TEST(IsaTest, UnknownNameIsAUsageErrorThatNamesTheChoices) {
  const std::string before = CurrentIsa();
  const std::string message = testing::MessageOf(ErrorKind::kUsage, [] { ForceIsa("mmx"); });
  EXPECT_NE(message.find("mmx"), std::string::npos) << message;
  EXPECT_NE(message.find(SupportedIsas().back()), std::string::npos) << message;
  EXPECT_EQ(CurrentIsa(), before);
}

}  // namespace
}  // namespace siskin
