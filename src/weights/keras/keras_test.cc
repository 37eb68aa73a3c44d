#include "weights/keras/keras.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::KerasName;
using testing::SmallLayout;
using testing::SmallWeights;

// What siskin-import would deliver, built by hand: the weights of the small network under a file's names.
class FakeHdf5 {
 public:
  void Add(const std::string& path, const std::string& parameter) {
    file_.tensors.emplace(path, SmallWeights(layout_).at(parameter).Clone());
  }
  void Attribute(const std::string& group, const std::string& name, const std::vector<std::string>& texts) {
    attributes_[group][name] = texts;
  }
  TensorMap Take(const NetworkLayout& layout, const Json* config = nullptr, const std::string& inner = "") {
    file_.metadata["attributes"] = ToText(attributes_);
    FileContents contents{{}, ModelsInHdf5(file_, config, "x.h5")};
    for (const auto& [name, tensor] : file_.tensors) contents.tensors.emplace(name, tensor.Clone());
    return TakeModel(std::move(contents), layout, inner, "x.h5");
  }

 private:
  NetworkLayout layout_ = SmallLayout(true);
  SafetensorsFile file_;
  Json attributes_ = Json::object();
};

std::string Role(const ParameterSpec& parameter) {
  return parameter.name.substr(parameter.name.find('/') + 1);
}

void AddKeras2Layer(FakeHdf5* file, const std::string& root, const LayerLayout& layer) {
  std::vector<std::string> names;
  for (const ParameterSpec& parameter : layer.parameters) {
    names.push_back(KerasName(layer) + "/" + Role(parameter) + ":0");
    file->Add(root + KerasName(layer) + "/" + names.back(), parameter.name);
  }
  file->Attribute(root + KerasName(layer), "weight_names", names);
}

FakeHdf5 Keras2File(const NetworkLayout& layout, const std::string& root) {
  FakeHdf5 file;
  std::vector<std::string> layer_names = {"input_1"};
  file.Attribute(root + "input_1", "weight_names", {});
  for (const LayerLayout& layer : layout) {
    layer_names.push_back(KerasName(layer));
    AddKeras2Layer(&file, root, layer);
  }
  file.Attribute(root.substr(0, root.find('/')), "layer_names", layer_names);
  return file;
}

TEST(Keras2, WeightsAndWholeModels) {
  for (const bool top : {false, true}) {
    const NetworkLayout layout = SmallLayout(top);
    ExpectSameTensors(Keras2File(layout, "").Take(layout), SmallWeights(layout));
    ExpectSameTensors(Keras2File(layout, "model_weights/").Take(layout), SmallWeights(layout));
  }
  const NetworkLayout layout = SmallLayout();
  ExpectError(ErrorKind::kModel, "predictions", [&] { Keras2File(SmallLayout(true), "").Take(layout); });
  ExpectError(ErrorKind::kModel, "lacks predictions", [&] { Keras2File(layout, "").Take(SmallLayout(true)); });
}

// The list of a sub-model has the trainable weights of all layers first.
TEST(Keras2, SubModel) {
  const NetworkLayout layout = SmallLayout();
  FakeHdf5 file;
  std::vector<std::string> trainable, fixed;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& parameter : layer.parameters) {
      const std::string name = KerasName(layer) + "/" + Role(parameter) + ":0";
      (Role(parameter).starts_with("moving") ? fixed : trainable).push_back(name);
      file.Add("xception/" + name, parameter.name);
    }
  }
  trainable.insert(trainable.end(), fixed.begin(), fixed.end());
  file.Attribute("xception", "weight_names", trainable);
  file.Add("dense_1/dense_1/kernel:0", "predictions/kernel");
  file.Attribute("dense_1", "weight_names", {"dense_1/kernel:0"});
  file.Attribute("", "layer_names", {"xception", "dense_1"});
  ExpectSameTensors(file.Take(layout), SmallWeights(layout));
  ExpectSameTensors(file.Take(layout, nullptr, "xception"), SmallWeights(layout));
}

