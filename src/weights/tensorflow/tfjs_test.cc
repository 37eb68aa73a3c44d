#include "weights/tensorflow/tfjs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "weights/file/signatures.h"
#include "weights/import.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::ExpectError;
using testing::ExpectSameTensors;
using testing::KerasName;
using testing::MessageOf;
using testing::SmallLayout;
using testing::SmallWeights;

// A model and its shards in memory; counts what is asked for.
struct Files {
  Json json;
  std::map<std::string, std::string> shards;
  int reads = 0;

  FileContents Read() {
    reads = 0;
    return ReadTfjs(ToText(json), Reader(), "model.json");
  }
  ReadBeside Reader() {
    return [this](const std::string& name, uint64_t) {
      ++reads;
      return shards.at(name);
    };
  }
  Json& group() { return json["weightsManifest"][0]; }
  Json& weight(size_t i) { return group()["weights"][i]; }
};

// The small network as the converter writes it: weights sorted by name, cut into two shards anywhere.
Files SmallFiles(const NetworkLayout& layout) {
  Files files;
  const TensorMap tensors = SmallWeights(layout);
  std::map<std::string, const Tensor*> by_name;
  std::map<std::string, std::vector<std::string>> order;  // Keras' order within a layer
  Json layers = Json::array({{{"class_name", "InputLayer"}, {"config", {{"name", "input_1"}}}}});
  for (const LayerLayout& layer : layout) {
    layers.push_back({{"class_name", layer.keras_class}, {"config", {{"name", KerasName(layer)}}}});
    for (const ParameterSpec& parameter : layer.parameters) {
      const std::string name = KerasName(layer) + parameter.name.substr(parameter.name.find('/'));
      order[KerasName(layer)].push_back(name);
      by_name[name] = &tensors.at(parameter.name);
    }
  }
  Json weights = Json::array();
  std::string data;
  for (const auto& [layer, names] : order) {
    for (const std::string& name : names) {
      const Tensor& tensor = *by_name.at(name);
      weights.push_back({{"name", name}, {"shape", tensor.shape().dims()}, {"dtype", "float32"}});
      data.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.num_bytes());
    }
  }
  files.shards = {{"group1-shard1of2.bin", data.substr(0, 101)}, {"group1-shard2of2.bin", data.substr(101)}};
  files.json = {{"format", "layers-model"},
                {"modelTopology", {{"model_config", {{"class_name", "Model"}, {"config", {{"layers", layers}}}}}}},
                {"weightsManifest",
                 Json::array({{{"paths", {"group1-shard1of2.bin", "group1-shard2of2.bin"}}, {"weights", weights}}})}};
  return files;
}

TensorMap Take(Files& files, const NetworkLayout& layout, const std::string& inner = "") {
  return TakeModel(files.Read(), layout, inner, "model.json");
}

TEST(Tfjs, ReadsALayersModel) {
  for (const bool top : {false, true}) {
    const NetworkLayout layout = SmallLayout(top);
    Files files = SmallFiles(layout);
    EXPECT_TRUE(LooksLikeTfjs(ToText(files.json, 2)));
    EXPECT_EQ(TfjsShards(ToText(files.json), "x"),
              (std::vector<std::string>{"group1-shard1of2.bin", "group1-shard2of2.bin"}));
    ExpectSameTensors(Take(files, layout), SmallWeights(layout));
  }
}

// JavaScript saves the model without the "model_config" around it.
TEST(Tfjs, SavedByJavaScript) {
  Files files = SmallFiles(SmallLayout());
  const Json model = files.json["modelTopology"]["model_config"];
  files.json["modelTopology"] = model;
  ExpectSameTensors(Take(files, SmallLayout()), SmallWeights(SmallLayout()));
}

