#include "weights/tensorflow/graphdef.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/random.h"
#include "base/testing.h"
#include "weights/file/signatures.h"
#include "weights/testing_protobuf.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;

using testing::BytesField;
using testing::FloatBytes;
using testing::NumberField;
using testing::Varint;

std::string ShapeField(const std::vector<uint64_t>& dims) {
  std::string shape;
  for (const uint64_t dim : dims) shape += BytesField(2, NumberField(1, dim));
  return BytesField(2, shape);
}
std::string Attribute(const std::string& key, const std::string& value) {
  return BytesField(5, BytesField(1, key) + BytesField(2, value));
}
std::string Node(const std::string& name, const std::string& op, const std::string& attributes = "") {
  return BytesField(1, BytesField(1, name) + BytesField(2, op) + BytesField(3, "some/input") + attributes);
}
// A constant whose TensorProto has this type and these further fields.
std::string Constant(const std::string& name, uint64_t type, const std::string& fields) {
  return Node(
      name, "Const",
      Attribute("dtype", NumberField(6, type)) + Attribute("value", BytesField(8, NumberField(1, type) + fields)));
}
std::string FloatConstant(const std::string& name, const std::vector<uint64_t>& dims,
                          const std::vector<float>& values) {
  return Constant(name, 1, ShapeField(dims) + BytesField(4, FloatBytes(values)));
}

std::string SmallGraph() {
  return Node("input", "Placeholder", Attribute("shape", BytesField(7, ""))) +
         FloatConstant("scope/weights", {2, 3}, {1, 2, 3, 4, 5, 6}) +
         Constant("scope/shape", 3, ShapeField({1}) + NumberField(7, 224)) +
         Constant("scope/epsilon", 1, BytesField(2, "") + BytesField(5, FloatBytes({0.001f}))) +
         BytesField(4, "versions");
}

TensorMap Read(const std::string& bytes) {
  return ReadGraphConstants(bytes, "x.pb");
}

