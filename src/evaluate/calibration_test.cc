#include "evaluate/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace siskin {
namespace {

struct Sample {
  std::vector<float> logits;
  std::vector<int> labels;
};

// Labels drawn with the probabilities that `true_temperature` gives.
Sample Draw(size_t photos, int outputs, float true_temperature) {
  Sample sample;
  Random random(1, RandomPurpose::kTest);
  for (size_t i = 0; i < photos; ++i) {
    std::vector<float> row;
    for (int k = 0; k < outputs; ++k) row.push_back(3 * random.Normal());
    sample.logits.insert(sample.logits.end(), row.begin(), row.end());
    if (outputs == 1) row.insert(row.begin(), 0.0f);
    float total = 0;
    for (float& z : row) total += z = std::exp(z / true_temperature);
    float u = random.Uniform() * total;
    int label = 0;
    while (label + 1 < static_cast<int>(row.size()) && u >= row[static_cast<size_t>(label)]) {
      u -= row[static_cast<size_t>(label++)];
    }
    sample.labels.push_back(label);
  }
  return sample;
}

TEST(Temperature, FindsTheTrueOne) {
  for (const float truth : {0.5f, 1.0f, 2.5f}) {
    for (const int outputs : {1, 4}) {
      const Sample sample = Draw(20000, outputs, truth);
      EXPECT_NEAR(FitTemperature(sample.logits, sample.labels), truth, 0.05 * truth) << outputs << " outputs";
    }
  }
}

TEST(Temperature, NoErrorsIsNotCertainty) {
  // Twelve photos, all right: by Laplace's rule the odds are 13 to 1, so a logit of 5 is divided by 5 / ln 13.
  const std::vector<float> logits = {5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5};
  const std::vector<int> labels = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
  EXPECT_NEAR(FitTemperature(logits, labels), 5 / std::log(13.0), 1e-9);
}

TEST(Temperature, StaysWithinItsBounds) {
  const std::vector<float> wrong = {4, -4}, nothing = {0, 0};
  const std::vector<int> labels = {0, 1};
  EXPECT_NEAR(FitTemperature(wrong, labels), 20, 1e-6);
  const double temperature = FitTemperature(nothing, labels);  // logits that say nothing: any temperature is as good
  EXPECT_GE(temperature, 0.05);
  EXPECT_LE(temperature, 20);
}

TEST(Reliability, ByHand) {
  // Answers with scores 0.75 (right), 0.95 (right), 0.97 (wrong), 1 (right), 0.7 (wrong).
  const std::vector<float> scores = {0.75f, 0.25f, 0.05f, 0.95f, 0.97f, 0.03f, 0.0f, 1.0f, 0.3f, 0.7f};
  const std::vector<int> labels = {0, 1, 1, 1, 0}, decisions = {0, 1, 0, 1, 1};
  const std::vector<ReliabilityBin> bins = Reliability(scores, labels, decisions, 10);
  ASSERT_EQ(bins.size(), 10u);
  for (size_t b = 0; b < 10; ++b) {
    EXPECT_DOUBLE_EQ(bins[b].low, static_cast<double>(b) / 10);
    EXPECT_EQ(bins[b].photos, b == 9 ? 3 : b == 7 ? 1 : b == 6 ? 1 : 0) << b;  // 0.7f is a little below 0.7
  }
  EXPECT_EQ(bins[9].correct, 2);
  EXPECT_EQ(bins[7].correct, 1);
  EXPECT_EQ(bins[6].correct, 0);
  EXPECT_NEAR(bins[9].mean_score, (0.95 + 0.97 + 1) / 3, 1e-7);
  // |2 - 2.92| + |1 - 0.75| + |0 - 0.7| over 5 photos.
  EXPECT_NEAR(CalibrationError(bins), (0.92 + 0.25 + 0.7) / 5, 1e-6);
}

}  // namespace
}  // namespace siskin
