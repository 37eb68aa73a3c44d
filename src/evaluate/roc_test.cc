#include "evaluate/roc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "evaluate/metrics.h"

namespace siskin {

void PrintTo(const RocPoint& point, std::ostream* out) {
  *out << "(" << point.false_positive_rate << ", " << point.true_positive_rate << ")";
}

namespace {

using RocPoints = std::vector<RocPoint>;

TEST(RocCurve, ByHand) {
  // Downwards: + (0.9), - (0.7), + (0.6), + and - together (0.5), - (0.1).
  const std::vector<float> scores = {0.7f, 0.9f, 0.5f, 0.1f, 0.6f, 0.5f};
  const std::vector<bool> positive = {false, true, true, false, true, false};
  const double third = 1.0 / 3;
  const RocPoints expected = {{0, 0}, {0, third}, {third, third}, {third, 2 * third}, {2 * third, 1}, {1, 1}};
  const RocPoints curve = RocCurve(scores, positive);
  ASSERT_EQ(curve.size(), expected.size());
  for (size_t i = 0; i < curve.size(); ++i) {
    EXPECT_NEAR(curve[i].false_positive_rate, expected[i].false_positive_rate, 1e-12) << i;
    EXPECT_NEAR(curve[i].true_positive_rate, expected[i].true_positive_rate, 1e-12) << i;
  }
}

TEST(RocCurve, KeepsCornersOnly) {
  EXPECT_EQ(RocCurve(std::vector<float>{0.9f, 0.8f, 0.7f, 0.2f, 0.1f}, {true, true, true, false, false}),
            (RocPoints{{0, 0}, {0, 1}, {1, 1}}));
  EXPECT_EQ(RocCurve(std::vector<float>{0.5f, 0.5f, 0.5f}, {true, false, false}), (RocPoints{{0, 0}, {1, 1}}));
}

TEST(RocCurve, DoesNotExistForOneClassOnly) {
  EXPECT_TRUE(RocCurve(std::vector<float>{0.5f, 0.6f}, {true, true}).empty());
  EXPECT_TRUE(RocCurve(std::vector<float>{0.5f}, {false}).empty());
}

struct BinarySample {
  std::vector<float> scores;
  std::vector<bool> positive;
};

// Scores in steps, so that there are ties.
BinarySample RandomSample(uint64_t seed, size_t photos, uint32_t steps) {
  Random random(seed, RandomPurpose::kDemoData, 0, 0);
  BinarySample sample;
  for (size_t i = 0; i < photos; ++i) {
    sample.positive.push_back(i < 2 ? i == 0 : random.Below(3) == 0);
    sample.scores.push_back(static_cast<float>(random.Below(steps) + (sample.positive.back() ? steps / 4 : 0)) /
                            static_cast<float>(2 * steps));
  }
  return sample;
}

TEST(RocCurve, ItsAreaIsTheAuc) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const BinarySample sample = RandomSample(seed, 5 + 13 * seed, seed % 2 == 0 ? 8 : 1000);
    EXPECT_NEAR(AreaUnder(RocCurve(sample.scores, sample.positive)), RocAuc(sample.scores, sample.positive), 1e-12)
        << "seed " << seed;
  }
}

TEST(MeanRocCurve, ByHand) {
  const std::vector<RocPoints> curves = {{{0, 0}, {0, 1}, {1, 1}}, {}, {{0, 0}, {0.5, 0.5}, {0.5, 0.75}, {1, 1}}};
  EXPECT_EQ(MeanRocCurve(curves), (RocPoints{{0, 0}, {0, 0.5}, {0.5, 0.75}, {0.5, 0.875}, {1, 1}}));
  EXPECT_TRUE(MeanRocCurve(std::vector<RocPoints>{{}}).empty());
}

TEST(MeanRocCurve, ItsAreaIsTheMeanOfTheAreas) {
  std::vector<RocPoints> curves;
  double areas = 0;
  for (uint64_t seed = 0; seed < 7; ++seed) {
    const BinarySample sample = RandomSample(seed, 40 + seed, 12);
    curves.push_back(RocCurve(sample.scores, sample.positive));
    areas += AreaUnder(curves.back());
  }
  EXPECT_NEAR(AreaUnder(MeanRocCurve(curves)), areas / 7, 1e-12);
}

}  // namespace
}  // namespace siskin
