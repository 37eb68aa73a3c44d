// Every reference output of Keras for the networks of the catalogue: agreement to 1e-4 of the largest value on every
// instruction set, the same bits for 1, 2 and 3 threads. Plain scalar code, which takes minutes, computes the small
// files only; so does a sanitizer, on the best instruction set. Under an emulator it is one thread.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/testing.h"
#include "graph/plan.h"
#include "kernels/isa.h"
#include "kernels/testing_compare.h"
#include "kernels/testing_kernels.h"
#include "networks/testing_golden.h"

namespace siskin {
namespace {

constexpr const char* kFiles[] = {"xception_150x150_seed2",           "xception_299x299_seed1",
                                  "mobilenet_224x224_seed6",          "mobilenet_160x160_alpha0.25_seed7",
                                  "mobilenet_v2_224x224_seed8",       "mobilenet_v2_96x96_alpha1.4_seed9",
                                  "resnet50_224x224_seed3",           "inception_v3_299x299_seed5",
                                  "inception_resnet_v2_299x299_seed4"};
constexpr const char* kSmallFiles[] = {"xception_150x150_seed2", "mobilenet_160x160_alpha0.25_seed7",
                                       "mobilenet_v2_96x96_alpha1.4_seed9"};

class Golden : public ::testing::TestWithParam<const char*> {};

void ExpectKerasLogits(const testing::GoldenCase& golden) {
  const Graph graph = BuildNetwork(golden.options);
  const TensorMap weights = testing::FormulaWeights(graph.Layout(), golden.seed);
  const FeatureShape shape = graph.layers()[0].output;
  const size_t pixels = static_cast<size_t>(golden.batch * shape.h * shape.w);
  const std::vector<float> input = testing::FormulaInput(pixels * 3, golden.seed);
  std::vector<float> first;
  const int most_threads = testing::UnderEmulator() ? 1 : 3;
  for (int num_threads = 1; num_threads <= most_threads; ++num_threads) {
    ThreadPool threads(num_threads);
    Plan plan(graph, weights, {.max_batch = golden.batch}, threads);
    std::vector<float> logits(golden.logits.size());
    plan.Run(input, golden.batch, logits);
    EXPECT_TRUE(testing::Close(logits, golden.logits, {.relative = 1e-4, .seed = golden.seed}));
    if (first.empty()) first = logits;
    EXPECT_EQ(logits, first) << num_threads << " threads, " << CurrentIsa();
  }
}

TEST_P(Golden, LogitsAreKeras) {
  const auto folder = testing::SharedFolder("golden");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  const std::string file = GetParam();
  const bool small = std::ranges::find(kSmallFiles, file) != std::end(kSmallFiles);
  if (testing::UnderSanitizer() && !small) GTEST_SKIP() << testing::kTooSlow;
  const testing::GoldenCase golden = testing::ReadGoldenCase(folder / (file + ".json"));
  if (testing::UnderSanitizer()) return ExpectKerasLogits(golden);
  testing::OnEveryIsa([&] {
    if (small || CurrentIsa() != "scalar") ExpectKerasLogits(golden);
  });
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, ::testing::ValuesIn(kFiles), [](const auto& file) {
  std::string name = file.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

TEST(GoldenFiles, NoneIsForgotten) {
  const auto folder = testing::SharedFolder("golden");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() != ".json") continue;
    for (const NetworkCard& card : Catalogue()) {
      const std::string prefix = card.name + "_";
      const bool is_size = stem.starts_with(prefix) && std::isdigit(static_cast<unsigned char>(stem[prefix.size()]));
      EXPECT_TRUE(!is_size || std::ranges::find(kFiles, stem) != std::end(kFiles)) << stem;
    }
  }
}

}  // namespace
}  // namespace siskin
