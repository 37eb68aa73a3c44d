#include "weights/onnx/onnx.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/testing.h"
#include "weights/file/signatures.h"
#include "weights/testing_protobuf.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::BytesField;
using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::FloatBytes;
using testing::NumberField;
using testing::SmallLayout;
using testing::SmallWeights;
using testing::Varint;

std::string FloatTensor(const std::string& name, const Shape& shape, const std::vector<float>& values,
                        uint32_t field = 9) {
  std::string dims;
  for (const int64_t dim : shape.dims()) dims += NumberField(1, static_cast<uint64_t>(dim));
  return BytesField(5, dims + NumberField(2, 1) + BytesField(field, FloatBytes(values)) + BytesField(8, name));
}

std::string OnnxNode(const std::string& op, const std::vector<std::string>& inputs,
                     const std::string& attributes = "") {
  std::string node;
  for (const std::string& input : inputs) node += BytesField(1, input);
  return BytesField(1, node + BytesField(2, "y") + BytesField(4, op) + attributes);
}

std::string Model(const std::string& graph) {
  return NumberField(1, 8) + BytesField(2, "siskin") + BytesField(7, graph) + BytesField(8, NumberField(2, 17));
}

// [h, w, in, out] -> [out, in, h, w]; depthwise [h, w, channels, 1] -> [channels, 1, h, w]; others as they are.
std::string ChannelsFirst(const std::string& name, const Tensor& tensor, bool depthwise) {
  const Shape& s = tensor.shape();
  std::vector<float> values(tensor.values<float>().begin(), tensor.values<float>().end());
  if (s.rank() != 4) return FloatTensor(name, s, values);
  const int64_t in = depthwise ? 1 : s[2], out = depthwise ? s[2] : s[3];
  std::vector<float> moved;
  for (int64_t o = 0; o < out; ++o) {
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t tap = 0; tap < s[0] * s[1]; ++tap) {
        moved.push_back(values[static_cast<size_t>((tap * in + i) * out + o)]);
      }
    }
  }
  return FloatTensor(name, {out, in, s[0], s[1]}, moved);
}

// The small network as Siskin's own export writes it, with a head on top.
std::string SmallModel(const NetworkLayout& layout, const std::string& more = "") {
  std::string nodes = OnnxNode("Cast", {"image"}), initializers = FloatTensor("preprocess/scale", {1}, {0.5f}) + more;
  const TensorMap tensors = SmallWeights(layout);
  for (const LayerLayout& layer : layout) {
    std::vector<std::string> inputs = {"x"};
    for (const ParameterSpec& parameter : layer.parameters) {
      const bool depthwise = parameter.name.ends_with("/depthwise_kernel");
      initializers += ChannelsFirst(parameter.name, tensors.at(parameter.name), depthwise);
      inputs.push_back(parameter.name);
      if (!depthwise) continue;
      nodes += OnnxNode("Conv", inputs);
      inputs = {"between"};
    }
    const bool norm = layer.keras_class == "BatchNormalization";
    nodes += OnnxNode(norm ? "BatchNormalization" : layer.keras_class == "Dense" ? "Gemm" : "Conv", inputs);
  }
  nodes += OnnxNode("Gemm", {"x", "head_logits/kernel", "head_logits/bias"});
  initializers += FloatTensor("head_logits/kernel", {1, 2}, {1, 2}) + FloatTensor("head_logits/bias", {2}, {1, 2});
  return Model(nodes + BytesField(2, "network") + initializers);
}

TensorMap Take(const std::string& bytes, const NetworkLayout& layout) {
  return TakeModel(ReadOnnx(bytes, "x.onnx"), layout, "", "x.onnx");
}

