#include "compare/networks.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace siskin {
namespace {

ComparedNetwork Network(const std::string& name, double validation, double test, double mb, double ms) {
  ComparedNetwork network;
  network.name = name;
  network.validation.accuracy = validation;
  network.test.emplace();
  network.test->accuracy = test;
  network.model_bytes = static_cast<uint64_t>(mb * 1e6);
  network.cost.ms_per_photo = ms;
  return network;
}

// b is best on the test photos, a on the validation photos, which choose.
const std::vector<ComparedNetwork> kNetworks = {Network("a", 0.99, 0.97, 80, 60), Network("b", 0.98, 0.99, 90, 40),
                                                Network("c", 0.95, 0.95, 10, 5)};

TEST(ChooseNetwork, TakesTheMostAccurateOnValidation) {
  const NetworkChoice choice = ChooseNetwork(kNetworks, {});
  EXPECT_EQ(choice.best, 0);
  EXPECT_EQ(choice.out, std::vector<std::string>(3));
}

TEST(ChooseNetwork, KeepsTheLimitsAndSaysWhatTakesOut) {
  const NetworkChoice fast = ChooseNetwork(kNetworks, {.max_mb = {}, .max_ms = 50, .min_accuracy = {}});
  EXPECT_EQ(fast.best, 1);
  EXPECT_EQ(fast.out[0], "60.0 ms are more than 50");
  EXPECT_EQ(fast.out[1], "");
  const NetworkChoice small = ChooseNetwork(kNetworks, {.max_mb = 20, .max_ms = 50, .min_accuracy = {}});
  EXPECT_EQ(small.best, 2);
  EXPECT_EQ(small.out[0], "80.0 MB are more than 20, 60.0 ms are more than 50");
  // At the limit is within it.
  EXPECT_EQ(ChooseNetwork(kNetworks, {.max_mb = 10, .max_ms = 5, .min_accuracy = 0.95}).best, 2);
}

TEST(ChooseNetwork, MayFindNone) {
  const NetworkChoice none = ChooseNetwork(kNetworks, {.max_mb = 20, .max_ms = {}, .min_accuracy = 0.96});
  EXPECT_EQ(none.best, -1);
  EXPECT_EQ(none.out[2], "0.9500 is a lower accuracy than 0.96");
}

TEST(ChooseNetwork, OfEquallyAccurateOnesTakesTheFaster) {
  const std::vector<ComparedNetwork> equal = {Network("slow", 0.9, 0.9, 1, 9), Network("fast", 0.9, 0.8, 9, 1),
                                              Network("middle", 0.9, 0.95, 1, 5)};
  EXPECT_EQ(ChooseNetwork(equal, {}).best, 1);
}

TEST(CompareNetworks, UnknownNamesAndImpossibleSizesCostNoWork) {
  ThreadPool threads(1);
  Progress progress;
  const std::atomic<bool> stop = false;
  const auto refuse = [&](const std::string& name, int size) {
    CompareOptions options;
    options.networks = {name};
    options.training.photos = "there-is-no-such-folder";
    options.training.weights = "none";
    options.training.recipe.size = size;
    try {
      CompareNetworks(options, {threads, progress, stop});
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    }
  };
  refuse("xcepion", 0);
  refuse("xception", 32);  // takes 71 and more
}

}  // namespace
}  // namespace siskin