// Half of the layers frozen: their weights stand behind those of the others, and 9 comes after 10.
TEST(Keras2, PartlyFrozenSubModelWithoutNames) {
  const NetworkLayout layout = SmallLayout();
  FakeHdf5 file;
  std::vector<std::string> trainable, fixed;
  for (const LayerLayout& layer : layout) {
    const bool frozen = layer.name.starts_with("block2");
    for (const ParameterSpec& parameter : layer.parameters) {
      const std::string name = KerasName(layer) + "/" + Role(parameter) + ":0";
      (frozen || Role(parameter).starts_with("moving") ? fixed : trainable).push_back(name);
      file.Add("xception/" + name, parameter.name);
    }
  }
  trainable.insert(trainable.end(), fixed.begin(), fixed.end());
  file.Attribute("xception", "weight_names", trainable);
  file.Attribute("", "layer_names", {"xception"});
  ExpectError(ErrorKind::kModel, "its sub-model xception was partly frozen when it was saved",
              [&] { file.Take(layout); });
}

TEST(Keras2, LongListsInPieces) {
  const NetworkLayout layout = SmallLayout();
  FakeHdf5 file;
  std::vector<std::string> names[2];
  for (size_t i = 0; i < layout.size(); ++i) {
    names[i < 4 ? 0 : 1].push_back(KerasName(layout[i]));
    AddKeras2Layer(&file, "", layout[i]);
  }
  file.Attribute("", "layer_names0", names[0]);
  file.Attribute("", "layer_names1", names[1]);
  ExpectSameTensors(file.Take(layout), SmallWeights(layout));
}

// A million times the name of a layer with a million weights would be taken a million times.
TEST(Keras2, RefusesALayerTwice) {
  const NetworkLayout layout = SmallLayout();
  FakeHdf5 file = Keras2File(layout, "");
  file.Attribute("", "layer_names", {layout[0].name, layout[0].name});
  ExpectError(ErrorKind::kModel, "lists the layer block1_conv1 twice", [&] { file.Take(layout); });
}

TEST(Keras2, NamedTensorThatIsNotThere) {
  FakeHdf5 file;
  file.Attribute("", "layer_names", {"dense"});
  file.Attribute("dense", "weight_names", {"dense/kernel:0"});
  ExpectError(ErrorKind::kModel, "names a tensor dense/dense/kernel:0", [&] { file.Take(SmallLayout()); });
}

enum class Scheme { kNumbered, kNumberedWithNames, kNamed };

std::string Snake(const std::string& keras_class) {
  const std::map<std::string, std::string> names = {{"Conv2D", "conv2d"},
                                                    {"SeparableConv2D", "separable_conv2d"},
                                                    {"BatchNormalization", "batch_normalization"},
                                                    {"Dense", "dense"}};
  return names.at(keras_class);
}

void AddKeras3(FakeHdf5* file, const std::string& container, const NetworkLayout& layout, Scheme scheme) {
  std::map<std::string, int> used;
  for (const LayerLayout& layer : layout) {
    const std::string snake = Snake(layer.keras_class);
    const int number = used[snake]++;
    const std::string numbered = number == 0 ? snake : fmt::format("{}_{}", snake, number);
    const std::string vars = container + "/" + (scheme == Scheme::kNamed ? KerasName(layer) : numbered) + "/vars";
    for (size_t i = 0; i < layer.parameters.size(); ++i) {
      file->Add(fmt::format("{}/{}", vars, i), layer.parameters[i].name);
    }
    if (scheme == Scheme::kNumberedWithNames) file->Attribute(vars, "name", {KerasName(layer)});
  }
}

Json LayerConfig(const std::string& keras_class, const std::string& name) {
  return {{"class_name", keras_class}, {"config", {{"name", name}}}};
}

Json ModelConfig(const std::string& name, const NetworkLayout& layout) {
  Json layers = Json::array({LayerConfig("InputLayer", "input")});
  for (const LayerLayout& layer : layout) {
    layers.push_back(LayerConfig("ReLU", layer.name + "_act"));
    layers.push_back(LayerConfig(layer.keras_class, KerasName(layer)));
  }
  return {{"class_name", "Functional"}, {"config", {{"name", name}, {"layers", layers}}}};
}

TEST(Keras3, AllSchemesWithAndWithoutConfig) {
  const NetworkLayout layout = SmallLayout(true);
  const Json config = ModelConfig("small", layout);
  for (const Scheme scheme : {Scheme::kNumbered, Scheme::kNumberedWithNames, Scheme::kNamed}) {
    FakeHdf5 file;
    AddKeras3(&file, "layers", layout, scheme);
    ExpectSameTensors(file.Take(layout), SmallWeights(layout));
    ExpectSameTensors(file.Take(layout, &config), SmallWeights(layout));
    FakeHdf5 old;
    AddKeras3(&old, "_layer_checkpoint_dependencies", layout, scheme);
    ExpectSameTensors(old.Take(layout, &config), SmallWeights(layout));
  }
}

