#include "cli/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace siskin::cli {
namespace {

TEST(Text, Numbers) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1000), "1,000");
  EXPECT_EQ(WithCommas(22910480), "22,910,480");
  EXPECT_EQ(WithCommas(-123456), "-123,456");
  EXPECT_EQ(PercentText(0.98765), "98.8 %");
}

TEST(Text, Durations) {
  EXPECT_EQ(DurationText(0.04), "0.0 s");
  EXPECT_EQ(DurationText(9.94), "9.9 s");
  EXPECT_EQ(DurationText(9.96), "10 s");
  EXPECT_EQ(DurationText(59.6), "1:00");
  EXPECT_EQ(DurationText(185), "3:05");
  EXPECT_EQ(DurationText(3723), "1:02:03");
  EXPECT_EQ(DurationText(std::numeric_limits<double>::quiet_NaN()), "?");
}

TEST(Text, Bytes) {
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(1000), "1.0 kB");
  EXPECT_EQ(BytesText(83683744), "83.7 MB");
  EXPECT_EQ(BytesText(999'960'000), "1.0 GB");  // not "1000.0 MB"
}

TEST(Text, Plurals) {
  EXPECT_EQ(Plural(1, "photo"), "1 photo");
  EXPECT_EQ(Plural(2000, "photo"), "2,000 photos");
  EXPECT_EQ(Plural(2, "class"), "2 classes");
}

TEST(Text, ColumnsAreAlignedByCodePoints) {
  EXPECT_EQ(AlignColumns({{"a", "1"}, {"\xc3\xa4\xc3\xb6", "100"}, {"abc"}}, {1}),
            "  a      1\n  \xc3\xa4\xc3\xb6   100\n  abc\n");
}

TEST(Text, WrapsAtSpaces) {
  EXPECT_EQ(WrapText("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(WrapText("one\ntwo", 20, 1), "one\n two");
  EXPECT_EQ(WrapText("unbreakable", 4, 0), "unbreakable");
}

}  // namespace
}  // namespace siskin::cli