TEST(Onnx, ReadsSiskinsOwnExport) {
  for (const bool top : {false, true}) {
    const NetworkLayout layout = SmallLayout(top);
    const std::string bytes = SmallModel(layout);
    EXPECT_TRUE(LooksLikeOnnx(bytes));
    EXPECT_FALSE(LooksLikeGraphDef(bytes));
    ExpectSameTensors(Take(bytes, layout), SmallWeights(layout));
  }
}

TEST(Onnx, GammaOfOnesIsNone) {
  for (const float one : {1.0f, 2.0f}) {
    const std::string bytes =
        Model(OnnxNode("BatchNormalization", {"x", "bn/ones", "bn/beta", "bn/moving_mean", "bn/moving_variance"}) +
              FloatTensor("bn/ones", {1}, {one}) + FloatTensor("bn/beta", {1}, {3}) +
              FloatTensor("bn/moving_mean", {1}, {4}) + FloatTensor("bn/moving_variance", {1}, {5}));
    const FileContents contents = ReadOnnx(bytes, "x");
    EXPECT_EQ(contents.models.at(0).layers.at(0).tensors.size(), one == 1 ? 3u : 4u);
  }
}

// PyTorch's matrices are [out, in] and say so.
TEST(Onnx, TransposedMatrix) {
  const std::string attribute = BytesField(5, BytesField(1, "transB") + NumberField(3, 1) + NumberField(20, 2));
  const FileContents contents =
      ReadOnnx(Model(OnnxNode("Gemm", {"x", "fc.weight", "fc.bias"}, attribute) +
                     FloatTensor("fc.weight", {2, 1}, {5, 6}, 4) + FloatTensor("fc.bias", {2}, {7, 8})),
               "x");
  EXPECT_EQ(contents.tensors.at("fc.weight").shape(), (Shape{1, 2}));
  EXPECT_EQ(contents.models.at(0).layers.at(0).name, "fc");
}

// Both types of 16 bits, as raw bytes and as a list of integers: 1 and -2.
TEST(Onnx, SixteenBitWeightsAreWidened) {
  struct Case {
    uint64_t type;
    std::string data;
  };
  const Case cases[] = {{10, BytesField(9, std::string("\x00\x3C\x00\xC0", 4))},
                        {10, BytesField(5, Varint(0x3C00) + Varint(0xC000))},
                        {16, BytesField(9, std::string("\x80\x3F\x00\xC0", 4))},
                        {16, BytesField(5, Varint(0x3F80) + Varint(0xC000))}};
  for (const Case& c : cases) {
    const std::string tensor = BytesField(8, "w") + NumberField(2, c.type) + NumberField(1, 2) + NumberField(1, 1);
    const FileContents contents = ReadOnnx(Model(OnnxNode("Gemm", {"x", "w"}) + BytesField(5, tensor + c.data)), "x");
    const Tensor& w = contents.tensors.at("w");
    ASSERT_EQ(w.shape(), (Shape{2, 1}));
    EXPECT_EQ(w.values<float>()[0], 1) << c.type;
    EXPECT_EQ(w.values<float>()[1], -2) << c.type;
  }
}

// PyTorch writes equal weights once.
TEST(Onnx, WeightsWithTwoNames) {
  const std::string twin =
      BytesField(1, BytesField(1, "bn.bias") + BytesField(2, "bn.running_mean") + BytesField(4, "Identity"));
  const FileContents contents = ReadOnnx(
      Model(twin + OnnxNode("BatchNormalization", {"x", "bn.weight", "bn.bias", "bn.running_mean", "bn.weight"}) +
            FloatTensor("bn.weight", {1}, {3}) + FloatTensor("bn.bias", {1}, {4})),
      "x");
  EXPECT_EQ(contents.tensors.at("bn.running_mean").values<float>()[0], 4);
  EXPECT_EQ(contents.models.at(0).layers.at(0).tensors,
            (std::vector<std::string>{"bn.weight", "bn.bias", "bn.running_mean"}));
}

