#include "weights/match/torch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/testing.h"
#include "weights/names/names.h"
#include "weights/names/naming.h"

namespace siskin {
namespace {

using testing::ExpectError;

// 0, 1, 2 ...
Tensor Counting(const Shape& shape) {
  Tensor tensor(shape);
  std::iota(tensor.values<float>().begin(), tensor.values<float>().end(), 0.0f);
  return tensor;
}

std::vector<float> Values(const Tensor& tensor) {
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

TEST(Torch, LayersInKerasLayouts) {
  TensorMap tensors;
  tensors.emplace("a.0.conv.weight", Counting({2, 3, 1, 2}));  // [out, in, h, w]
  tensors.emplace("a.0.conv.bias", Counting({2}));
  tensors.emplace("dw.weight", Counting({3, 1, 2, 1}));
  tensors.emplace("fc.weight", Counting({2, 3}));
  for (const char* role : {"running_var", "weight", "running_mean", "bias"}) {
    tensors.emplace(std::string("bn.") + role, Counting({3}));
  }
  tensors.emplace("bn.num_batches_tracked", Tensor(Shape{}, DType::kI64));
  EXPECT_TRUE(LooksLikeTorch(tensors));
  const FileContents contents = FromTorch(std::move(tensors), "x");
  ASSERT_EQ(contents.models.size(), 1u);
  std::map<std::string, std::vector<std::string>> layers;
  for (const FileLayer& layer : contents.models[0].layers) layers[layer.name] = layer.tensors;
  EXPECT_EQ(layers, (std::map<std::string, std::vector<std::string>>{
                        {"a.0.conv", {"a.0.conv.weight", "a.0.conv.bias"}},
                        {"bn", {"bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"}},
                        {"dw", {"dw.weight"}},
                        {"fc", {"fc.weight"}}}));
  const Tensor& conv = contents.tensors.at("a.0.conv.weight");
  EXPECT_EQ(conv.shape(), (Shape{1, 2, 3, 2}));
  EXPECT_EQ(Values(conv), (std::vector<float>{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}));
  const Tensor& depthwise = contents.tensors.at("dw.weight");
  EXPECT_EQ(depthwise.shape(), (Shape{2, 1, 3, 1}));
  EXPECT_EQ(Values(depthwise), (std::vector<float>{0, 2, 4, 1, 3, 5}));
  const Tensor& dense = contents.tensors.at("fc.weight");
  EXPECT_EQ(dense.shape(), (Shape{3, 2}));
  EXPECT_EQ(Values(dense), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(Torch, EveryTensorIsInALayer) {
  TensorMap tensors;
  for (const char* role : {"weight", "bias", "scale", "zero_point"}) {
    tensors.emplace(std::string("fc.") + role, Counting({2, 2}));
  }
  const FileContents contents = FromTorch(std::move(tensors), "x");
  ASSERT_EQ(contents.models[0].layers.size(), 1u);
  EXPECT_EQ(contents.models[0].layers[0].tensors,
            (std::vector<std::string>{"fc.weight", "fc.bias", "fc.scale", "fc.zero_point"}));
}

TEST(Torch, KnowsItsNames) {
  TensorMap ours;
  ours.emplace("block1/conv.x/weight", Tensor(Shape{1}));
  ours.emplace("kernel", Tensor(Shape{1}));
  EXPECT_FALSE(LooksLikeTorch(ours));
  EXPECT_FALSE(LooksLikeTorch({}));
}

TEST(Torch, RefusesOtherTypesAndOddShapes) {
  TensorMap half;
  half.emplace("fc.weight", Tensor(Shape{2, 3}, DType::kF16));
  ExpectError(ErrorKind::kModel, "x: fc.weight is F16, expected F32", [&] { FromTorch(std::move(half), "x"); });
  TensorMap odd;
  odd.emplace("a.weight", Tensor(Shape{0, 3, 1, 1}));
  odd.emplace("b.weight", Tensor(Shape{2, 3, 4}));
  odd.emplace("c.weight", Tensor(Shape{}));
  odd.emplace("weight", Tensor(Shape{2, 1}));
  odd.emplace("", Tensor(Shape{2, 1}));
  EXPECT_EQ(FromTorch(std::move(odd), "x").tensors.size(), 5u);  // nothing to find in them, and nothing breaks
}

// InceptionResNetV2 has no gamma in Keras; PyTorch's goes into the convolution in front, if it is one.
TEST(Torch, GammaThatOurNetworkDoesNotHave) {
  NetworkLayout layout;
  const auto file_with = [&](const Shape& gamma) {
    layout.clear();
    TensorMap tensors;
    for (const Naming& naming : Namings()) {
      if (naming.title != "timm's inception_resnet_v2") continue;
      for (const Alias& alias : ExpandAliases(naming.table)) {
        const std::string &ours = alias.layer, theirs = alias.file_layers[0];
        if (ours.ends_with("_bn")) {
          layout.push_back({ours,
                            "BatchNormalization",
                            false,
                            {{ours + "/beta", {2}}, {ours + "/moving_mean", {2}}, {ours + "/moving_variance", {2}}}});
          for (const char* role : {"bias", "running_mean", "running_var"}) {
            tensors.emplace(theirs + "." + role, Counting({2}));
          }
          tensors.emplace(theirs + ".weight", Counting(gamma));
        } else {
          layout.push_back({ours, "Conv2D", false, {{ours + "/kernel", {1, 1, 2, 2}}}});
          tensors.emplace(theirs + ".weight", Counting({2, 2, 1, 1}));
        }
      }
    }
    return FromTorch(std::move(tensors), "x");
  };
  FileContents good = file_with({2});
  const TensorMap taken = TakeModel(std::move(good), layout, "", "x");
  EXPECT_EQ(Values(taken.at("conv_7b/kernel")), (std::vector<float>{0, 2, 0, 3}));  // [[0, 2], [1, 3]] times [0, 1]
  EXPECT_EQ(Values(taken.at("conv_7b_bn/beta")), (std::vector<float>{0, 1}));
  EXPECT_EQ(Values(taken.at("block8_10_conv/kernel")), (std::vector<float>{0, 2, 1, 3}));
  FileContents bad = file_with({3});
  ExpectError(ErrorKind::kModel, "has shape 3, expected 2", [&] { TakeModel(std::move(bad), layout, "", "x"); });
}

// A checkpoint of DataParallel: "module." before every name of timm's, counters included.
TEST(Torch, NamesOfTimmWithinAWrapper) {
  const auto naming =
      std::ranges::find_if(Namings(), [](const Naming& one) { return one.title == "timm's legacy_xception"; });
  ASSERT_NE(naming, Namings().end());
  for (const std::string prefix : {"", "module.", "module.backbone."}) {
    SCOPED_TRACE(prefix);
    TensorMap tensors;
    NetworkLayout layout;
    for (const Alias& alias : ExpandAliases(naming->table)) {
      if (alias.file_layers.size() != 1 || alias.layer.ends_with("_bn")) continue;
      layout.push_back({alias.layer, "Conv2D", true, {{alias.layer + "/kernel", {1, 1, 2, 2}}}});
      tensors.emplace(prefix + alias.file_layers[0] + ".weight", Counting({2, 2, 1, 1}));
      tensors.emplace(prefix + alias.file_layers[0] + ".num_batches_tracked", Tensor(Shape{}, DType::kI64));
    }
    const TensorMap taken = TakeModel(FromTorch(std::move(tensors), "x"), layout, "", "x");
    EXPECT_EQ(taken.size(), layout.size());
    EXPECT_EQ(Values(taken.at("block1_conv2/kernel")), (std::vector<float>{0, 2, 1, 3}));
  }
}

// A file with the names of a network whose function is another one says why it is not taken.
TEST(Torch, RefusesNetworksThatComputeSomethingElse) {
  int refused = 0;
  for (const Naming& naming : Namings()) {
    if (naming.refusal.empty()) continue;
    ++refused;
    TensorMap tensors;
    NetworkLayout layout;
    for (const Alias& alias : ExpandAliases(naming.table)) {
      layout.push_back({alias.layer, "Conv2D", true, {{alias.layer + "/kernel", {1, 1, 2, 2}}}});
      for (const std::string& layer : alias.file_layers) tensors.emplace(layer + ".weight", Tensor(Shape{2, 2, 1, 1}));
    }
    ExpectError(ErrorKind::kModel, std::string(naming.title) + ", which cannot be taken: ", [&] {
      TakeModel(FromTorch(std::move(tensors), "x"), layout, "", "x");
    });
  }
  EXPECT_EQ(refused, 3);
}

// A gamma that our network has not is looked at by nobody else: one of another size was called a defect of Siskin, and
// one that the file has in the place of another tensor, too, was gone.
TEST(Torch, RefusesAGammaOfAnotherSize) {
  const NetworkLayout layout = {
      {"stem_conv1", "Conv2D", true, {{"stem_conv1/kernel", {1, 1, 2, 3}}}},
      {"stem_conv1_bn",
       "BatchNormalization",
       true,
       {{"stem_conv1_bn/beta", {3}}, {"stem_conv1_bn/moving_mean", {3}}, {"stem_conv1_bn/moving_variance", {3}}}}};
  const auto take = [&](int64_t size) {
    TensorMap tensors;
    tensors.emplace("conv2d_1a.conv.weight", Counting({3, 2, 1, 1}));
    tensors.emplace("conv2d_1a.bn.weight", Counting({size}));
    for (const char* role : {"bias", "running_mean", "running_var"}) {
      tensors.emplace(std::string("conv2d_1a.bn.") + role, Counting({3}));
    }
    return TakeModel(FromTorch(std::move(tensors), "x"), layout, "", "x");
  };
  EXPECT_EQ(Values(take(3).at("stem_conv1/kernel")), (std::vector<float>{0, 2, 8, 0, 3, 10}));
  for (const int64_t size : {0, 1, 6}) {
    ExpectError(ErrorKind::kModel, "the gamma of stem_conv1_bn has shape", [&] { take(size); });
  }
}

}  // namespace
}  // namespace siskin
