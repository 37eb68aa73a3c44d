#include "graph/parameters.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/testing.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::SmallLayout;
using testing::SmallWeights;

TEST(CheckWeights, AcceptsExactlyTheNetwork) {
  const NetworkLayout layout = SmallLayout(true);
  CheckWeights(SmallWeights(layout), layout, "x");
  ExpectError(ErrorKind::kModel, "do not belong to the network: predictions/bias, predictions/kernel",
              [&] { CheckWeights(SmallWeights(layout), SmallLayout(), "x"); });
  ExpectError(ErrorKind::kModel, "x: lacks predictions/kernel, predictions/bias",
              [&] { CheckWeights(SmallWeights(SmallLayout()), layout, "x"); });
}

TEST(CheckWeights, RefusesOtherShapesAndTypes) {
  const NetworkLayout layout = SmallLayout();
  TensorMap tensors = SmallWeights(layout);
  tensors["block1_conv1/kernel"] = Tensor(Shape{4, 3, 3, 3});
  ExpectError(ErrorKind::kModel, "block1_conv1/kernel is F32 of shape 4x3x3x3, expected F32 of shape 3x3x3x4",
              [&] { CheckWeights(tensors, layout, "x"); });
  tensors["block1_conv1/kernel"] = Tensor(Shape{3, 3, 3, 4}, DType::kF16);
  ExpectError(ErrorKind::kModel, "is F16 of shape", [&] { CheckWeights(tensors, layout, "x"); });
}

TEST(CheckWeights, RefusesNumbersThatAreNone) {
  const NetworkLayout layout = SmallLayout();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    TensorMap tensors = SmallWeights(layout);
    tensors.at("block3_shortcut_bn/beta").values<float>()[3] = bad;
    ExpectError(ErrorKind::kModel, "block3_shortcut_bn/beta has numbers that are infinite",
                [&] { CheckWeights(tensors, layout, "x"); });
  }
}

TEST(ParameterNames, InOrderOfTheNetwork) {
  const std::vector<std::string> names = ParameterNames(SmallLayout());
  ASSERT_EQ(names.size(), 17u);
  EXPECT_EQ(names[0], "block1_conv1/kernel");
  EXPECT_EQ(names[4], "block1_conv1_bn/moving_variance");
}

TEST(FindParameter, IsTheTensorOrAnErrorThatNamesIt) {
  TensorMap tensors;
  tensors["conv/kernel"] = Tensor(Shape{3, 3, 1, 2});
  EXPECT_EQ(&FindParameter(tensors, "conv/kernel", {3, 3, 1, 2}), &tensors.at("conv/kernel"));
  ExpectError(ErrorKind::kModel, "the weights have no conv/bias (shape 2)",
              [&] { FindParameter(tensors, "conv/bias", {2}); });
  ExpectError(ErrorKind::kModel, "x: conv/kernel is F32 of shape 3x3x1x2, expected F32 of shape 3x3x2x1",
              [&] { FindParameter(tensors, "conv/kernel", {3, 3, 2, 1}, "x"); });
}

}  // namespace
}  // namespace siskin
