// Keras' files through siskin-import, from HDF5 bytes to the network's tensors, and what happens to hostile ones.
// libhdf5 is used here only to write them.
#include "weights/import.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "import/testing_hdf5.h"
#include "weights/keras/hdf5.h"
#include "weights/keras/subprocess.h"
#include "weights/testing_archive.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::Hdf5Writer;
using testing::SmallLayout;
using testing::SmallWeights;
using Storage = Hdf5Writer::Storage;

// Keras' name of a layer: an automatic one where it has none of its own.
std::string KerasName(const LayerLayout& layer) {
  if (layer.named_by_keras) return layer.name;
  const std::string number = layer.name.starts_with("block2") ? "_9" : "_10";  // 10 sorts before 9 as text
  return (layer.keras_class == "Conv2D" ? "conv2d" : "batch_normalization") + number;
}

std::string Keras2File(const NetworkLayout& layout, bool variable_texts) {
  Hdf5Writer writer;
  const TensorMap weights = SmallWeights(layout);
  std::vector<std::string> layer_names = {"input_1"};
  writer.Attribute("input_1", "weight_names", {}, variable_texts);
  for (const LayerLayout& layer : layout) {
    const std::string name = KerasName(layer);
    layer_names.push_back(name);
    std::vector<std::string> weight_names;
    for (const ParameterSpec& parameter : layer.parameters) {
      weight_names.push_back(name + parameter.name.substr(parameter.name.find('/')) + ":0");
      writer.Dataset(name + "/" + weight_names.back(), weights.at(parameter.name));
    }
    writer.Attribute(name, "weight_names", weight_names, variable_texts);
  }
  writer.Attribute("", "layer_names", layer_names, variable_texts);
  return writer.Bytes();
}

// Keras 3: groups numbered by class.
std::string Keras3File(const NetworkLayout& layout, const std::string& container) {
  Hdf5Writer writer;
  const TensorMap weights = SmallWeights(layout);
  std::map<std::string, int> used;
  for (const LayerLayout& layer : layout) {
    const std::string snake = layer.keras_class == "Conv2D"               ? "conv2d"
                              : layer.keras_class == "SeparableConv2D"    ? "separable_conv2d"
                              : layer.keras_class == "BatchNormalization" ? "batch_normalization"
                                                                          : "dense";
    const int number = used[snake]++;
    const std::string vars = container + "/" + snake + (number == 0 ? "" : "_" + std::to_string(number)) + "/vars";
    for (size_t i = 0; i < layer.parameters.size(); ++i) {
      writer.Dataset(vars + "/" + std::to_string(i), weights.at(layer.parameters[i].name));
    }
    writer.Attribute(vars, "name", {KerasName(layer)}, true);
  }
  writer.Dataset("optimizer/vars/0", Tensor(Shape{3}));
  return writer.Bytes();
}

std::string ConfigText(const NetworkLayout& layout) {
  std::string layers;
  for (const LayerLayout& layer : layout) {
    layers += fmt::format(R"({}{{"class_name":"{}","config":{{"name":"{}"}}}})", layers.empty() ? "" : ",",
                          layer.keras_class, KerasName(layer));
  }
  const std::string base = R"({"class_name":"Functional","config":{"name":"xception","layers":[)" + layers + "]}}";
  return R"({"class_name":"Functional","config":{"name":"outer","layers":[)" + base + "]}}";
}

TensorMap Import(const std::string& bytes, const NetworkLayout& layout = SmallLayout(), const std::string& inner = "") {
  ImportOptions options;
  options.inner = inner;
  return ImportWeightsFromBytes(bytes, "x.h5", layout, options);
}

TEST(Import, Keras2) {
  for (const bool top : {false, true}) {
    const NetworkLayout layout = SmallLayout(top);
    ExpectSameTensors(Import(Keras2File(layout, false), layout), SmallWeights(layout));
    ExpectSameTensors(Import(Keras2File(layout, true), layout), SmallWeights(layout));
  }
  ExpectError(ErrorKind::kModel, "predictions/kernel", [] { Import(Keras2File(SmallLayout(true), false)); });
}

TEST(Import, Keras3) {
  ExpectSameTensors(Import(Keras3File(SmallLayout(), "layers")), SmallWeights(SmallLayout()));
}

