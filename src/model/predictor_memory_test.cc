// What a second classifier of the same model costs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <utility>

#include "base/testing.h"
#include "graph/testing_interpreter.h"
#include "model/predictor.h"
#include "model/self_proof.h"

namespace siskin {
namespace {

// Of this process, in memory; 0: this system does not tell.
int64_t ResidentBytes() {
  int64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

ClassifierModel RandomXception() {
  ClassifierModel model;
  model.card.network = WithDefaults({.network = "xception"});
  model.card.weights_name = "none";
  model.card.preprocessing = DefaultPreprocessing(model.card.network);
  model.card.class_names = {"a", "b"};
  model.weights = testing::RandomWeights(BuildModelGraph(model.card), 1);
  return model;
}

// Its activations and no weights; of a batch of 8 only what the one photo needs. It is about 1.27 times; with memory for
// the whole batch it was 1.44.
TEST(PredictorMemory, TwoXceptionsTakeLessThan130PercentOfOne) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << "a sanitizer's own memory counts as well";
  if (ResidentBytes() == 0) GTEST_SKIP() << "no /proc/self/statm";
  constexpr int kBatch = 8;  // as Classifier has
  ThreadPool threads(1);
  ClassifierModel model = RandomXception();
  const int64_t weights = [&] {
    int64_t bytes = 0;
    for (const auto& [name, tensor] : model.weights) bytes += static_cast<int64_t>(tensor.num_bytes());
    return bytes;
  }();
  const int64_t before = ResidentBytes() - weights;
  Predictor first(std::move(model), kBatch, threads);
  first.Scores(ReferencePicture(0));
  const int64_t one = ResidentBytes() - before;
  Predictor second(first, kBatch, threads);
  second.Scores(ReferencePicture(0));
  const int64_t two = ResidentBytes() - before;
  EXPECT_GE(one, weights);
  EXPECT_LT(static_cast<double>(two), 1.3 * static_cast<double>(one)) << one << " and " << two << " bytes";
}

}  // namespace
}  // namespace siskin
