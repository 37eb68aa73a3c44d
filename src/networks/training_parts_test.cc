// What training on several machines stands on: the gradient of a batch is, bit for bit, that of its parts, added along
// the tree of kernels/image_groups.h. Batch normalisation goes by its moving averages here: the statistics of a batch
// are sums over all of it (their own test: kernels/batchnorm/training_test.cc).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/testing.h"
#include "graph/training_plan.h"
#include "kernels/image_groups.h"
#include "kernels/testing_kernels.h"
#include "networks/catalogue.h"
#include "networks/testing_golden.h"

namespace siskin {
namespace {

constexpr int kBatch = 32, kClasses = 3;
constexpr uint64_t kPartsSeed = 20261128;

class TrainingParts : public ::testing::TestWithParam<const char*> {};

TEST_P(TrainingParts, GradientsOfABatchAreThoseOfItsParts) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  if (testing::UnderEmulator()) GTEST_SKIP() << testing::kTooSlowEmulated;
  const int size = FindNetwork(GetParam()).min_size;
  const Graph graph = BuildNetwork(
      {.network = GetParam(), .height = size, .width = size + 4, .top = true, .softmax = false, .classes = kClasses});
  const size_t image_floats = static_cast<size_t>(size * (size + 4) * 3);
  const std::vector<float> input = testing::FormulaInput(kBatch * image_floats, kPartsSeed);
  const std::vector<float> dlogits = testing::RandomFloats(kBatch * kClasses, kPartsSeed);
  const TensorMap weights = testing::FormulaWeights(graph.Layout(), kPartsSeed);

  const auto gradient_of = [&](TrainingPlan& plan, const Range& images) {
    std::vector<float> parameters(plan.num_parameters()), statistics(plan.num_statistics());
    std::vector<float> gradient(parameters.size(), testing::kNan);
    GatherParameters(plan.parameters(), weights, parameters);
    GatherParameters(plan.statistics(), weights, statistics);
    const auto first = static_cast<size_t>(images.begin), count = static_cast<size_t>(images.size());
    plan.Forward(parameters, statistics, std::span(input).subspan(first * image_floats, count * image_floats),
                 images.size(), nullptr);
    plan.Backward(std::span(dlogits).subspan(first * kClasses, count * kClasses), gradient);
    return gradient;
  };
  const auto add = [](std::vector<float> a, const std::vector<float>& b) {
    for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
  };

  std::vector<float> whole;
  for (const int num_threads : {1, 2, 3}) {
    ThreadPool threads(num_threads);
    TrainingPlan plan(graph, {.max_batch = kBatch}, threads);
    const std::vector<float> gradient = gradient_of(plan, {0, kBatch});
    if (whole.empty()) whole = gradient;
    EXPECT_EQ(gradient, whole) << num_threads << " threads";
  }
  for (const float value : whole) ASSERT_TRUE(std::isfinite(value));
  // Many are 0: what meets nothing but padding in images so small, and dead ReLUs.
  EXPECT_LT(std::ranges::count(whole, 0.0f), static_cast<ptrdiff_t>(whole.size() / 10 * 9));

  // In plans of their own size, with other threads: what machines have.
  for (const auto& [images, num_threads] : std::map<int, int>{{16, 1}, {8, 2}}) {
    ThreadPool threads(num_threads);
    TrainingPlan plan(graph, {.max_batch = images}, threads);
    const auto part = [&, of = images](int i) { return gradient_of(plan, {i * of, (i + 1) * of}); };
    EXPECT_EQ(SumTree({0, kBatch / images}, part, add), whole) << "in parts of " << images;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, TrainingParts,
                         ::testing::Values("xception", "mobilenet", "mobilenet_v2", "resnet50", "inception_v3",
                                           "inception_resnet_v2"),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
}  // namespace siskin
