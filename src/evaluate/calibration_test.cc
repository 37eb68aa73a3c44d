#include "evaluate/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// Log loss of the smoothed truth at a temperature, which FitTemperature minimizes.
double SmoothedLoss(const Sample& sample, double temperature) {
  const size_t photos = sample.labels.size(), outputs = sample.logits.size() / photos;
  const size_t classes = std::max<size_t>(outputs, 2);
  const double spread = 1 / static_cast<double>(photos + classes);
  double loss = 0;
  for (size_t i = 0; i < photos; ++i) {
    std::vector<double> z(outputs == 1 ? 1 : 0);
    for (size_t k = 0; k < outputs; ++k) z.push_back(sample.logits[i * outputs + k] / temperature);
    double total = 0;
    for (const double logit : z) total += std::exp(logit);
    for (size_t k = 0; k < classes; ++k) {
      const double truth =
          spread + (static_cast<int>(k) == sample.labels[i] ? 1 - spread * static_cast<double>(classes) : 0);
      loss += truth * (std::log(total) - z[k]);
    }
  }
  return loss;
}

// Any logits, any scale: the loss falls on neither side of the answer. (Newton's method alone runs away for many.)
TEST(Temperature, IsTheBestOne) {
  Random random(2, RandomPurpose::kTest);
  for (int repeat = 0; repeat < 300; ++repeat) {
    Sample sample;
    const int outputs = repeat % 3 == 0 ? 1 : 2 + repeat % 7, photos = 1 + repeat % 40;
    const float scale = std::exp(4 * random.Uniform() - 1), signal = 3 * random.Uniform();
    for (int i = 0; i < photos; ++i) {
      const int label = static_cast<int>(random.Below(static_cast<uint32_t>(std::max(outputs, 2))));
      sample.labels.push_back(label);
      for (int k = 0; k < outputs; ++k) {
        const float toward = outputs == 1 ? 2.0f * static_cast<float>(label) - 1 : k == label ? 1.0f : 0.0f;
        sample.logits.push_back(scale * (random.Normal() + signal * toward));
      }
    }
    const double best = FitTemperature(sample.logits, sample.labels), loss = SmoothedLoss(sample, best);
    ASSERT_GE(best, 0.05) << repeat;
    ASSERT_LE(best, 20) << repeat;
    for (const double other : {best * 0.999, best * 1.001, 1.0}) {
      if (other < 0.05 || other > 20) continue;
      EXPECT_LE(loss, SmoothedLoss(sample, other) * (1 + 1e-12))
          << "sample " << repeat << ", " << best << " or " << other;
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