TEST(GraphDef, ReadsFloatConstants) {
  const std::string bytes = SmallGraph();
  EXPECT_TRUE(LooksLikeGraphDef(bytes));
  TensorMap expected;
  expected.emplace("scope/weights", Tensor::FromFloats({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  expected.emplace("scope/epsilon", Tensor::FromFloats({}, std::vector<float>{0.001f}));
  testing::ExpectSameTensors(Read(bytes), expected);
}

TEST(GraphDef, LastFloatStandsForTheRest) {
  const TensorMap constants =
      Read(Constant("a", 1, ShapeField({4}) + BytesField(5, FloatBytes({1, 2}))) +
           Constant("b", 1, ShapeField({2}) + Varint(5 << 3 | 5) + FloatBytes({3})));  // one value, not packed
  EXPECT_EQ(std::vector<float>(constants.at("a").values<float>().begin(), constants.at("a").values<float>().end()),
            (std::vector<float>{1, 2, 2, 2}));
  EXPECT_EQ(constants.at("b").values<float>()[1], 3);
}

TEST(GraphDef, RefusesWhatClaimsTooMuch) {
  struct Case {
    std::string bytes, expected;
  };
  const std::string one = BytesField(5, FloatBytes({1}));
  const Case cases[] = {
      {Constant("w", 1, ShapeField({1u << 20, 1u << 20}) + one), "beyond reason"},  // a bomb: 4 TB from one value
      {Constant("w", 1, ShapeField({uint64_t{1} << 63}) + one), "beyond reason"},   // negative
      {Constant("w", 1, ShapeField({uint64_t{1} << 32, uint64_t{1} << 32, 0}) + one), "beyond reason"},
      {Constant("w", 1, ShapeField({2}) + BytesField(4, FloatBytes({1}))), "has 4 bytes of data"},
      {Constant("w", 1, ShapeField({1}) + BytesField(4, FloatBytes({1, 2}))), "has 8 bytes of data"},
      {Constant("w", 1, ShapeField({1}) + BytesField(5, FloatBytes({1, 2}))), "has 8 bytes of data"},
      {Constant("w", 1, ShapeField({1})), "has 0 bytes of data"},
      {Constant("w", 1, ShapeField(std::vector<uint64_t>(20, 1)) + one), "cannot be taken apart"},
      {FloatConstant("w", {1}, {1}) + FloatConstant("w", {1}, {2}), "two nodes named w"},
      {FloatConstant("\xFF", {1}, {1}), "not UTF-8"},
      {BytesField(1, "\x0A\x7F"), "node 0 cannot be taken apart"},
      {SmallGraph() + "\x0A", "ends in the middle"},
      {SmallGraph() + std::string(11, '\xFF'), "ends in the middle"},
      {SmallGraph() + "\x0B", "ends in the middle"},  // a group
      {SmallGraph() + Varint(1 << 3 | 2) + Varint(~uint64_t{0}), "ends in the middle"},
  };
  for (const Case& c : cases) ExpectError(ErrorKind::kModel, c.expected, [&] { Read(c.bytes); });
}

// Each constant alone would be allowed, together they ask for too much. (A file of 41 bytes got 1 GB; now it is what
// the file has and 16 MB.)
TEST(GraphDef, RefusesSeveralBombs) {
  const std::string one = BytesField(5, FloatBytes({1}));
  const std::string first = Constant("a", 1, ShapeField({1'000'000}) + one);
  EXPECT_EQ(Read(first).at("a").values<float>()[999'999], 1);
  ExpectError(ErrorKind::kModel, "constant b has the shape 4000000, which is beyond reason",
              [&] { Read(first + Constant("b", 1, ShapeField({4'000'000}) + one)); });
}

// A graph may end after any node; cut within one it is refused.
TEST(GraphDef, RefusesAGraphCutWithinANode) {
  const std::string bytes = SmallGraph();
  size_t accepted = 0;
  for (size_t length = 0; length < bytes.size(); ++length) {
    try {
      Read(bytes.substr(0, length));
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
    }
  }
  EXPECT_EQ(accepted, 5u);  // nothing, and after each of the four nodes
}

TEST(GraphDef, SurvivesDamage) {
  const std::string good = SmallGraph();
  Random random(5, RandomPurpose::kTest);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string bytes = good;
    for (uint32_t flips = 1 + random.Below(4); flips > 0; --flips) {
      bytes[random.Below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<char>(1 + random.Below(255));
    }
    try {
      LooksLikeGraphDef(bytes);
      Read(bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(GraphDef, OtherFilesDoNotLookLikeOne) {
  for (const std::string& bytes :
       {std::string(), std::string("{}"), std::string("\x89HDF\r\n\x1a\n"), std::string("\x0A"),
        std::string("\x0A\x02\x0A\x00", 4), std::string(100, '\0'), std::string(100, '\x0A')}) {
    EXPECT_FALSE(LooksLikeGraphDef(bytes)) << bytes;
  }
}

// ---- Names of MobileNet ----

TensorMap MobileNetConstants(const std::string& scope) {
  TensorMap constants;
  const auto add = [&](const std::string& name) { constants.emplace(scope + "/" + name, Tensor(Shape{1})); };
  const auto add_layer = [&](const std::string& layer, const std::string& weights) {
    add(layer + "/" + weights);
    for (const char* role : {"beta", "gamma", "moving_mean", "moving_variance"}) add(layer + "/BatchNorm/" + role);
  };
  add_layer("Conv2d_0", "weights");
  for (int i = 1; i <= 13; ++i) {
    add_layer(fmt::format("Conv2d_{}_depthwise", i), "depthwise_weights");
    add_layer(fmt::format("Conv2d_{}_pointwise", i), "weights");
  }
  add("Logits/Conv2d_1c_1x1/weights");
  add("Logits/Conv2d_1c_1x1/biases");
  constants.emplace("final_training_ops/weights/final_weights", Tensor(Shape{1}));
  return constants;
}

TEST(GraphDef, LayersOfMobileNet) {
  for (const char* scope : {"MobilenetV1", "a/b"}) {
    const std::vector<FileModel> models = ModelsInGraph(MobileNetConstants(scope));
    ASSERT_EQ(models.size(), 1u);
    EXPECT_EQ(models[0].name, scope);
    ASSERT_EQ(models[0].layers.size(), 55u);  // 27 convolutions with their batch norms, and the classifier
    const auto norm = std::find_if(models[0].layers.begin(), models[0].layers.end(),
                                   [](const FileLayer& layer) { return layer.name == "Conv2d_1_depthwise/BatchNorm"; });
    ASSERT_NE(norm, models[0].layers.end());
    std::vector<std::string> expected;
    for (const char* role : {"gamma", "beta", "moving_mean", "moving_variance"}) {
      expected.push_back(fmt::format("{}/Conv2d_1_depthwise/BatchNorm/{}", scope, role));
    }
    EXPECT_EQ(norm->tensors, expected);
  }
  EXPECT_TRUE(ModelsInGraph({}).empty());
}

}  // namespace
}  // namespace siskin