TEST(Tfjs, SubModel) {
  const NetworkLayout layout = SmallLayout();
  Files files = SmallFiles(layout);
  Json& config = files.json["modelTopology"]["model_config"]["config"];
  const Json base = config["layers"];
  config["layers"] = Json::array({{{"class_name", "Functional"}, {"config", {{"name", "base"}, {"layers", base}}}},
                                  {{"class_name", "Dense"}, {"config", {{"name", "head"}}}}});
  files.group()["weights"].push_back({{"name", "head/kernel"}, {"shape", {1}}, {"dtype", "float32"}});
  files.shards["group1-shard2of2.bin"] += std::string(4, '\0');
  ExpectSameTensors(Take(files, layout), SmallWeights(layout));
  ExpectSameTensors(Take(files, layout, "base"), SmallWeights(layout));
  ExpectError(ErrorKind::kModel, "no sub-model named other", [&] { Take(files, layout, "other"); });
}

TEST(Tfjs, QuantisedWeights) {
  Files files = SmallFiles(SmallLayout());
  files.group()["paths"] = {"q.bin"};
  files.group()["weights"] = {{{"name", "block1_conv1/a"},
                               {"shape", {3}},
                               {"dtype", "float32"},
                               {"quantization", {{"dtype", "uint8"}, {"scale", 0.5}, {"min", -1}}}},
                              {{"name", "block1_conv1/count"}, {"shape", Json::array()}, {"dtype", "int32"}},
                              {{"name", "block1_conv1/b"},
                               {"shape", {2}},
                               {"dtype", "float32"},
                               {"quantization", {{"dtype", "uint16"}, {"scale", 2}, {"min", 0.25}}}}};
  files.shards = {{"q.bin", std::string("\x00\x01\xFF\x07\x00\x00\x00\x01\x00\x00\x01", 11)}};
  const FileContents contents = files.Read();
  TensorMap expected;
  expected.emplace("block1_conv1/a", Tensor::FromFloats({3}, std::vector<float>{-1, -0.5f, 126.5f}));
  expected.emplace("block1_conv1/b", Tensor::FromFloats({2}, std::vector<float>{2.25f, 512.25f}));
  ExpectSameTensors(contents.tensors, expected);
}

// What `tensorflowjs_converter --quantize_float16` writes: every kind of number that a half has.
TEST(Tfjs, HalfPrecisionWeights) {
  struct Case {
    uint16_t half;
    float value;
  };
  const Case cases[] = {{0x0000, 0.0f},       {0x8000, -0.0f},   {0x3C00, 1},       {0xC000, -2},
                        {0x3555, 0x1.554p-2}, {0x7BFF, 65504},   {0xFBFF, -65504},  {0x0400, 0x1p-14},
                        {0x03FF, 0x3FFp-24},  {0x0001, 0x1p-24}, {0x8001, -0x1p-24}};
  Files files = SmallFiles(SmallLayout());
  std::string data;
  std::vector<float> values;
  for (const Case& c : cases) {
    data.append(reinterpret_cast<const char*>(&c.half), sizeof(c.half));
    values.push_back(c.value);
  }
  const auto size = static_cast<int64_t>(values.size());
  files.group()["paths"] = {"h.bin"};
  files.group()["weights"] = {{{"name", "block1_conv1/a"},
                               {"shape", {size}},
                               {"dtype", "float32"},
                               {"quantization", {{"original_dtype", "float32"}, {"dtype", "float16"}}}}};
  files.shards = {{"h.bin", data}};
  TensorMap expected;
  expected.emplace("block1_conv1/a", Tensor::FromFloats({size}, values));
  ExpectSameTensors(files.Read().tensors, expected);
}

// An infinity and a NaN of a half stay what they are, and no network takes them.
TEST(Tfjs, RefusesHalvesThatAreNotFinite) {
  for (const char* half : {"\x00\x7C", "\x00\xFC", "\x01\x7C", "\x00\x7E"}) {
    Files files = SmallFiles(SmallLayout());
    std::string& data = files.shards["group1-shard1of2.bin"];
    data = std::string(half, 2) + data.substr(sizeof(float));
    Json& first = files.weight(0);
    const auto size = first["shape"][0].get<size_t>();
    data.erase(2, (size - 1) * sizeof(float));
    data.insert(2, (size - 1) * sizeof(uint16_t), '\0');
    first["quantization"] = {{"dtype", "float16"}};
    const TensorMap tensors = Take(files, SmallLayout());
    ExpectError(ErrorKind::kModel, "infinite or not numbers", [&] { CheckWeights(tensors, SmallLayout(), "x"); });
  }
}

