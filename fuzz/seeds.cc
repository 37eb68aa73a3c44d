// Writes what the fuzz targets start from: a few small valid files for each, made by our own writers and by the
// libraries that the tests use. fuzz_seeds FOLDER -> FOLDER/TARGET/NUMBER.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/testing.h"
#include "images/testing_images.h"
#include "import/testing_hdf5.h"
#include "model/model_card.h"
#include "train/epoch.h"
#include "weights/file/safetensors.h"
#include "weights/testing_archive.h"
#include "weights/testing_network.h"
#include "weights/testing_onnx.h"
#include "weights/testing_protobuf.h"
#include "weights/testing_weights.h"

namespace siskin::fuzz {
namespace {

namespace fs = std::filesystem;
using testing::BytesField;
using testing::Member;
using testing::NumberField;

using Seeds = std::vector<std::string>;

const std::string kNul(1, '\0');

std::string Safetensors(const TensorMap& tensors, const std::map<std::string, std::string>& metadata) {
  std::string bytes;
  SerializeSafetensors(tensors, metadata, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

Seeds SafetensorsSeeds() {
  TensorMap mixed;
  mixed.emplace("a", Tensor({2, 3}, DType::kI64));
  mixed.emplace("b", Tensor({4}, DType::kBF16));
  mixed.emplace("c", Tensor({0, 2}, DType::kU8));
  return {Safetensors({}, {}), Safetensors(mixed, {{"key", "value"}}),
          Safetensors(testing::SmallWeights(testing::SmallLayout()), {})};
}

// The card without the weights, which would only slow the target down: whatever it changes in them, they do not fit.
Seeds ModelSeeds() {
  Seeds seeds;
  for (const std::vector<std::string>& classes : {std::vector<std::string>{"cat", "dog"}, {"a", "b", "c"}}) {
    ModelCard card;
    card.network = WithDefaults({.network = "mobilenet", .height = 32, .width = 32, .alpha = 0.25});
    card.weights_name = "none";
    card.preprocessing = DefaultPreprocessing(card.network);
    card.class_names = classes;
    card.references = {{0, std::vector<float>(classes.size(), 0.25f)}};
    card.metrics = {{"test", {{"accuracy", 0.5}}}};
    seeds.push_back(Safetensors({}, {{"siskin", ToText(ToJson(card))}}));
  }
  return seeds;
}

// As Keras numbers the layers that it gives no name.
std::vector<std::string> KerasNames(const NetworkLayout& layout) {
  std::vector<std::string> names;
  for (const LayerLayout& layer : layout) {
    const char* automatic = layer.keras_class == "Conv2D" ? "conv2d" : "batch_normalization";
    names.push_back(layer.named_by_keras ? layer.name : fmt::format("{}_{}", automatic, names.size()));
  }
  return names;
}

// What Keras writes for the small network: config, attributes, names of tensors (keras_fuzz.cc).
std::string Keras2(const NetworkLayout& layout) {
  const std::vector<std::string> layers = KerasNames(layout);
  Json attributes;
  std::string tensors;
  for (size_t i = 0; i < layout.size(); ++i) {
    attributes[""]["layer_names"].push_back(layers[i]);
    for (const ParameterSpec& parameter : layout[i].parameters) {
      const std::string weight = layers[i] + parameter.name.substr(parameter.name.find('/')) + ":0";
      attributes[layers[i]]["weight_names"].push_back(weight);
      tensors += layers[i] + "/" + weight + kNul;
    }
  }
  return kNul + ToText(attributes) + kNul + tensors;
}

std::string Keras3(const NetworkLayout& layout, bool with_config) {
  const std::vector<std::string> names = KerasNames(layout);
  Json layers = Json::array();
  std::string tensors;
  for (size_t i = 0; i < layout.size(); ++i) {
    layers.push_back({{"class_name", layout[i].keras_class}, {"config", {{"name", names[i]}}}});
    for (size_t k = 0; k < layout[i].parameters.size(); ++k) {
      tensors += fmt::format("layers/{}/vars/{}", names[i], k) + kNul;
    }
  }
  const Json config = {{"class_name", "Functional"}, {"config", {{"name", "model"}, {"layers", layers}}}};
  return (with_config ? ToText(config) : "") + kNul + "{}" + kNul + tensors;
}

Seeds KerasSeeds() {
  const NetworkLayout layout = testing::SmallLayout(true);
  return {Keras2(layout), Keras3(layout, false), Keras3(layout, true)};
}

// What the converter of TensorFlow.js writes: model.json, a NUL, the bytes of all shards (tfjs_fuzz.cc).
Seeds TfjsSeeds() {
  const NetworkLayout layout = testing::SmallLayout();
  const std::vector<std::string> names = KerasNames(layout);
  const TensorMap tensors = testing::SmallWeights(layout);
  Json layers = Json::array(), weights = Json::array();
  std::string data;
  for (size_t i = 0; i < layout.size(); ++i) {
    layers.push_back({{"class_name", layout[i].keras_class}, {"config", {{"name", names[i]}}}});
    for (const ParameterSpec& parameter : layout[i].parameters) {
      const std::string name = names[i] + parameter.name.substr(parameter.name.find('/'));
      weights.push_back({{"name", name}, {"shape", parameter.shape.dims()}, {"dtype", "float32"}});
      const auto bytes = tensors.at(parameter.name).bytes();
      data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  }
  const Json topology = {{"model_config", {{"class_name", "Model"}, {"config", {{"layers", layers}}}}}};
  const auto model = [&](const Json& all) {
    return ToText({{"format", "layers-model"},
                   {"modelTopology", topology},
                   {"weightsManifest", Json::array({{{"paths", {"1.bin", "2.bin"}}, {"weights", all}}})}});
  };
  const auto stored_as = [&](const Json& quantization) {
    return model(Json::array(
        {{{"name", names[0] + "/kernel"}, {"shape", {2, 3}}, {"dtype", "float32"}, {"quantization", quantization}}}));
  };
  return {model(weights) + kNul + data, stored_as({{"dtype", "uint8"}, {"scale", 0.5}, {"min", -1}}) + kNul + "abcdef",
          stored_as({{"dtype", "float16"}}) + kNul + "abcdefghijkl"};
}

Seeds ArchiveSeeds() {
  const std::vector<Member> members = {
      {"metadata.json", "{}"}, {"config.json", R"({"config": {}})"}, {"model.weights.h5", "\x89HDF"}};
  return {testing::MakeArchive(members, true, true), testing::MakeArchive(members, true, false),
          testing::MakeArchive(members, false), testing::MakeArchive({{"config.json", "", "/etc/passwd"}}, false)};
}

// The node of a constant. Fields: TensorFlow's graph.proto, node_def.proto, tensor.proto.
std::string GraphConstant(const std::string& name, uint64_t size, const std::string& values) {
  const std::string shape = BytesField(2, BytesField(2, NumberField(1, size)));
  const std::string value = BytesField(8, NumberField(1, 1) + shape + values);
  return BytesField(
      1, BytesField(1, name) + BytesField(2, "Const") + BytesField(5, BytesField(1, "value") + BytesField(2, value)));
}

// All numbers, and one that stands for four.
Seeds GraphDefSeeds() {
  return {GraphConstant("a", 2, BytesField(4, "abcdefgh")), GraphConstant("b", 4, BytesField(5, "abcd"))};
}

// The small layers: an initializer for each parameter, a node for each layer. Fields: onnx.proto. And a network without
// names, as exporters differ.
Seeds OnnxSeeds() {
  std::string nodes, initializers;
  for (const LayerLayout& layer : testing::SmallLayout(true)) {
    std::string inputs = BytesField(1, "x");
    for (const ParameterSpec& parameter : layer.parameters) {
      const Shape& s = parameter.shape;
      std::vector<int64_t> dims = s.dims();
      if (dims.size() == 4)
        dims = s[3] == 1 ? std::vector<int64_t>{s[2], 1, s[0], s[1]} : std::vector<int64_t>{s[3], s[2], s[0], s[1]};
      std::string tensor;
      for (const int64_t dim : dims) tensor += NumberField(1, static_cast<uint64_t>(dim));
      const std::string values(static_cast<size_t>(s.num_elements()) * sizeof(float), '\0');
      initializers += BytesField(5, tensor + NumberField(2, 1) + BytesField(9, values) + BytesField(8, parameter.name));
      inputs += BytesField(1, parameter.name);
    }
    const char* op = layer.keras_class == "BatchNormalization" ? "BatchNormalization"
                     : layer.keras_class == "Dense"            ? "Gemm"
                                                               : "Conv";
    nodes += BytesField(1, inputs + BytesField(2, "y") + BytesField(4, op));
  }
  Seeds seeds = {NumberField(1, 8) + BytesField(7, nodes + initializers)};
  const Graph graph = testing::SmallNetwork{.filters = 2}(0);
  TensorMap weights;
  for (const LayerLayout& layer : graph.Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) weights.emplace(parameter.name, Tensor(parameter.shape));
  }
  using Norm = testing::OnnxStyle::Norm;
  seeds.push_back(testing::NamelessOnnx(graph, weights));
  seeds.push_back(testing::NamelessOnnx(
      graph, weights, {.norm = Norm::kAffineNodes, .channels_last = true, .pad_nodes = true, .mean_nodes = true}));
  seeds.push_back(testing::NamelessOnnx(graph, weights, {.norm = Norm::kNormNodes, .swap_sums = true}));
  return seeds;
}

Seeds NpySeeds() {
  const testing::TemporaryFolder folder;
  Seeds seeds;
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{}, {3}, {2, 0}, {2, 2, 2}}) {
    int64_t elements = 1;
    for (const int64_t dim : shape) elements *= dim;
    const fs::path file = folder.path() / "seed.npy";
    WriteNpy(file, shape, std::vector<float>(static_cast<size_t>(elements)));
    seeds.push_back(ReadFile(file));
  }
  return seeds;
}

Seeds JpegSeeds() {
  const Image picture = testing::GradientPicture(40, 24);
  return {testing::EncodeJpeg(picture),
          testing::EncodeJpeg(picture, {.quality = 60, .subsampling = testing::Subsampling::k420, .progressive = true}),
          testing::EncodeJpeg(picture, {.arithmetic = true, .rows_between_restarts = 1}),
          testing::EncodeJpeg(picture, {.interleaved = false}),
          testing::EncodeYcck(std::vector<uint8_t>(16 * 16 * 4, 99), 16, 16),
          testing::WithExif(testing::EncodeJpeg(testing::GradientPicture(8, 16)), testing::OrientationTiff(6, true))};
}

Seeds PngSeeds() {
  const Image picture = testing::GradientPicture(7, 5);
  Seeds seeds = {
      testing::EncodePng({.width = 7, .height = 5, .rows = picture.rgb}),
      testing::EncodePng({.width = 8,
                          .height = 2,
                          .bit_depth = 1,
                          .colour_type = 3,
                          .rows = {0x55, 0xAA},
                          .palette = {1, 2, 3, 4, 5, 6},
                          .transparency = {0, 128}}),
      testing::EncodePng(
          {.width = 2, .height = 1, .bit_depth = 16, .colour_type = 0, .rows = {1, 2, 3, 4}, .transparency = {1, 2}}),
      testing::EncodePng({.width = 9,
                          .height = 9,
                          .colour_type = 6,
                          .interlaced = true,
                          .rows = std::vector<uint8_t>(9 * 9 * 4, 77)})};
  seeds.push_back(testing::WithPngChunk(seeds[0], "eXIf", testing::OrientationTiff(3, false)));
  return seeds;
}

Seeds WebPSeeds() {
  const Image picture = testing::GradientPicture(12, 9);
  const std::string simple = testing::EncodeWebP(picture, false);
  return {simple, testing::EncodeWebP(picture, true),
          testing::EncodeWebPRgba(std::vector<uint8_t>(6 * 5 * 4, 80), 6, 5),
          testing::ExtendedWebP(simple, 12, 9, 0x08, testing::WebPChunk("EXIF", testing::OrientationTiff(8, false)))};
}

Seeds ExifSeeds() {
  return {testing::OrientationTiff(2, false), testing::OrientationTiff(7, true)};
}

Seeds CsvSeeds() {
  return {
      "path,class,split\ncat/1.jpg,cat,train\ndog/1.jpg,dog,train\ndog/2.jpg,dog,test\n",
      "\xEF\xBB\xBFsplit,\"class\",path\r\nvalidation,cat,\"cat/a,\"\"b\"\"\n.jpg\"\r\n\r\ntrain,dog,dog/1.jpg\r\n"};
}

Seeds JsonSeeds() {
  return {R"({"a": [1, -2.5e3, true, null], "b": {"c": "\u00e9\n"}})", "[[[]]]"};
}

Seeds CheckpointSeeds() {
  const Json state = {{"best_epoch", 1},
                      {"epoch", 2},
                      {"step", 3},
                      {"steps", 7},
                      {"sum", {{"loss", 2.5}, {"photos", 12}, {"correct", 9}}},
                      {"lr", 0.1},
                      {"lr_factor", 1},
                      {"rollbacks", 0},
                      {"history", Json::array({ToJson(EpochResult{.epoch = 1, .lr = 0.1})})}};
  TensorMap arrays;
  arrays.emplace("best", Tensor({4}));
  return {ToText(state) + kNul + std::string(64, 'a'),
          Safetensors(arrays, {{"siskin_checkpoint", ToText({{"version", 1}})}, {"sha256", "0"}})};
}

Seeds Hdf5Seeds() {
  testing::Hdf5Writer keras2, keras3;
  keras2.Dataset("conv/conv/kernel:0", Tensor({2, 3}));
  keras2.Attribute("conv", "weight_names", {"conv/kernel:0"});
  keras2.Attribute("", "layer_names", {"conv"});
  keras3.CompressedDataset("layers/conv2d/vars/0", Tensor({8, 8}));
  keras3.Attribute("layers/conv2d/vars", "name", {"conv"}, /*variable=*/true);
  return {keras2.Bytes(), keras3.Bytes()};
}

int WriteAll(const fs::path& folder) {
  const std::vector<std::pair<const char*, Seeds>> all = {
      {"archive", ArchiveSeeds()},   {"checkpoint", CheckpointSeeds()},
      {"csv", CsvSeeds()},           {"exif", ExifSeeds()},
      {"graphdef", GraphDefSeeds()}, {"hdf5", Hdf5Seeds()},
      {"jpeg", JpegSeeds()},         {"json", JsonSeeds()},
      {"keras", KerasSeeds()},       {"model", ModelSeeds()},
      {"npy", NpySeeds()},           {"onnx", OnnxSeeds()},
      {"png", PngSeeds()},           {"safetensors", SafetensorsSeeds()},
      {"tfjs", TfjsSeeds()},         {"webp", WebPSeeds()}};
  for (const auto& [target, seeds] : all) {
    MakeFolder(folder / target);
    for (size_t i = 0; i < seeds.size(); ++i) WriteFileAtomic(folder / target / std::to_string(i), seeds[i]);
  }
  return 0;
}

}  // namespace
}  // namespace siskin::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_seeds FOLDER\n", stderr);
    return 2;
  }
  return siskin::fuzz::WriteAll(argv[1]);
}
