#include "train/backbone.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/testing.h"
#include "weights/file/safetensors.h"
#include "weights/names/names.h"
#include "weights/names/naming.h"

namespace siskin {
namespace {

using testing::NotingProgress;

// The parameter's shape as PyTorch has it.
Shape ChannelsFirst(const Shape& shape) {
  if (shape.rank() != 4) return shape;
  return shape[3] == 1 ? Shape{shape[2], 1, shape[0], shape[1]} : Shape{shape[3], shape[2], shape[0], shape[1]};
}

// Ones, under timm's names.
TensorMap TimmWeights(const NetworkLayout& layout) {
  const std::map<std::string, std::string> roles = {
      {"kernel", "weight"}, {"depthwise_kernel", "weight"},  {"gamma", "weight"},
      {"beta", "bias"},     {"moving_mean", "running_mean"}, {"moving_variance", "running_var"}};
  std::map<std::string, std::string> names;
  for (const Naming& naming : Namings()) {
    if (naming.title != "timm's mobilenetv2") continue;
    for (const Alias& alias : ExpandAliases(naming.table)) names[alias.layer] = alias.file_layers[0];
  }
  TensorMap tensors;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& parameter : layer.parameters) {
      Tensor ones(ChannelsFirst(parameter.shape));
      for (float& value : ones.values<float>()) value = 1;
      const std::string role = parameter.name.substr(layer.name.size() + 1);
      tensors.emplace(names.at(layer.name) + "." + roles.at(role), std::move(ones));
    }
  }
  return tensors;
}

TEST(Backbone, SaysWhatIsSpecialAboutAFile) {
  const NetworkOptions network = {.network = "mobilenet_v2", .height = 96, .width = 96, .alpha = 0.35};
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "timm.safetensors";
  WriteSafetensors(file, TimmWeights(BuildNetwork(network).Layout()), {});
  NotingProgress progress;
  const Backbone backbone = LoadBackbone(network, file.string(), progress);
  EXPECT_EQ(backbone.weights_name, "timm.safetensors");
  ASSERT_EQ(progress.warnings.size(), 1u);
  EXPECT_NE(progress.warnings[0].find("timm's mobilenetv2"), std::string::npos) << progress.warnings[0];
}

TEST(Backbone, RandomWeightsNeedNoWarning) {
  NotingProgress progress;
  LoadBackbone({.network = "mobilenet_v2", .height = 96, .width = 96, .alpha = 0.35}, "none", progress, 1);
  EXPECT_TRUE(progress.warnings.empty());
}

}  // namespace
}  // namespace siskin