TEST(Import, KerasArchive) {
  const NetworkLayout layout = SmallLayout();
  const std::string archive =
      testing::MakeArchive({{"metadata.json", "{}"},
                            {"config.json", ConfigText(layout)},
                            {"model.weights.h5", Keras3File(layout, "layers/functional/layers")}});
  ExpectSameTensors(Import(archive), SmallWeights(layout));
  ExpectSameTensors(Import(archive, layout, "xception"), SmallWeights(layout));
  ExpectError(ErrorKind::kModel, "no sub-model named vgg; it has xception", [&] { Import(archive, layout, "vgg"); });
}

TEST(Import, OtherNumbersBecomeFloats) {
  Hdf5Writer writer;
  const Tensor values = Tensor::FromFloats({2, 2}, std::vector<float>{1, -2, 0.5f, 1024});
  const hid_t half = H5Tcopy(H5T_IEEE_F32LE);  // IEEE half precision, as h5py describes it
  H5Tset_fields(half, 15, 10, 5, 0, 10);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, 15);
  writer.Dataset("double", values, H5T_IEEE_F64LE);
  writer.Dataset("big", values, H5T_IEEE_F32BE);
  writer.Dataset("half", values, half);
  writer.Dataset("whole", values, H5T_STD_I64LE);
  writer.CompressedDataset("packed", values);
  H5Tclose(half);
  TensorMap expected;
  for (const char* name : {"double", "big", "half", "packed"}) expected.emplace(name, values.Clone());
  ExpectSameTensors(ReadHdf5InSandbox(writer.Bytes(), "x").tensors, expected);
}

TEST(Import, WhatIsWrittenIsReadAgain) {
  TensorMap tensors;
  tensors.emplace("layers/dense/vars/0", Tensor::FromFloats({2, 3}, std::vector<float>{1, -2, 3, 0.5f, 1e-30f, 7}));
  tensors.emplace("layers/dense/vars/1", Tensor::FromFloats({3}, std::vector<float>{4, 5, 6}));
  tensors.emplace("scalar", Tensor::FromFloats({}, std::vector<float>{8}));
  const Json attributes = {{"layers/dense/vars", {{"name", {"Äpfel"}}}}, {"", {{"layer_names", {"a", "b"}}}}};
  const std::string bytes = WriteHdf5InSandbox(tensors, attributes);
  const SafetensorsFile again = ReadHdf5InSandbox(bytes, "x");
  ExpectSameTensors(again.tensors, tensors);
  const Json read = ParseJson(again.metadata.at("attributes"), "attributes");
  EXPECT_EQ(read["layers/dense/vars"]["name"], Json({"Äpfel"}));
  EXPECT_EQ(read[""]["layer_names"], Json({"a", "b"}));
  EXPECT_EQ(WriteHdf5InSandbox(tensors, attributes), bytes);
}

TEST(Import, PathsThatCannotBeWrittenAreRefused) {
  TensorMap tensors;
  tensors.emplace("a", Tensor(Shape{1}));
  tensors.emplace("a/b", Tensor(Shape{1}));  // below a tensor
  ExpectError(ErrorKind::kModel, "a/b", [&] { WriteHdf5InSandbox(tensors, Json::object()); });
}

TEST(Import, SaysWhatProtectedIt) {
  Hdf5Writer writer;
  const auto metadata = ReadHdf5InSandbox(writer.Bytes(), "x").metadata;
  EXPECT_NE(metadata.at("sandbox").find("limits"), std::string::npos) << metadata.at("sandbox");
}

