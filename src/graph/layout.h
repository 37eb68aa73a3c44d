// The parameters of a network, layer by layer in Keras' order: what importers map files onto.
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace siskin {

struct ParameterSpec {
  std::string name;  // "block4_sepconv1/depthwise_kernel"
  Shape shape;       // as Keras has it: [3, 3, 728, 1]
};

struct LayerLayout {
  std::string name;            // "block4_sepconv1"
  std::string keras_class;     // "SeparableConv2D", "Conv2D", "BatchNormalization", "DepthwiseConv2D", "Dense"
  bool named_by_keras = true;  // false: Keras gives it an automatic name (conv2d_7), `name` is ours
  std::vector<ParameterSpec> parameters;  // in Keras' order of layer.weights
};

using NetworkLayout = std::vector<LayerLayout>;

}  // namespace siskin
