#include "weights/import.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/testing.h"
#include "weights/file/safetensors.h"
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

// The upper 16 bits of each number are a bfloat16; its sign and the upper bits of a small power of two are a half.
TEST(ImportWeights, SafetensorsOfSixteenBits) {
  TensorMap expected, bfloats, halves, twos;
  for (const auto& [name, tensor] : SmallWeights(SmallLayout())) {
    Tensor rounded = tensor.Clone(), bfloat(tensor.shape(), DType::kBF16);
    Tensor two = tensor.Clone(), half(tensor.shape(), DType::kF16);
    for (size_t i = 0; i < rounded.values<float>().size(); ++i) {
      const uint32_t bits = std::bit_cast<uint32_t>(rounded.values<float>()[i]) & 0xFFFF0000;
      rounded.values<float>()[i] = std::bit_cast<float>(bits);
      const auto upper = static_cast<uint16_t>(bits >> 16);
      std::memcpy(bfloat.bytes().data() + 2 * i, &upper, sizeof(upper));
      const uint16_t exponent = i % 30 + 1;  // of a half, biased by 15
      const auto stored = static_cast<uint16_t>(exponent << 10 | (i % 2) << 15);
      two.values<float>()[i] = std::ldexp(i % 2 == 0 ? 1.0f : -1.0f, exponent - 15);
      std::memcpy(half.bytes().data() + 2 * i, &stored, sizeof(stored));
    }
    expected.emplace(name, std::move(rounded));
    bfloats.emplace(name, std::move(bfloat));
    twos.emplace(name, std::move(two));
    halves.emplace(name, std::move(half));
  }
  ExpectSameTensors(Import(Serialized(bfloats)), expected);
  ExpectSameTensors(Import(Serialized(halves)), twos);
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

}  // namespace
}  // namespace siskin
