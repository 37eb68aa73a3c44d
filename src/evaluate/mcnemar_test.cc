#include "evaluate/mcnemar.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace siskin {
namespace {

TEST(McNemar, CountsCoinsByHand) {
  // One against five: (1 + 6) / 64 on either side; the split itself, 6 / 64, half of it on either side.
  EXPECT_NEAR(McNemarTest(1, 5).exact_p, 14.0 / 64, 1e-12);
  EXPECT_NEAR(McNemarTest(1, 5).mid_p, 8.0 / 64, 1e-12);
  // None against four: 1 / 16 on either side.
  EXPECT_NEAR(McNemarTest(0, 4).exact_p, 2.0 / 16, 1e-12);
  EXPECT_NEAR(McNemarTest(0, 4).mid_p, 1.0 / 16, 1e-12);
}

TEST(McNemar, IsTheSameBothWaysRound) {
  EXPECT_EQ(McNemarTest(3, 17).exact_p, McNemarTest(17, 3).exact_p);
  EXPECT_EQ(McNemarTest(3, 17).mid_p, McNemarTest(17, 3).mid_p);
}

TEST(McNemar, EqualCountsTellNothing) {
  for (const int64_t count : {0, 1, 7, 5000}) {
    EXPECT_EQ(McNemarTest(count, count).exact_p, 1) << count;
    EXPECT_NEAR(McNemarTest(count, count).mid_p, 1, 1e-9) << count;
  }
}

// Ten thousand coins: 2^-10,000 is too small for a double, the probability is not. The numbers are from exact fractions: twice the sum
// of the binomial coefficients of 0 to 4,800, over 2^10,000.
TEST(McNemar, ManyPhotosNeitherOverflowNorVanish) {
  const McNemar test = McNemarTest(4800, 5200);
  EXPECT_NEAR(test.exact_p, 6.593515598672442e-05, 1e-13);
  EXPECT_NEAR(test.mid_p, 6.326218680730252e-05, 1e-13);
  EXPECT_EQ(McNemarTest(0, 100000).exact_p, 0) << "too small for a double, and no NaN";
}

TEST(McNemar, MorePhotosOnOneSideAreLessLikelyChance) {
  double last = 2;
  for (int64_t b = 10; b <= 40; b += 5) {
    const double p = McNemarTest(10, b).exact_p;
    EXPECT_LT(p, last) << b;
    last = p;
  }
}

TEST(McNemar, RefusesWhatIsNoCount) {
  EXPECT_THROW(McNemarTest(-1, 2), Error);
  EXPECT_THROW(PairedDifferenceInterval(1, 2, 0), Error);
  EXPECT_THROW(PairedDifferenceInterval(1, 2, 2), Error);
}

TEST(PairedDifferenceInterval, IsTheAdjustedWaldInterval) {
  // (b + 1 - a - 1) / (n + 2) = 8 / 102; deviation sqrt((16 / 102 - (8 / 102)^2) / 102) = 0.0384391.
  const Interval interval = PairedDifferenceInterval(3, 11, 100);
  EXPECT_NEAR((interval.low + interval.high) / 2, 8.0 / 102, 1e-12);
  EXPECT_NEAR((interval.high - interval.low) / 2, 1.959964 * 0.0384391, 1e-6);
}

TEST(PairedDifferenceInterval, IsNeverWithoutWidthNorBeyondOne) {
  const Interval equal = PairedDifferenceInterval(0, 0, 50);
  EXPECT_LT(equal.low, 0);
  EXPECT_EQ(equal.low, -equal.high);
  const Interval all = PairedDifferenceInterval(0, 3, 3);
  EXPECT_EQ(all.high, 1);
}

}  // namespace
}  // namespace siskin