// Names count, not places: here the file's order is not the layout's.
TEST(Keras3, ConfigDecidesWhichLayerANumberIs) {
  NetworkLayout layout = SmallLayout(), shuffled = layout;
  std::swap(shuffled[0], shuffled[3]);
  FakeHdf5 file;
  AddKeras3(&file, "layers", shuffled, Scheme::kNumbered);
  const Json config = ModelConfig("small", shuffled);
  ExpectSameTensors(file.Take(layout, &config), SmallWeights(layout));
}

TEST(Keras3, SubModel) {
  const NetworkLayout layout = SmallLayout();
  Json config = ModelConfig("outer", {});
  config["config"]["layers"].push_back(ModelConfig("xception", layout));
  config["config"]["layers"].push_back(LayerConfig("Dense", "dense"));
  for (const Scheme scheme : {Scheme::kNumbered, Scheme::kNumberedWithNames, Scheme::kNamed}) {
    FakeHdf5 file;
    const std::string group = scheme == Scheme::kNamed ? "xception" : "functional";
    AddKeras3(&file, "layers/" + group + "/layers", layout, scheme);
    if (scheme == Scheme::kNumberedWithNames) file.Attribute("layers/functional/vars", "name", {"xception"});
    file.Add("layers/dense/vars/0", "predictions/kernel");
    ExpectSameTensors(file.Take(layout, &config), SmallWeights(layout));
    ExpectSameTensors(file.Take(layout, &config, "xception"), SmallWeights(layout));
    ExpectSameTensors(file.Take(layout), SmallWeights(layout));
    ExpectSameTensors(file.Take(layout, nullptr, scheme == Scheme::kNumbered ? "functional" : "xception"),
                      SmallWeights(layout));
  }
}

TEST(Keras3, TensorsThatConfigDoesNotKnow) {
  const NetworkLayout layout = SmallLayout();
  FakeHdf5 file;
  AddKeras3(&file, "layers", SmallLayout(true), Scheme::kNumbered);
  const Json config = ModelConfig("small", layout);
  ExpectError(ErrorKind::kModel, "layers/dense/vars/0", [&] { file.Take(layout, &config); });
}

TEST(Keras3, ConfigsThatAreOdd) {
  FakeHdf5 file;
  AddKeras3(&file, "layers", SmallLayout(), Scheme::kNumbered);
  Json deep = ModelConfig("innermost", {});
  for (int i = 0; i < 100; ++i) deep = {{"class_name", "Functional"}, {"config", {{"layers", {deep}}}}};
  ExpectError(ErrorKind::kModel, "nests models deeper", [&] { file.Take(SmallLayout(), &deep); });
  for (const char* text : {"[]", "7", "{}", R"({"config":7})", R"({"config":{"layers":7}})",
                           R"({"config":{"layers":[7,{"class_name":7},{"class_name":"Dense","config":[]}]}})"}) {
    const Json config = ParseJson(text, "test");
    SCOPED_TRACE(text);
    ExpectError(ErrorKind::kModel, [&] { file.Take(SmallLayout(), &config); });
  }
}

// Each level was looked for in both places where a model may keep its layers: sixteen levels, a text of 20 KB, took as
// long as 32,768 of them.
TEST(Keras3, NestingCostsWhatTheTextCosts) {
  FakeHdf5 file;
  AddKeras3(&file, "layers", SmallLayout(), Scheme::kNumbered);
  Json nested = ModelConfig("innermost", SmallLayout(true));
  for (int i = 0; i < 50; ++i) nested["config"]["layers"].push_back(LayerConfig("Dense", fmt::format("more_{}", i)));
  for (int i = 0; i < 14; ++i) nested = {{"class_name", "Functional"}, {"config", {{"layers", {nested}}}}};
  ExpectError(ErrorKind::kModel, [&] { file.Take(SmallLayout(), &nested); });
}

TEST(Keras, OtherHdf5) {
  FakeHdf5 file;
  file.Add("data/temperature", "predictions/kernel");
  ExpectError(ErrorKind::kModel, "x.h5: is HDF5, but has neither", [&] { file.Take(SmallLayout()); });
}

}  // namespace
}  // namespace siskin
