#include "train/mixing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace siskin {
namespace {

constexpr uint64_t kSeed = 11;

// Photo i of 3 (4 x 5 pixels) has the value i everywhere.
std::vector<float> ThreePhotos() {
  std::vector<float> pixels(3 * 4 * 5 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i / 60);
  return pixels;
}

TEST(Mixing, MixupIsAWeightedMean) {
  std::vector<float> pixels = ThreePhotos();
  const double share = Mixup(0.4, kSeed, 1, 2, pixels, 3);
  EXPECT_GT(share, 0);
  EXPECT_LT(share, 1);
  EXPECT_NEAR(pixels[0], 2 * (1 - share), 1e-6);
  EXPECT_EQ(pixels[60], 1);  // its own partner
  EXPECT_NEAR(pixels[120], 2 * share, 1e-6);
}

TEST(Mixing, CutmixSwapsARectangleAndCountsIt) {
  int cut = 0;
  for (uint32_t step = 0; step < 50; ++step) {
    std::vector<float> pixels = ThreePhotos();
    const double share = Cutmix(1, kSeed, 1, step, pixels, 3, 4, 5);
    const auto own = std::count(pixels.begin(), pixels.begin() + 60, 0.0f);
    EXPECT_NEAR(static_cast<double>(own) / 60, share, 1e-9) << step;
    EXPECT_EQ(std::count(pixels.begin(), pixels.begin() + 60, 2.0f), 60 - own);
    cut += share < 1 ? 1 : 0;
  }
  EXPECT_GT(cut, 20);
}

// Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)).
TEST(Mixing, SharesAreBetaDistributed) {
  constexpr int kDraws = 20000;
  for (const double alpha : {0.2, 1.0, 3.0}) {
    double sum = 0, squares = 0;
    std::vector<float> pixels(3);
    for (int i = 0; i < kDraws; ++i) {
      const double share = Mixup(alpha, kSeed, 0, static_cast<uint32_t>(i), pixels, 1);
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / kDraws, 0.5, 4 * std::sqrt(variance / kDraws)) << alpha;
    EXPECT_NEAR(squares / kDraws, variance, 0.03 * variance + 0.001) << alpha;
  }
}

TEST(Mixing, IsAFunctionOfSeedEpochAndStep) {
  std::vector<float> pixels(3);
  const double share = Mixup(0.4, kSeed, 1, 2, pixels, 1);
  EXPECT_EQ(Mixup(0.4, kSeed, 1, 2, pixels, 1), share);
  EXPECT_NE(Mixup(0.4, kSeed + 1, 1, 2, pixels, 1), share);
  EXPECT_NE(Mixup(0.4, kSeed, 2, 2, pixels, 1), share);
  EXPECT_NE(Mixup(0.4, kSeed, 1, 3, pixels, 1), share);
}

}  // namespace
}  // namespace siskin
