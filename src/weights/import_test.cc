#include "weights/import.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/testing.h"
#include "weights/safetensors.h"
#include "weights/testing_archive.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::SmallLayout;
using testing::SmallWeights;

std::string Serialized(const TensorMap& tensors) {
  std::string bytes;
  SerializeSafetensors(tensors, {}, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

TensorMap Import(const std::string& bytes, const std::string& inner = "") {
  ImportOptions options;
  options.inner = inner;
  return ImportWeightsFromBytes(bytes, "x", SmallLayout(), options);
}

TEST(ImportWeights, Safetensors) {
  const testing::TemporaryFolder folder;
  const NetworkLayout layout = SmallLayout();
  const auto path = folder.path() / "named.h5";  // the name says nothing, the bytes do
  WriteSafetensors(path, SmallWeights(layout), {});
  std::string note = "old";
  ExpectSameTensors(ImportWeights(path, layout, {}, &note), SmallWeights(layout));
  EXPECT_EQ(note, "");
}

TEST(ImportWeights, SafetensorsBelowAPrefix) {
  TensorMap tensors;
  for (auto& [name, tensor] : SmallWeights(SmallLayout())) tensors.emplace("base/" + name, tensor.Clone());
  tensors.emplace("head/kernel", Tensor(Shape{3}));
  const std::string bytes = Serialized(tensors);
  ExpectSameTensors(Import(bytes, "base"), SmallWeights(SmallLayout()));
  ExpectError(ErrorKind::kModel, "lacks block1_conv1/kernel", [&] { Import(bytes); });
}

TEST(ImportWeights, SafetensorsWithinAWrapper) {
  for (const std::string prefix : {"module.", "model/", "state_dict.module."}) {
    SCOPED_TRACE(prefix);
    TensorMap tensors;
    for (auto& [name, tensor] : SmallWeights(SmallLayout())) tensors.emplace(prefix + name, tensor.Clone());
    ExpectSameTensors(Import(Serialized(tensors)), SmallWeights(SmallLayout()));
    // What does not fit is named as it stands in the file.
    tensors.erase(prefix + "block1_conv1/kernel");
    ExpectError(ErrorKind::kModel, "lacks block1_conv1/kernel", [&] { Import(Serialized(tensors)); });
  }
}

TEST(ImportWeights, UnknownAndEmptyFiles) {
  for (const std::string& bytes :
       {std::string(), std::string("hello"), std::string(1000, '\0'), std::string("\xFF\xD8\xFF\xE0")}) {
    ExpectError(ErrorKind::kModel, "x: is no weights file that Siskin can read", [&] { Import(bytes); });
  }
  ExpectError(ErrorKind::kIo, [] { ImportWeights("/no/such/file.h5", SmallLayout()); });
}

TEST(ImportWeights, ArchivesThatAreNotKeras) {
  ExpectError(ErrorKind::kModel, "has no config.json inside",
              [] { Import(testing::MakeArchive({{"word/document.xml", "x"}})); });
  ExpectError(ErrorKind::kModel, "x: config.json: is not valid JSON",
              [] { Import(testing::MakeArchive({{"config.json", "{"}, {"model.weights.h5", ""}})); });
}

// A megabyte of zip can hold a config.json of a gigabyte, and JSON takes twenty times its text.
TEST(ImportWeights, RefusesAGiantConfig) {
  const std::string bytes =
      testing::MakeArchive({{"config.json", std::string(20 << 20, ' ')}, {"model.weights.h5", ""}});
  ASSERT_LT(bytes.size(), 100'000u);
  ExpectError(ErrorKind::kModel, "config.json in the archive is larger", [&] { Import(bytes); });
}

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

}  // namespace
}  // namespace siskin
