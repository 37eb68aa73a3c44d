// The loss over rows of logits: against the formula in double, with its gradient by differences; mixed and in parts.
#include "train/loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace siskin {
namespace {

struct LossCase {
  const char* name;
  size_t outputs;
  LossOptions options;
  double share = 1;
};

const std::vector<LossCase> kLossCases = {
    {"sigmoid", 1, {}},
    {"sigmoid, everything", 1, {0.1, {0.5, 2}}, 0.7},
    {"softmax", 3, {}},
    {"softmax, smoothing", 3, {0.2, {}}},
    {"softmax, everything", 4, {0.1, {0.3, 1, 2, 0.7}}, 0.6},
};

constexpr size_t kLossPhotos = 7;  // odd: one is its own partner

std::vector<float> LogitsOf(size_t outputs) {
  Random random(3, RandomPurpose::kTest, static_cast<uint32_t>(outputs));
  std::vector<float> logits(kLossPhotos * outputs);
  for (float& logit : logits) logit = 2 * random.Normal();
  return logits;
}

// Not the same from the other end, or a mixed photo would have its partner's label.
std::vector<int> LabelsOf(size_t outputs) {
  std::vector<int> labels = {0, 1, 1, 3, 2, 0, 2};
  for (int& label : labels) label %= static_cast<int>(std::max<size_t>(outputs, 2));
  return labels;
}

// By the definition: minus the logarithm of the probability, weighted by the targets.
double DefinedLoss(const LossCase& c, const std::vector<double>& logits, const std::vector<int>& labels) {
  const size_t classes = std::max<size_t>(c.outputs, 2);
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    std::vector<double> z(logits.begin() + static_cast<ptrdiff_t>(i * c.outputs),
                          logits.begin() + static_cast<ptrdiff_t>((i + 1) * c.outputs));
    if (c.outputs == 1) z.insert(z.begin(), 0.0);
    double total = 0;
    for (const double logit : z) total += std::exp(logit);
    const auto of_label = [&](int label) {
      double loss = 0;
      for (size_t k = 0; k < classes; ++k) {
        const double target = c.options.label_smoothing / static_cast<double>(classes) +
                              (k == static_cast<size_t>(label) ? 1 - c.options.label_smoothing : 0);
        loss -= target * (z[k] - std::log(total));
      }
      return loss * (c.options.class_weights.empty() ? 1 : c.options.class_weights[static_cast<size_t>(label)]);
    };
    sum += c.share * of_label(labels[i]) + (1 - c.share) * of_label(labels[labels.size() - 1 - i]);
  }
  return sum;
}

TEST(Loss, IsTheDefinitionsAndSoIsItsGradient) {
  for (const LossCase& c : kLossCases) {
    const std::vector<float> logits = LogitsOf(c.outputs);
    const std::vector<int> labels = LabelsOf(c.outputs);
    std::vector<double> moved(logits.begin(), logits.end());
    std::vector<float> dlogits(logits.size(), NAN);
    const LossSum sum = CrossEntropy(logits, {labels, c.share}, c.options, kLossPhotos, dlogits);
    EXPECT_EQ(sum.photos, static_cast<int64_t>(kLossPhotos));
    EXPECT_NEAR(sum.loss, DefinedLoss(c, moved, labels), 1e-12 * sum.loss) << c.name;
    EXPECT_EQ(CrossEntropy(logits, {labels, c.share}, c.options).loss, sum.loss) << c.name;
    for (size_t i = 0; i < logits.size(); ++i) {
      constexpr double kStep = 1e-5;
      const double before = moved[i];
      moved[i] = before + kStep;
      const double above = DefinedLoss(c, moved, labels);
      moved[i] = before - kStep;
      const double slope = (above - DefinedLoss(c, moved, labels)) / (2 * kStep) / kLossPhotos;
      moved[i] = before;
      EXPECT_NEAR(dlogits[i], slope, 1e-7) << c.name << ", logit " << i;
    }
  }
}

// As several machines will do it: each its rows, all with the number of photos of the whole batch.
TEST(Loss, PartsOfABatchHaveTheGradientsOfTheWhole) {
  for (const LossCase& c : kLossCases) {
    if (c.share < 1) continue;  // partners are of one part
    const std::vector<float> logits = LogitsOf(c.outputs);
    const std::vector<int> labels = LabelsOf(c.outputs);
    std::vector<float> whole(logits.size()), part(logits.size());
    CrossEntropy(logits, {labels}, c.options, kLossPhotos, whole);
    for (size_t begin = 0; begin < kLossPhotos; begin += 3) {
      const size_t n = std::min<size_t>(3, kLossPhotos - begin);
      CrossEntropy(std::span(logits).subspan(begin * c.outputs, n * c.outputs), {std::span(labels).subspan(begin, n)},
                   c.options, kLossPhotos, std::span(part).subspan(begin * c.outputs, n * c.outputs));
    }
    EXPECT_EQ(part, whole) << c.name;
  }
}

TEST(Loss, LargeLogitsStayFinite) {
  const std::vector<float> logits = {1000, -1000};
  const std::vector<int> wrong = {0, 1};
  std::vector<float> dlogits(2);
  const LossSum sum = CrossEntropy(logits, {wrong}, {}, 2, dlogits);
  EXPECT_EQ(sum.loss, 2000);
  EXPECT_EQ(sum.correct, 0);
  EXPECT_EQ(dlogits, (std::vector<float>{0.5f, -0.5f}));
  const std::vector<float> three = {1000, 0, -1000};
  const std::vector<int> last = {2};
  EXPECT_EQ(CrossEntropy(three, {last}, {}).loss, 2000);
}

TEST(Loss, BalancedWeightsGiveEveryClassTheSame) {
  const std::vector<int> labels = {0, 0, 0, 1};
  const std::vector<double> weights = BalancedClassWeights(labels, 3);
  EXPECT_DOUBLE_EQ(3 * weights[0], 1 * weights[1]);
  EXPECT_EQ(weights[2], 0);
}

TEST(Loss, ATemperatureChangesNoCalibratedLoss) {
  const std::vector<int> labels = {0, 2, 1, 1};
  const std::vector<float> logits = {3, 1, 0, -1, 2, 1, 4, 1, 0, 0, 2, -2};  // [photos, classes]
  const LossSum loss = CalibratedLoss(logits, labels);
  EXPECT_EQ(loss.photos, 4);
  EXPECT_EQ(loss.correct, 2);
  std::vector<float> unsure = logits;
  for (float& logit : unsure) logit /= 5;
  EXPECT_NEAR(CalibratedLoss(unsure, labels).mean_loss(), loss.mean_loss(), 1e-6);
  double plain = 0;  // at temperature 1
  for (size_t i = 0; i < labels.size(); ++i) {
    plain += CrossEntropy(std::span(logits).subspan(3 * i, 3), {std::span(labels).subspan(i, 1)}, {}).loss / 4;
  }
  EXPECT_LT(loss.mean_loss(), plain);
}

}  // namespace
}  // namespace siskin
