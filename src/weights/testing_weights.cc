#include "weights/testing_weights.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

namespace siskin::testing {
namespace {

LayerLayout Layer(const std::string& name, const std::string& keras_class, bool named,
                  const std::vector<std::pair<std::string, Shape>>& parameters) {
  LayerLayout layer{name, keras_class, named, {}};
  for (const auto& [role, shape] : parameters) layer.parameters.push_back({name + "/" + role, shape});
  return layer;
}

LayerLayout BatchNorm(const std::string& name, bool named, int64_t channels) {
  return Layer(
      name, "BatchNormalization", named,
      {{"gamma", {channels}}, {"beta", {channels}}, {"moving_mean", {channels}}, {"moving_variance", {channels}}});
}

}  // namespace

NetworkLayout SmallLayout(bool top) {
  NetworkLayout layout = {
      Layer("block1_conv1", "Conv2D", true, {{"kernel", {3, 3, 3, 4}}}),
      BatchNorm("block1_conv1_bn", true, 4),
      Layer("block2_sepconv1", "SeparableConv2D", true,
            {{"depthwise_kernel", {3, 3, 4, 1}}, {"pointwise_kernel", {1, 1, 4, 4}}}),
      Layer("block2_shortcut", "Conv2D", false, {{"kernel", {1, 1, 4, 4}}}),
      BatchNorm("block2_shortcut_bn", false, 4),
      Layer("block3_shortcut", "Conv2D", false, {{"kernel", {1, 1, 4, 4}}}),
      BatchNorm("block3_shortcut_bn", false, 4),
  };
  if (top) layout.push_back(Layer("predictions", "Dense", true, {{"kernel", {4, 5}}, {"bias", {5}}}));
  return layout;
}

TensorMap SmallWeights(const NetworkLayout& layout) {
  TensorMap tensors;
  float next = 0;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& parameter : layer.parameters) {
      Tensor tensor(parameter.shape);
      for (float& value : tensor.values<float>()) value = next += 0.25f;
      tensors.emplace(parameter.name, std::move(tensor));
    }
  }
  return tensors;
}

std::string KerasName(const LayerLayout& layer) {
  if (layer.named_by_keras) return layer.name;
  const int number = layer.name.starts_with("block2") ? 9 : 10;  // 10 sorts before 9 as text
  return fmt::format("{}_{}", layer.keras_class == "Conv2D" ? "conv2d" : "batch_normalization", number);
}

std::string Serialized(const TensorMap& tensors, const Metadata& metadata) {
  std::string bytes;
  SerializeSafetensors(tensors, metadata, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

void ExpectSameTensors(const TensorMap& got, const TensorMap& expected) {
  EXPECT_EQ(got.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    const auto found = got.find(name);
    if (found == got.end()) {
      ADD_FAILURE() << name << " is missing";
      continue;
    }
    const bool same = found->second.shape() == tensor.shape() && found->second.dtype() == tensor.dtype() &&
                      std::memcmp(found->second.bytes().data(), tensor.bytes().data(), tensor.num_bytes()) == 0;
    EXPECT_TRUE(same) << name << " is another tensor";
  }
}

}  // namespace siskin::testing
