#include "kernels/isa.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace siskin {
namespace {

TEST(IsaTest, BestIsTheFirstSupported) {
  ForceIsa("best");
  ASSERT_FALSE(SupportedIsas().empty());
  EXPECT_EQ(CurrentIsa(), SupportedIsas().front());
  EXPECT_EQ(SupportedIsas().back(), "scalar");
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
  try {
    ForceIsa("mmx");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("mmx"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("scalar"), std::string::npos) << error.what();
  }
  EXPECT_EQ(CurrentIsa(), before);
}

}  // namespace
}  // namespace siskin
