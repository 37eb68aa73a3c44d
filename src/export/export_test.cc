// What can be seen of exports without the programs that they are for; those run them in tests/export_test.cc.
#include "export/export.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/error.h"
#include "base/testing.h"
#include "export/embed.h"
#include "export/keras.h"
#include "export/tfjs.h"
#include "model/testing_model.h"

namespace siskin {
namespace {

using testing::SmallModel;
using testing::TemporaryFolder;

ModelCard CardOf(const NetworkCard& network) {
  ModelCard card = SmallModel({"a", "b", "c"}).card;
  card.network = WithDefaults({.network = network.name, .alpha = network.alphas.front()});
  card.preprocessing = DefaultPreprocessing(card.network);
  return card;
}

TEST(Export, FindsTheTargetByNameOrEnding) {
  EXPECT_EQ(FindExporter("tfjs", "x.onnx").target.name, "tfjs");
  EXPECT_EQ(FindExporter("auto", "a/b.onnx").target.name, "onnx");
  EXPECT_EQ(FindExporter("auto", "b.keras").target.name, "keras");
  EXPECT_EQ(FindExporter("auto", "b.h").target.name, "c");
  EXPECT_THROW(FindExporter("auto", "folder"), Error);
  EXPECT_THROW(FindExporter("auto", "model.pb"), Error);
  EXPECT_THROW(FindExporter("coreml", "x"), Error);
}

TEST(Export, AFullDiskIsSaidAndLeavesNothing) {
  class FullDisk : public FileOps {
   public:
    int64_t Write(int, const void*, size_t) override { return -ENOSPC; }
  };
  const ClassifierModel model = SmallModel({"a", "b"});
  for (const char* name : {"onnx", "tfjs", "safetensors", "c"}) {
    const TemporaryFolder folder;
    FullDisk full;
    const auto out = folder.path() / "m.h";
    EXPECT_THROW(FindExporter(name, out).write(model, out, full), Error) << name;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
      EXPECT_TRUE(entry.is_directory()) << entry.path();
    }
  }
}

// The same model gives the same bytes.
TEST(Export, OnnxIsReproducible) {
  const TemporaryFolder folder;
  const ClassifierModel model = SmallModel({"a", "b"});
  const Exporter& onnx = FindExporter("onnx", "");
  const auto first = onnx.write(model, folder.path() / "1.onnx", FileOps::System());
  onnx.write(model, folder.path() / "2.onnx", FileOps::System());
  EXPECT_EQ(ReadFile(folder.path() / "1.onnx"), ReadFile(folder.path() / "2.onnx"));
  EXPECT_EQ(first[0].bytes, ReadFile(folder.path() / "1.onnx").size());
}

TEST(KerasLayers, HoldEveryTensorOfEveryNetworkOnce) {
  for (const NetworkCard& network : Catalogue()) {
    SCOPED_TRACE(network.name);
    ClassifierModel model;
    model.card = CardOf(network);
    const KerasNetwork layers = KerasLayers(model);
    std::multiset<std::string> found, expected;
    std::set<std::string> names;
    for (const KerasLayer& layer : layers.layers) {
      EXPECT_TRUE(names.insert(layer.name).second) << layer.name;
      for (const std::string& input : layer.inputs) EXPECT_TRUE(names.contains(input)) << input;
      found.insert(layer.weights.begin(), layer.weights.end());
    }
    for (const LayerLayout& layer : BuildModelGraph(model.card).Layout()) {
      for (const ParameterSpec& parameter : layer.parameters) expected.insert(parameter.name);
    }
    for (const auto& [name, tensor] : layers.added) expected.insert(name);
    EXPECT_EQ(found, expected);
    EXPECT_EQ(layers.layers.front().name, "image");
    EXPECT_EQ(layers.layers.back().name, "scores");
    EXPECT_EQ(layers.layers.back().output, std::vector<int64_t>{3});
  }
}

// Keras numbers the layers of a class as it sorts them: Xception's shortcuts come after the convolutions beside them.
TEST(KerasLayers, WeightsHaveTheGroupsThatKerasLooksFor) {
  ClassifierModel model;
  model.card = CardOf(FindNetwork("xception"));
  const std::map<std::string, std::string> groups = KerasWeightGroups(KerasLayers(model));
  EXPECT_EQ(groups.at("block1_conv1"), "layers/conv2d");
  EXPECT_EQ(groups.at("block1_conv2"), "layers/conv2d_1");
  EXPECT_EQ(groups.at("block2_shortcut"), "layers/conv2d_2");
  EXPECT_EQ(groups.at("block2_sepconv1"), "layers/separable_conv2d");
  EXPECT_EQ(groups.at("block1_conv1_bn"), "layers/batch_normalization");
  EXPECT_EQ(groups.at("block2_pool"), "layers/max_pooling2d");
}

TEST(Embed, TheHeaderIsSafeAgainstNames) {
  ModelCard card = SmallModel({"a \"b\"\\", "Ä\n?\?=1", "plain"}).card;
  const std::string header = EmbeddedHeader(card, "pets", 1234);
  EXPECT_NE(header.find("#define PETS_NUM_CLASSES 3\n"), std::string::npos) << header;
  EXPECT_NE(header.find("#define PETS_MODEL_BYTES 1234\n"), std::string::npos);
  EXPECT_NE(header.find("#define PETS_INPUT_WIDTH 32\n"), std::string::npos);
  EXPECT_NE(header.find(R"(    "a \"b\"\\",)"), std::string::npos) << header;
  EXPECT_NE(header.find(R"(    "\303\204\012\?\?=1",)"), std::string::npos) << header;
}

TEST(Embed, TheNameMustBeOneInC) {
  const TemporaryFolder folder;
  const ClassifierModel model = SmallModel({"a", "b"});
  for (const char* name : {"my-pets.h", "1pets.h", "pets", "pets.hpp", "p\"ets.h", ".h"}) {
    EXPECT_THROW(WriteEmbedded(model, folder.path() / name, FileOps::System()), Error) << name;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(WriteEmbedded(model, folder.path() / "pets_2.h", FileOps::System()).size(), 3u);
}

}  // namespace
}  // namespace siskin
