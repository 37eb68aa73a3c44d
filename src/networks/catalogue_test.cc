#include "networks/catalogue.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/testing.h"

namespace siskin {
namespace {

NetworkOptions Topped(const std::string& network, double alpha = 1) {
  return {.network = network, .alpha = alpha, .top = true};
}

std::string UsageError(const NetworkOptions& options) {
  try {
    BuildNetwork(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

// The parameters of Keras' model, tensor by tensor: [index, layer, role, shape], layers without a name of their own
// under an automatic one.
void ExpectLayoutOfGolden(const char* file, const NetworkOptions& options) {
  const auto golden = testing::SharedFolder("golden");
  if (golden.empty()) GTEST_SKIP() << testing::kNoShared;
  const Json json = ParseJson(ReadFile(golden / file), file);
  const Json& tensors = json["tensors"];
  size_t t = 0;
  for (const LayerLayout& layer : BuildNetwork(options).Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) {
      ASSERT_LT(t, tensors.size());
      const Json& tensor = tensors[t++];
      const std::string keras_layer = tensor[1].get<std::string>(), role = tensor[2].get<std::string>();
      EXPECT_EQ(parameter.shape, Shape(tensor[3].get<std::vector<int64_t>>())) << parameter.name;
      EXPECT_EQ(parameter.name, layer.name + "/" + role);
      const bool automatic = keras_layer.starts_with("conv2d") || keras_layer.starts_with("batch_normalization");
      EXPECT_EQ(layer.named_by_keras, !automatic) << layer.name << " " << keras_layer;
      if (!automatic) {
        EXPECT_EQ(layer.name, keras_layer);
      }
    }
  }
  EXPECT_EQ(t, tensors.size());
  EXPECT_EQ(BuildNetwork(options).num_parameters(), json["parameters"].get<int64_t>());
}

TEST(Catalogue, XceptionHasKerasParameters) {
  ExpectLayoutOfGolden("xception_299x299_seed1.json", Topped("xception"));
}

TEST(Catalogue, MobileNetHasKerasParameters) {
  ExpectLayoutOfGolden("mobilenet_224x224_seed6.json", Topped("mobilenet"));
}

TEST(Catalogue, NarrowMobileNetHasKerasParameters) {
  ExpectLayoutOfGolden("mobilenet_160x160_alpha0.25_seed7.json", Topped("mobilenet", 0.25));
}

TEST(Catalogue, MobileNetV2HasKerasParameters) {
  ExpectLayoutOfGolden("mobilenet_v2_224x224_seed8.json", Topped("mobilenet_v2"));
}

TEST(Catalogue, WideMobileNetV2HasKerasParameters) {
  ExpectLayoutOfGolden("mobilenet_v2_96x96_alpha1.4_seed9.json", Topped("mobilenet_v2", 1.4));
}

TEST(Catalogue, ResNet50HasKerasParameters) {
  ExpectLayoutOfGolden("resnet50_224x224_seed3.json", Topped("resnet50"));
}

TEST(Catalogue, InceptionV3HasKerasParameters) {
  ExpectLayoutOfGolden("inception_v3_299x299_seed5.json", Topped("inception_v3"));
}

TEST(Catalogue, InceptionResNetV2HasKerasParameters) {
  ExpectLayoutOfGolden("inception_resnet_v2_299x299_seed4.json", Topped("inception_resnet_v2"));
}

TEST(Catalogue, ParameterCountsAreKeras) {
  EXPECT_EQ(BuildNetwork(Topped("xception")).num_parameters(), 22'910'480);
  EXPECT_EQ(BuildNetwork({.network = "xception"}).num_parameters(), 20'861'480);
  // keras.applications.MobileNet(alpha=...).count_params(), with top and without.
  EXPECT_EQ(BuildNetwork(Topped("mobilenet")).num_parameters(), 4'253'864);
  EXPECT_EQ(BuildNetwork({.network = "mobilenet"}).num_parameters(), 3'228'864);
  EXPECT_EQ(BuildNetwork(Topped("mobilenet", 0.75)).num_parameters(), 2'601'976);
  EXPECT_EQ(BuildNetwork(Topped("mobilenet", 0.5)).num_parameters(), 1'342'536);
  EXPECT_EQ(BuildNetwork(Topped("mobilenet", 0.25)).num_parameters(), 475'544);
  EXPECT_EQ(BuildNetwork(Topped("resnet50")).num_parameters(), 25'636'712);
  EXPECT_EQ(BuildNetwork({.network = "resnet50"}).num_parameters(), 23'587'712);
  EXPECT_EQ(BuildNetwork(Topped("inception_v3")).num_parameters(), 23'851'784);
  EXPECT_EQ(BuildNetwork({.network = "inception_v3"}).num_parameters(), 21'802'784);
  EXPECT_EQ(BuildNetwork(Topped("inception_resnet_v2")).num_parameters(), 55'873'736);
  EXPECT_EQ(BuildNetwork({.network = "inception_resnet_v2"}).num_parameters(), 54'336'736);
  EXPECT_EQ(BuildNetwork(Topped("mobilenet_v2")).num_parameters(), 3'538'984);
  EXPECT_EQ(BuildNetwork({.network = "mobilenet_v2"}).num_parameters(), 2'257'984);
}

TEST(Catalogue, MultiplyAddsAreThePapers) {
  EXPECT_NEAR(static_cast<double>(BuildNetwork({.network = "xception"}).num_multiply_adds()), 8.36e9, 0.01e9);
  EXPECT_NEAR(
      static_cast<double>(BuildNetwork({.network = "xception", .height = 150, .width = 150}).num_multiply_adds()),
      1.92e9, 0.01e9);
  EXPECT_NEAR(static_cast<double>(BuildNetwork(Topped("mobilenet")).num_multiply_adds()), 0.569e9, 0.001e9);
  EXPECT_NEAR(static_cast<double>(BuildNetwork(Topped("mobilenet_v2")).num_multiply_adds()), 0.300e9, 0.002e9);
  EXPECT_NEAR(static_cast<double>(BuildNetwork(Topped("resnet50")).num_multiply_adds()), 3.86e9, 0.01e9);
  EXPECT_NEAR(static_cast<double>(BuildNetwork(Topped("inception_v3")).num_multiply_adds()), 5.71e9, 0.01e9);
  EXPECT_NEAR(static_cast<double>(BuildNetwork(Topped("inception_resnet_v2")).num_multiply_adds()), 13.15e9, 0.03e9);
}

TEST(Catalogue, DepthsAreThePapers) {
  EXPECT_EQ(BuildNetwork({.network = "xception"}).depth(), 36);  // "36 convolutional layers"
  EXPECT_EQ(BuildNetwork(Topped("mobilenet")).depth(), 28);      // depthwise and pointwise counted apart
  EXPECT_EQ(BuildNetwork(Topped("resnet50")).depth(), 50);
  EXPECT_EQ(BuildNetwork(Topped("inception_v3")).depth(), 48);
}

TEST(Catalogue, EverySizeFromTheSmallestBuilds) {
  for (const NetworkCard& card : Catalogue()) {
    for (int size = card.min_size; size < card.min_size + 40; ++size) {
      const Graph graph = BuildNetwork({.network = card.name, .height = size, .width = size + 13});
      EXPECT_EQ(graph.shape(graph.output()).h, 1);
      EXPECT_GE(graph.shape(graph.output()).c, 1024);
    }
  }
}

TEST(Catalogue, OutputsByOptions) {
  NetworkOptions options{.network = "xception", .pooling = Pooling::kNone};
  const Graph bare = BuildNetwork(options);
  EXPECT_EQ(bare.shape(bare.output()), (FeatureShape{10, 10, 2048}));
  options.pooling = Pooling::kMax;
  const Graph pooled = BuildNetwork(options);
  EXPECT_EQ(pooled.layer(pooled.output()).kind, LayerKind::kGlobalMaxPool);
  NetworkOptions top = Topped("mobilenet");
  top.classes = 1001;
  const Graph probabilities = BuildNetwork(top);
  EXPECT_EQ(probabilities.shape(probabilities.output()), (FeatureShape{1, 1, 1001}));
  EXPECT_EQ(probabilities.layer(probabilities.output()).kind, LayerKind::kSoftmax);
  top.softmax = false;
  const Graph logits = BuildNetwork(top);
  EXPECT_EQ(logits.layer(logits.output()).name, "conv_preds");
}

TEST(Catalogue, WrongOptionsAreRefusedWithWhatIsAllowed) {
  EXPECT_NE(UsageError({.network = "xecption"}).find("did you mean xception?"), std::string::npos);
  EXPECT_NE(UsageError({.network = "vgg16"}).find("known: xception, mobilenet, "), std::string::npos);
  EXPECT_NE(UsageError({.network = "xception", .height = 70, .width = 299}).find("from 71 to"), std::string::npos);
  EXPECT_NE(UsageError({.network = "xception", .width = 1000000}).find("width of 1000000"), std::string::npos);
  EXPECT_NE(UsageError(Topped("mobilenet", 0.3)).find("choose 0.25, 0.5, 0.75, 1"), std::string::npos);
  EXPECT_NE(UsageError(Topped("xception", 0.5)).find("choose 1"), std::string::npos);
  NetworkOptions classless = Topped("xception");
  classless.classes = 0;
  EXPECT_NE(UsageError(classless).find("0 classes"), std::string::npos);
}

TEST(Catalogue, CardsAreComplete) {
  std::set<std::string> names;
  for (const NetworkCard& card : Catalogue()) {
    EXPECT_TRUE(names.insert(card.name).second);
    EXPECT_FALSE(card.title.empty() || card.paper.empty() || card.alphas.empty() || card.last_block.empty());
    // No source with a digest is known for MobileNetV2's weights.
    EXPECT_EQ(card.weights.empty(), card.name == "mobilenet_v2");
    EXPECT_GE(card.default_size, card.min_size);
    for (const WeightsCard& weights : card.weights) {
      EXPECT_TRUE(names.insert(weights.name).second) << weights.name;
      EXPECT_FALSE(weights.licence.empty() || weights.sources.empty());
      for (const WeightSource& source : weights.sources) EXPECT_EQ(source.sha256.size(), 64u);
    }
  }
}

// What `--finetune last-block` trains: the network can be cut before it.
TEST(Catalogue, LastBlocksAreTheEndOfTheNetworks) {
  const std::map<std::string, FeatureShape> inputs = {
      {"xception", {10, 10, 1024}}, {"mobilenet", {7, 7, 1024}},    {"mobilenet_v2", {7, 7, 160}},
      {"resnet50", {7, 7, 2048}},   {"inception_v3", {8, 8, 2048}}, {"inception_resnet_v2", {8, 8, 2080}}};
  for (const NetworkCard& card : Catalogue()) {
    const auto [frozen, trained] = BuildNetwork({.network = card.name}).SplitBefore(card.last_block);
    EXPECT_EQ(frozen.shape(frozen.output()), inputs.at(card.name)) << card.name;
    EXPECT_GT(frozen.num_parameters(), trained.num_parameters()) << card.name;
  }
}

TEST(Catalogue, OptionsSurviveJson) {
  NetworkOptions options{.network = "mobilenet", .height = 96, .width = 160, .alpha = 0.75, .top = true};
  options.softmax = false;
  options.classes = 12;
  options.pooling = Pooling::kMax;
  const Json json = ToJson(options);
  EXPECT_EQ(ToText(ToJson(NetworkOptionsFromJson(json, "card"))), ToText(json));
  EXPECT_EQ(json["alpha"], 0.75);
  for (const auto& [key, value] : json.items()) {
    for (const Json& bad : {Json("nonsense"), Json(-1), Json(nullptr), Json(1e300), Json::array()}) {
      Json broken = json;
      broken[key] = bad;
      EXPECT_THROW(NetworkOptionsFromJson(broken, "card"), Error) << key << " " << ToText(bad);
    }
    Json incomplete = json;
    incomplete.erase(key);
    EXPECT_THROW(NetworkOptionsFromJson(incomplete, "card"), Error) << key;
  }
}

// Where --finetune last-block and half cut: after one another, and through a single value each.
TEST(Catalogue, EveryNetworkCanBeCutForFineTuning) {
  for (const NetworkCard& card : Catalogue()) {
    SCOPED_TRACE(card.name);
    const Graph whole = BuildNetwork({.network = card.name});
    const auto [front, half] = whole.SplitBefore(card.deeper_half);
    const auto [rest, last] = half.SplitBefore(card.last_block);
    EXPECT_EQ(front.num_parameters() + half.num_parameters(), whole.num_parameters());
    EXPECT_EQ(rest.num_parameters() + last.num_parameters(), half.num_parameters());
    EXPECT_GT(front.num_parameters(), 0);
    EXPECT_GT(rest.num_parameters(), 0);
    EXPECT_GT(last.num_parameters(), 0);
    EXPECT_EQ(half.shape(half.output()), whole.shape(whole.output()));
  }
}

TEST(Catalogue, WithoutTopDropsOnlyTheTop) {
  const NetworkOptions options{.network = "mobilenet", .alpha = 0.25};
  TensorMap tensors;
  for (const LayerLayout& layer : BuildNetwork(Topped("mobilenet", 0.25)).Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) tensors[parameter.name] = Tensor(Shape{1});
  }
  tensors["stranger"] = Tensor(Shape{1});
  const size_t before = tensors.size();
  const TensorMap bare = WithoutTop(std::move(tensors), options);
  EXPECT_EQ(bare.size(), before - 2);
  EXPECT_FALSE(bare.contains("conv_preds/kernel") || bare.contains("conv_preds/bias"));
  EXPECT_TRUE(bare.contains("stranger"));
}

}  // namespace
}  // namespace siskin
