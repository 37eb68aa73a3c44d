// Real photos through real weights: decoding, resizing, scaling and the network against Keras with Pillow. Needs
// ../shared and the published weights in the cache (`siskin weights pull NAME`); says so and is skipped without.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/testing.h"
#include "graph/plan.h"
#include "images/decode.h"
#include "images/preprocess.h"
#include "kernels/testing_compare.h"
#include "networks/catalogue.h"
#include "networks/testing_golden.h"
#include "weights/store/store.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

struct PhotoCase {
  const char* name;     // of the .npy file
  const char* network;  // with the top if its weights have one
  int size;
  Interpolation interpolation;
  const char* scaling;
  const char* top1 = nullptr;  // of photos.json: the classes that must win
};

constexpr PhotoCase kCases[] = {
    {"xception_notop_150_nearest.features", "xception", 150, Interpolation::kNearest, "signed"},
    {"xception_notop_150_nearest_unit.features", "xception", 150, Interpolation::kNearest, "unit"},
    {"xception_notop_299_bilinear.features", "xception", 299, Interpolation::kBilinear, "signed"},
    {"mobilenet_1.0_224_bilinear.logits1001", "mobilenet", 224, Interpolation::kBilinear, "signed",
     "mobilenet_top1_of_1001"},
    {"resnet50_224_bilinear.logits", "resnet50", 224, Interpolation::kBilinear, "caffe", "resnet50_top1"},
};

class GoldenPhotos : public ::testing::TestWithParam<PhotoCase> {};

Json ReadList(const fs::path& shared) {
  const std::string where = "photos.json";
  return ParseJson(ReadFile(shared / "golden" / "photos" / where), where);
}

std::vector<float> ReadPhotos(const fs::path& shared, const Preprocessing& preprocessing) {
  const Json json = ReadList(shared);
  const auto floats = static_cast<size_t>(preprocessing.height * preprocessing.width * 3);
  std::vector<float> input;
  for (const Json& name : json["photos"]) {
    const std::string bytes = ReadFile(shared / "data" / "dogs-vs-cats" / "test" / name.get<std::string>());
    const DecodedImage decoded = DecodeImage(bytes, DecodeOptionsFor(preprocessing));
    EXPECT_EQ(decoded.error, "") << name;
    input.resize(input.size() + floats);
    Preprocess(decoded.image, preprocessing, std::span(input).last(floats));
  }
  return input;
}

TEST_P(GoldenPhotos, AgreeWithKeras) {
  const PhotoCase& photo_case = GetParam();
  const fs::path photos = testing::SharedFolder("golden/photos");
  if (photos.empty() || testing::SharedFolder("data/dogs-vs-cats").empty()) GTEST_SKIP() << testing::kNoShared;
  const WeightsCard& card = FindNetwork(photo_case.network).weights.at(0);
  const WeightStore store;
  if (!store.Has(card)) GTEST_SKIP() << "SKIPPED: no weights, run `siskin weights pull " << card.name << "`";
  if (testing::UnderSanitizer() && photo_case.network != std::string("mobilenet")) GTEST_SKIP() << testing::kTooSlow;
  if (testing::UnderEmulator()) GTEST_SKIP() << testing::kTooSlowEmulated;

  const Graph graph = BuildNetwork({.network = photo_case.network,
                                    .height = photo_case.size,
                                    .width = photo_case.size,
                                    .top = card.with_top,
                                    .softmax = false,
                                    .classes = card.classes});
  Preprocessing preprocessing;
  preprocessing.height = preprocessing.width = photo_case.size;
  preprocessing.interpolation = photo_case.interpolation;
  SetScaling(photo_case.scaling, &preprocessing);
  const std::vector<float> input = ReadPhotos(photos.parent_path().parent_path(), preprocessing);

  const NpyArray expected = ReadNpy(photos / (std::string(photo_case.name) + ".npy"));
  const auto batch = static_cast<int>(expected.shape.at(0));
  ThreadPool threads(1);  // tests run beside each other
  Plan plan(graph, store.Load(card, graph.Layout()), {.max_batch = batch}, threads);
  std::vector<float> output(expected.values.size());
  plan.Run(input, batch, output);
  EXPECT_TRUE(testing::Close(output, expected.values, {.relative = 1e-3}));
  if (photo_case.top1 == nullptr) return;
  std::vector<int> winners;
  for (auto logits = output.begin(); logits != output.end(); logits += card.classes) {
    winners.push_back(static_cast<int>(std::max_element(logits, logits + card.classes) - logits));
  }
  EXPECT_EQ(winners, ReadList(photos.parent_path().parent_path())[photo_case.top1].get<std::vector<int>>());
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenPhotos, ::testing::ValuesIn(kCases), [](const auto& file) {
  std::string name = file.param.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

}  // namespace
}  // namespace siskin
