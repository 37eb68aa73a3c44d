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

}  // namespace
}  // namespace siskin
