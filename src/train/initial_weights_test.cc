#include "train/initial_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ranges>

#include "networks/catalogue.h"

namespace siskin {
namespace {

float Largest(const TensorMap& weights, const std::string& name) {
  float largest = 0;
  for (const float value : weights.at(name).values<float>()) largest = std::max(largest, std::abs(value));
  return largest;
}

TEST(InitialWeights, FansAreWhatAChannelSees) {
  const Graph graph =
      BuildNetwork(WithDefaults({.network = "mobilenet", .height = 64, .width = 64, .alpha = 0.5, .top = false}));
  const TensorMap weights = InitialWeights(graph.Layout(), 3);
  const auto expect_limit = [&](const std::string& name, float fans) {
    const float limit = std::sqrt(6 / fans), largest = Largest(weights, name);
    EXPECT_LE(largest, limit) << name;
    EXPECT_GT(largest, 0.9f * limit) << name;
  };
  expect_limit("conv1/kernel", 9 * (3 + 16));
  expect_limit("conv_pw_13/kernel", 512 + 512);
  expect_limit("conv_dw_13/depthwise_kernel", 9 + 9);
  EXPECT_EQ(weights.at("conv1_bn/gamma").values<float>()[5], 1);
  EXPECT_EQ(weights.at("conv1_bn/moving_mean").values<float>()[5], 0);
  EXPECT_FALSE(std::ranges::equal(weights.at("conv1/kernel").values<float>(),
                                  InitialWeights(graph.Layout(), 4).at("conv1/kernel").values<float>()));
}

}  // namespace
}  // namespace siskin
