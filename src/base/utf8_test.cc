#include "base/utf8.h"

#include <gtest/gtest.h>

namespace siskin {
namespace {

TEST(Utf8Prefix, EndsBetweenCharacters) {
  const std::string birds = "a\u9E1F\u00E9";  // 1, 3 and 2 bytes
  const size_t ends[] = {0, 1, 1, 1, 4, 4, 6, 6};
  for (size_t most = 0; most < std::size(ends); ++most) EXPECT_EQ(Utf8Prefix(birds, most).size(), ends[most]) << most;
  EXPECT_EQ(Utf8Prefix("\xBF\xBF\xBF", 2), "") << "no character begins there";
}

}  // namespace
}  // namespace siskin