TEST(Tfjs, RefusesBeforeItReads) {
  struct Case {
    std::function<void(Files&)> change;
    std::string expected;
  };
  const auto shard = [](const std::string& name) {
    return Case{[name](Files& files) { files.group()["paths"][1] = name; }, "only plain names of files beside it"};
  };
  std::vector<Case> cases;
  for (const char* name :
       {"..", ".", "", "../a.bin", "a/b.bin", "/etc/passwd", "a\\b.bin", "c:a.bin", "https://example.org/a.bin",
        "file:a.bin", "%2e%2e%2fa.bin", "a\nb", "a\x01", "group1-shard2of2.bin/", "./group1-shard2of2.bin"}) {
    cases.push_back(shard(name));
  }
  cases.push_back(shard(std::string(256, 'a')));
  cases.push_back(shard(std::string("group1-shard2of2.bin\0x", 22)));
  const auto add = [&](const std::string& expected, std::function<void(Files&)> change) {
    cases.push_back({std::move(change), expected});
  };
  add("names the shard group1-shard1of2.bin twice", [](Files& f) { f.group()["paths"][1] = "group1-shard1of2.bin"; });
  add("no text", [](Files& f) { f.group()["paths"][1] = 7; });
  add("\"paths\" in its weightsManifest is no list", [](Files& f) { f.group()["paths"] = "a"; });
  add("weightsManifest is no list", [](Files& f) { f.json["weightsManifest"] = 1; });
  add("\"weightsManifest\"", [](Files& f) { f.json.erase("weightsManifest"); });
  add("is listed twice", [](Files& f) { f.weight(1)["name"] = f.weight(0)["name"]; });
  add("beyond reason", [](Files& f) { f.weight(0)["shape"] = {1 << 30, 1 << 30, 1 << 30}; });
  add("beyond reason", [](Files& f) { f.weight(0)["shape"] = {1 << 20, 1 << 20}; });
  add("has a shape that is none", [](Files& f) { f.weight(0)["shape"] = {uint64_t{1} << 60}; });
  add("has a shape that is none", [](Files& f) { f.weight(0)["shape"] = {-1}; });
  add("has a shape that is none", [](Files& f) { f.weight(0)["shape"] = {1.5}; });
  add("has a shape that is none", [](Files& f) { f.weight(0)["shape"] = Json(9, 1); });
  add("of the type string", [](Files& f) { f.weight(0)["dtype"] = "string"; });
  add("of the type complex64", [](Files& f) { f.weight(0)["dtype"] = "complex64"; });
  add("stored as bfloat16", [](Files& f) { f.weight(0)["quantization"] = {{"dtype", "bfloat16"}}; });
  add("stored as float16", [](Files& f) {
    f.weight(0)["dtype"] = "int32";
    f.weight(0)["quantization"] = {{"dtype", "float16"}};
  });
  add("\"scale\"", [](Files& f) { f.weight(0)["quantization"] = {{"dtype", "uint8"}, {"min", 0}}; });
  add("is a graph model", [](Files& f) { f.json["format"] = "graph-model"; });
  add("does not describe", [](Files& f) { f.weight(0)["name"] = "stranger/kernel"; });
  add("\"modelTopology\"", [](Files& f) { f.json.erase("modelTopology"); });
  for (const Case& c : cases) {
    Files files = SmallFiles(SmallLayout());
    c.change(files);
    const std::string message = MessageOf(ErrorKind::kModel, [&] { files.Read(); });
    EXPECT_NE(message.find(c.expected), std::string::npos) << message << "\nexpected: " << c.expected;
    EXPECT_EQ(message.find("model.json: "), 0u) << message;
    EXPECT_EQ(files.reads, 0) << c.expected;
  }
}

// Quantised to a byte each, in memory they would take four times what is reasonable.
TEST(Tfjs, RefusesShapeBombs) {
  Files files = SmallFiles(SmallLayout());
  const Json bomb = {
      {"shape", {200 << 20}}, {"dtype", "float32"}, {"quantization", {{"dtype", "uint8"}, {"scale", 1}, {"min", 0}}}};
  for (int i = 0; i < 2; ++i) {
    Json weight = bomb;
    weight["name"] = fmt::format("block1_conv1/{}", i);
    files.group()["weights"].push_back(weight);
  }
  ExpectError(ErrorKind::kModel, "beyond reason", [&] { files.Read(); });
  EXPECT_EQ(files.reads, 0);
}

