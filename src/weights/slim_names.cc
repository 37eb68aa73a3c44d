// Names in the graphs of TensorFlow's "slim" models against Keras' names of the same layers.
// Howard et al. 2017, "MobileNets", as published by Google in tensorflow/models, slim/nets/mobilenet_v1.py.
#include "weights/graphdef.h"

namespace siskin {
namespace {

constexpr int kBlocks = 13;  // pairs of a depthwise and a pointwise convolution
constexpr std::string_view kFirstWeights = "/Conv2d_0/weights";

// A layer whose tensors are not all there is given with those that are; the matching then names what is missing.
class ScopeReader {
 public:
  ScopeReader(const TensorMap& constants, std::string scope) : constants_(constants), model_{std::move(scope), {}} {}

  void Add(const std::string& keras_name, std::initializer_list<std::string> tensors) {
    FileLayer layer{keras_name, "", {}};
    for (const std::string& tensor : tensors) {
      const std::string name = model_.name + "/" + tensor;
      if (constants_.contains(name)) layer.tensors.push_back(name);
    }
    if (!layer.tensors.empty()) model_.layers.push_back(std::move(layer));
  }

  void AddBatchNorm(const std::string& keras_name, const std::string& layer) {
    const std::string scope = layer + "/BatchNorm/";
    Add(keras_name, {scope + "gamma", scope + "beta", scope + "moving_mean", scope + "moving_variance"});
  }

  FileModel Take() { return std::move(model_); }

 private:
  const TensorMap& constants_;
  FileModel model_;
};

FileModel MobileNet(const TensorMap& constants, std::string scope, bool with_top) {
  ScopeReader reader(constants, std::move(scope));
  reader.Add("conv1", {"Conv2d_0/weights"});
  reader.AddBatchNorm("conv1_bn", "Conv2d_0");
  for (int i = 1; i <= kBlocks; ++i) {
    const std::string number = std::to_string(i);
    const std::string depthwise = "Conv2d_" + number + "_depthwise", pointwise = "Conv2d_" + number + "_pointwise";
    reader.Add("conv_dw_" + number, {depthwise + "/depthwise_weights"});
    reader.AddBatchNorm("conv_dw_" + number + "_bn", depthwise);
    reader.Add("conv_pw_" + number, {pointwise + "/weights"});
    reader.AddBatchNorm("conv_pw_" + number + "_bn", pointwise);
  }
  if (with_top) reader.Add("conv_preds", {"Logits/Conv2d_1c_1x1/weights", "Logits/Conv2d_1c_1x1/biases"});
  return reader.Take();
}

}  // namespace

std::vector<FileModel> ModelsInGraph(const TensorMap& constants, bool with_top) {
  std::vector<FileModel> models;
  for (const auto& [name, tensor] : constants) {
    if (!name.ends_with(kFirstWeights)) continue;
    models.push_back(MobileNet(constants, name.substr(0, name.size() - kFirstWeights.size()), with_top));
  }
  return models;
}

}  // namespace siskin