TEST(Onnx, RefusesWhatClaimsTooMuch) {
  const auto gemm_with = [](const std::string& tensor) {
    return Model(OnnxNode("Gemm", {"x", "w"}) + BytesField(5, tensor));
  };
  const std::string w = BytesField(8, "w"), type = NumberField(2, 1);
  const auto dims = [](std::initializer_list<uint64_t> list) {
    std::string text;
    for (const uint64_t dim : list) text += NumberField(1, dim);
    return text;
  };
  struct Case {
    std::string bytes, expected;
  };
  const Case cases[] = {
      {gemm_with(w + type + dims({uint64_t{1} << 60})), "beyond reason"},
      {gemm_with(w + type + dims({uint64_t{1} << 32, uint64_t{1} << 32})), "beyond reason"},
      {gemm_with(w + type + dims({~uint64_t{0}})), "beyond reason"},
      {gemm_with(w + type + dims({3}) + BytesField(9, "12345678")), "of shape 3 has 8 bytes"},
      {gemm_with(w + type + dims({3})), "of shape 3 has 0 bytes"},
      {gemm_with(w + NumberField(2, 11) + dims({1}) + BytesField(9, "12345678")), "neither fp32 nor fp16 nor bfloat16"},
      {gemm_with(w + NumberField(2, 10) + dims({1}) + BytesField(9, "1234")), "of shape 1 has 4 bytes"},
      {gemm_with(w + NumberField(2, 10) + dims({1}) + BytesField(5, Varint(0x3C00) + Varint(0))),
       "of shape 1 has 4 bytes"},
      {gemm_with(w + NumberField(2, 16) + dims({1}) + BytesField(5, Varint(0x10000))), "of shape 1 has 0 bytes"},
      {gemm_with(w + type + dims({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})), "cannot be taken apart"},
      {gemm_with(w + type + BytesField(1, std::string(20, '\x01'))), "cannot be taken apart"},
      {gemm_with(w + type + NumberField(14, 1)), "in another file, which is not opened"},
      {gemm_with(w + type + BytesField(13, BytesField(1, "location") + BytesField(2, "/etc/passwd"))),
       "in another file, which is not opened"},
      {gemm_with(BytesField(8, "\xFF") + type), "is not UTF-8"},
      {Model(FloatTensor("w", {1}, {1}) + FloatTensor("w", {1}, {2})), "two initializers named w"},
      {NumberField(1, 8), "it has no graph"},
      {Model(BytesField(1, "\x0A\x7F")), "node 0 cannot be taken apart"},
  };
  for (const Case& c : cases) {
    ExpectError(ErrorKind::kModel, c.expected, [&] { ReadOnnx(c.bytes, "x"); });
  }
}

// A few bytes each in the file, some hundred in memory.
TEST(Onnx, RefusesMoreInitializersThanReasonable) {
  std::string initializers;
  for (int i = 0; i <= 100'000; ++i) initializers += BytesField(5, BytesField(8, std::to_string(i)));
  ExpectError(ErrorKind::kModel, "more than 100000 initializers", [&] { ReadOnnx(Model(initializers), "x"); });
}

TEST(Onnx, SurvivesCutsAndDamage) {
  const NetworkLayout layout = SmallLayout(true);
  const std::string good = SmallModel(layout);
  constexpr size_t kLastField = 4;  // the opset after the graph: without it, the file is whole
  for (size_t length = 0; length < good.size(); ++length) {
    if (length == good.size() - kLastField) continue;
    SCOPED_TRACE(length);
    ExpectError(ErrorKind::kModel, [&] { ReadOnnx(good.substr(0, length), "x"); });
  }
  Random random(31, RandomPurpose::kTest);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (uint32_t flips = 1 + random.Below(3); flips > 0; --flips) {
      bytes[random.Below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<char>(1 + random.Below(255));
    }
    try {
      ReadOnnx(bytes, "x");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel) << error.what();
    }
  }
}

}  // namespace
}  // namespace siskin