TEST(Tfjs, RefusesShardsOfOtherSizes) {
  for (const int change : {-1, 1}) {
    for (const char* name : {"group1-shard1of2.bin", "group1-shard2of2.bin"}) {
      Files files = SmallFiles(SmallLayout());
      files.shards[name].resize(files.shards[name].size() + static_cast<size_t>(change));
      ExpectError(ErrorKind::kModel, "its shards have", [&] { files.Read(); });
    }
  }
  Files files = SmallFiles(SmallLayout());
  files.shards["group1-shard1of2.bin"].resize(1 << 20);
  ExpectError(ErrorKind::kModel, "its shards have", [&] { files.Read(); });
}

TEST(Tfjs, SurvivesCutsAndDamage) {
  Files files = SmallFiles(SmallLayout());
  const std::string good = ToText(files.json);
  for (size_t length = 0; length < good.size(); ++length) {
    ExpectError(ErrorKind::kModel, [&] { ReadTfjs(good.substr(0, length), files.Reader(), "x"); });
  }
  Random random(29, RandomPurpose::kTest);
  const ReadBeside any = [&](const std::string& name, uint64_t) {
    const auto found = files.shards.find(name);
    return found == files.shards.end() ? std::string() : found->second;
  };
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (uint32_t flips = 1 + random.Below(3); flips > 0; --flips) {
      bytes[random.Below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<char>(1 + random.Below(255));
    }
    try {
      ReadTfjs(bytes, any, "x");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1500);
}

// On the disk, through the front door.
class TfjsFolder : public ::testing::Test {
 protected:
  TfjsFolder() {
    for (const auto& [name, bytes] : files_.shards) std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
    std::ofstream(Model()) << ToText(files_.json);
  }
  fs::path Model() const { return folder_.path() / "model.json"; }
  TensorMap Import() const { return ImportWeights(Model(), SmallLayout()); }

  const testing::TemporaryFolder folder_;
  Files files_ = SmallFiles(SmallLayout());
};

TEST_F(TfjsFolder, Reads) {
  ExpectSameTensors(Import(), SmallWeights(SmallLayout()));
}

TEST_F(TfjsFolder, RefusesLinksAndWhatIsNoFile) {
  const fs::path shard = folder_.path() / "group1-shard2of2.bin", elsewhere = folder_.path() / "elsewhere.bin";
  fs::rename(shard, elsewhere);
  ExpectError(ErrorKind::kIo, "group1-shard2of2.bin: cannot open", [&] { Import(); });
  fs::create_symlink(elsewhere, shard);
  ExpectError(ErrorKind::kModel, "group1-shard2of2.bin: is a link", [&] { Import(); });
  fs::remove(shard);
  fs::create_directory(shard);
  ExpectError(ErrorKind::kModel, "group1-shard2of2.bin: is no file", [&] { Import(); });
  fs::remove(shard);
  ASSERT_EQ(::mkfifo(shard.c_str(), 0600), 0);
  ExpectError(ErrorKind::kModel, "group1-shard2of2.bin: is no file", [&] { Import(); });
}

// The file of 2 TB is a hole; nothing of that size may be asked for.
TEST_F(TfjsFolder, RefusesAGiantShard) {
  std::error_code full;
  fs::resize_file(folder_.path() / "group1-shard2of2.bin", uintmax_t{1} << 41, full);
  if (full) GTEST_SKIP() << "SKIPPED: this file system has no holes of 2 TB";
  ExpectError(ErrorKind::kModel, "has 2199023255552 bytes, expected at most", [&] { Import(); });
}

TEST_F(TfjsFolder, NeedsItsShards) {
  ExpectError(ErrorKind::kModel, "x: needs the file group1-shard1of2.bin beside it",
              [&] { ImportWeightsFromBytes(ToText(files_.json), "x", SmallLayout()); });
}

}  // namespace
}  // namespace siskin
