#include "weights/match/match.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/testing.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::SmallLayout;
using testing::SmallWeights;

// The layers of the layout as a file would have them; `rename` gives the file's name of a layer.
FileModel ModelOf(const NetworkLayout& layout, const auto& rename, bool with_class = false) {
  FileModel model;
  for (const LayerLayout& layer : layout) {
    FileLayer file_layer{rename(layer), with_class ? layer.keras_class : "", {}};
    for (const ParameterSpec& parameter : layer.parameters) file_layer.tensors.push_back(parameter.name);
    model.layers.push_back(std::move(file_layer));
  }
  return model;
}

// Keras' names: what is not named by Keras gets the next number of its class, beginning at `first`.
FileModel KerasModel(const NetworkLayout& layout, int first = 7) {
  int conv = first, norm = first;
  return ModelOf(layout, [&](const LayerLayout& layer) {
    if (layer.named_by_keras) return layer.name;
    return layer.keras_class == "Conv2D" ? fmt::format("conv2d_{}", conv++)
                                         : fmt::format("batch_normalization_{}", norm++);
  });
}

TensorMap Take(const std::vector<FileModel>& models, const NetworkLayout& layout, const std::string& inner = "") {
  return TakeModel({SmallWeights(SmallLayout(true)), models}, layout, inner, "x.h5");
}

TEST(Match, FindsByNameAndByOrder) {
  const NetworkLayout layout = SmallLayout();
  ExpectSameTensors(Take({KerasModel(layout)}, layout), SmallWeights(layout));
}

// Named layers may come in any order; unnamed ones only among themselves.
TEST(Match, OrderOfNamedLayersDoesNotMatter) {
  const NetworkLayout layout = SmallLayout();
  FileModel model = KerasModel(layout);
  std::swap(model.layers[0], model.layers[2]);
  std::swap(model.layers[3], model.layers[4]);
  ExpectSameTensors(Take({model}, layout), SmallWeights(layout));
}

TEST(Match, FindsByClassAlone) {
  const NetworkLayout layout = SmallLayout();
  const auto no_name = [](const LayerLayout&) { return std::string(); };
  ExpectSameTensors(Take({ModelOf(layout, no_name, true)}, layout), SmallWeights(layout));
}

TEST(Match, TellsMissingLayers) {
  const NetworkLayout layout = SmallLayout();
  FileModel model = KerasModel(layout);
  model.layers.erase(model.layers.begin());
  ExpectError(ErrorKind::kModel, "lacks block1_conv1/kernel", [&] { Take({model}, layout); });
  model = KerasModel(layout);
  model.layers.erase(model.layers.begin() + 3);
  ExpectError(ErrorKind::kModel, "lacks block3_shortcut/kernel", [&] { Take({model}, layout); });
  model = KerasModel(layout);
  model.layers[1].tensors.pop_back();
  ExpectError(ErrorKind::kModel, "lacks block1_conv1_bn/moving_variance", [&] { Take({model}, layout); });
}

TEST(Match, TellsExtraTensors) {
  const NetworkLayout layout = SmallLayout();
  ExpectError(ErrorKind::kModel, "tensors that do not belong to it: predictions/kernel, predictions/bias",
              [&] { Take({KerasModel(SmallLayout(true))}, layout); });
  FileModel model = KerasModel(layout);
  model.layers.push_back({"conv2d_99", "", {"block1_conv1/kernel"}});
  ExpectError(ErrorKind::kModel, "do not belong", [&] { Take({model}, layout); });
  model = KerasModel(layout);
  model.layers.push_back(model.layers[0]);
  ExpectError(ErrorKind::kModel, "block1_conv1 (a second time)", [&] { Take({model}, layout); });
  model = KerasModel(layout);
  model.layers[0].tensors.push_back("predictions/bias");
  ExpectError(ErrorKind::kModel, "do not belong to it: predictions/bias", [&] { Take({model}, layout); });
}

TEST(Match, TellsOtherShapes) {
  NetworkLayout layout = SmallLayout();
  const FileModel model = KerasModel(layout);
  layout[2].parameters[1].shape = {1, 1, 4, 128};
  ExpectError(ErrorKind::kModel,
              "x.h5: the model is not the network asked for: block2_sepconv1/pointwise_kernel (in the file: "
              "block2_sepconv1/pointwise_kernel) has shape 1x1x4x4, expected 1x1x4x128",
              [&] { Take({model}, layout); });
}

// A list of weights that names one tensor for two layers: the second got what was left of it, a tensor without numbers.
TEST(Match, RefusesOneTensorInTwoPlaces) {
  const NetworkLayout layout = SmallLayout();
  FileModel model = KerasModel(layout);
  model.layers[5].tensors[0] = model.layers[3].tensors[0];  // the shortcuts' kernels have one shape
  ExpectError(ErrorKind::kModel, "has the tensor block2_shortcut/kernel in two places", [&] { Take({model}, layout); });
}

TEST(Match, ChoosesTheModelThatFits) {
  const NetworkLayout layout = SmallLayout();
  FileModel whole{"", {{"head", "", {"predictions/kernel", "predictions/bias"}}}};
  FileModel base = KerasModel(layout);
  base.name = "xception";
  ExpectSameTensors(Take({whole, base}, layout), SmallWeights(layout));
  ExpectSameTensors(Take({whole, base}, layout, "xception"), SmallWeights(layout));
  FileModel twin = base;
  twin.name = "twin";
  ExpectError(ErrorKind::kModel, "both the sub-model xception and", [&] { Take({whole, base, twin}, layout); });
  ExpectSameTensors(Take({whole, base, twin}, layout, "twin"), SmallWeights(layout));
  ExpectError(ErrorKind::kModel, "no sub-model named resnet; it has (the whole), xception",
              [&] { Take({whole, base}, layout, "resnet"); });
}

// Saved from within DataParallel, torch.compile or a larger model: every name has something before it.
TEST(Match, PrefixesOfWrappersAreLeftOut) {
  const NetworkLayout layout = SmallLayout();
  for (const char* prefix : {"module.", "_orig_mod.", "backbone/", "module._orig_mod.model."}) {
    SCOPED_TRACE(prefix);
    const FileModel model = ModelOf(layout, [&](const LayerLayout& layer) { return prefix + layer.name; });
    ExpectSameTensors(Take({model}, layout), SmallWeights(layout));
  }
  FileModel one_is_outside = ModelOf(layout, [](const LayerLayout& layer) { return "module." + layer.name; });
  one_is_outside.layers[0].name = layout[0].name;
  ExpectError(ErrorKind::kModel, "lacks", [&] { Take({one_is_outside}, layout); });
}

TEST(Match, KnowsAutomaticNames) {
  EXPECT_EQ(AutomaticClass("conv2d"), "Conv2D");
  EXPECT_EQ(AutomaticClass("conv2d_12"), "Conv2D");
  EXPECT_EQ(AutomaticClass("separable_conv2d_3"), "SeparableConv2D");
  EXPECT_EQ(AutomaticClass("batchnormalization_1"), "BatchNormalization");
  EXPECT_EQ(AutomaticClass("conv2d_"), "");
  EXPECT_EQ(AutomaticClass("conv2d_x1"), "");
  EXPECT_EQ(AutomaticClass("block1_conv2"), "");
  EXPECT_EQ(AutomaticClass("12"), "");
  EXPECT_EQ(AutomaticClass(""), "");
}

}  // namespace
}  // namespace siskin