TEST(Import, SandboxHolds) {
  ProcessOptions options;
  options.command = {ImportProgram().native(), "--check-sandbox"};
  options.max_output_bytes = 10'000;
  options.timeout_seconds = 30;
  const ProcessResult result = RunProcess(options);
  ASSERT_TRUE(result.ok()) << result.Describe();
  if (result.output.find("seccomp (") != std::string::npos)
    GTEST_SKIP() << "SKIPPED: no seccomp here: " << result.output;
  EXPECT_EQ(result.output.find("POSSIBLE"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("take memory for code: refused"), std::string::npos) << result.output;
}

void ExpectRefused(const Hdf5Writer& writer, const std::string& expected) {
  ExpectError(ErrorKind::kModel, expected, [&] { ReadHdf5InSandbox(writer.Bytes(), "x.h5"); });
}

TEST(Import, RefusesDataInOtherFiles) {
  Hdf5Writer writer;
  writer.EmptyDataset("w", {4}, Storage::kExternal);
  ExpectRefused(writer, "w keeps its data in another file");
}

TEST(Import, RefusesVirtualData) {
  Hdf5Writer writer;
  const hsize_t size = 4;
  const hid_t space = H5Screate_simple(1, &size, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_virtual(creation, space, "/etc/passwd", "w", space);
  H5Dclose(H5Dcreate2(writer.file(), "w", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Pclose(creation);
  H5Sclose(space);
  ExpectRefused(writer, "w is stored in a way");
}

TEST(Import, RefusesShapesWithoutData) {
  Hdf5Writer small, huge, beyond;
  small.EmptyDataset("w", {1000}, Storage::kNoData);
  ExpectRefused(small, "w has fewer data than its shape says");
  huge.EmptyDataset("w", {1'000'000'000}, Storage::kNoData);
  ExpectRefused(huge, "w of shape 1000000000 is larger than is reasonable");
  beyond.EmptyDataset("w", {int64_t{1} << 40, 2}, Storage::kNoData);
  ExpectRefused(beyond, "w has a dimension of");
}

// Compressed zeros take next to nothing in the file. Each of these is allowed alone, together they are too much.
TEST(Import, RefusesABomb) {
  Hdf5Writer writer;
  writer.CompressedDataset("a", Tensor(Shape{10'000'000}));
  writer.EmptyDataset("b", {130'000'000}, Storage::kCompressed);
  const std::string bytes = writer.Bytes();
  ASSERT_LT(bytes.size(), 200'000u);
  ExpectError(ErrorKind::kModel, "b of shape 130000000 is larger", [&] { ReadHdf5InSandbox(bytes, "x.h5"); });
}

TEST(Import, LinksInCirclesEnd) {
  Hdf5Writer writer;
  writer.Group("a/b");
  H5Lcreate_hard(writer.file(), "a", writer.file(), "a/b/a", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/a", writer.file(), "a/b/soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("/etc/passwd", "/", writer.file(), "a/other", H5P_DEFAULT, H5P_DEFAULT);
  const Tensor values = Tensor::FromFloats({1}, std::vector<float>{5});
  writer.Dataset("a/w", values);
  TensorMap expected;
  expected.emplace("a/w", values.Clone());
  ExpectSameTensors(ReadHdf5InSandbox(writer.Bytes(), "x").tensors, expected);
}

TEST(Import, RefusesManyObjects) {
  Hdf5Writer writer;
  writer.Attribute("g", "name", {std::string(60'000, 'n')});  // the largest that an attribute can be
  ReadHdf5InSandbox(writer.Bytes(), "x");
  for (int i = 0; i < 300; ++i) writer.Attribute("g" + std::to_string(i), "name", {std::string(60'000, 'n')});
  ExpectRefused(writer, "an attribute is larger than is reasonable");
}

TEST(Import, OtherFilesAreNotRead) {
  ExpectError(ErrorKind::kModel, "it is empty", [] { ReadHdf5InSandbox("", "x.h5"); });
  for (const std::string& bytes :
       {std::string("hello"), std::string("\x89HDF\r\n\x1a\n"), "\x89HDF\r\n\x1a\n" + std::string(10'000, '\0')}) {
    ExpectError(ErrorKind::kModel,
                "x.h5: cannot be read as Keras weights; the HDF5 reader ended with exit code 1: cannot read it as HDF5",
                [&] { ReadHdf5InSandbox(bytes, "x.h5"); });
  }
}

// libhdf5 may crash on these: then the program is gone, not we.
TEST(Import, SurvivesCutsAndDamage) {
  const std::string good = Keras2File(SmallLayout(), false);
  const TensorMap expected = SmallWeights(SmallLayout());
  Random random(23, RandomPurpose::kTest);
  const auto import_damaged = [&](const std::string& bytes) {
    try {
      EXPECT_EQ(Import(bytes).size(), expected.size());
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel) << error.what();
      return false;
    }
  };
  for (int i = 0; i < 20; ++i) {
    const size_t length = random.Below(static_cast<uint32_t>(good.size()));
    EXPECT_FALSE(import_damaged(good.substr(0, length))) << length;
  }
  for (int i = 0; i < 60; ++i) {
    std::string bytes = good;
    for (uint32_t flips = 1 + random.Below(30); flips > 0; --flips) {
      bytes[random.Below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<char>(1 + random.Below(255));
    }
    import_damaged(bytes);
  }
}

}  // namespace
}  // namespace siskin
