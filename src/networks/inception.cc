#include "networks/inception.h"

#include <fmt/format.h>

namespace siskin {

NodeId InceptionBuilder::Convolution(const std::string& name, NodeId x, const Graph::Conv& conv, bool named) const {
  const NodeId convolved = g_.Conv2D(name, x, conv);
  const NodeId normed = g_.BatchNorm(name + "_bn", convolved, {.scale = false});
  const NodeId active = g_.Activate(name + (named ? "_ac" : "_relu"), normed, Activation::kRelu);
  if (!named) {
    for (const NodeId layer : {convolved, normed, active}) g_.MarkUnnamed(layer);
  }
  return active;
}

NodeId InceptionBuilder::Branch(const std::string& name, NodeId x, const std::vector<Step>& steps) const {
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    x = Convolution(steps.size() == 1 ? name : fmt::format("{}_{}", name, i + 1), x,
                    {.filters = step.filters,
                     .kernel = step.kernel_h,
                     .stride = step.stride,
                     .padding = step.stride == 1 ? PaddingMode::kSame : PaddingMode::kValid,
                     .kernel_w = step.kernel_w});
  }
  return x;
}

NodeId InceptionBuilder::AveragePool(const std::string& name, NodeId x) const {
  return Unnamed(g_.AveragePool(name, x, {.size = 3, .stride = 1, .padding = PaddingMode::kSame}));
}

NodeId InceptionBuilder::MaxPool(const std::string& name, NodeId x) const {
  return Unnamed(g_.MaxPool(name, x, {.size = 3, .stride = 2}));
}

NodeId InceptionBuilder::Stem(NodeId x) const {
  constexpr PaddingMode kValid = PaddingMode::kValid;
  x = Convolution("stem_conv1", x, {.filters = 32, .kernel = 3, .stride = 2, .padding = kValid});
  x = Convolution("stem_conv2", x, {.filters = 32, .kernel = 3, .padding = kValid});
  x = Convolution("stem_conv3", x, {.filters = 64, .kernel = 3});
  x = MaxPool("stem_pool1", x);
  x = Convolution("stem_conv4", x, {.filters = 80});
  x = Convolution("stem_conv5", x, {.filters = 192, .kernel = 3, .padding = kValid});
  return MaxPool("stem_pool2", x);
}

}  // namespace siskin
