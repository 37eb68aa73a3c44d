#include "weights/tensorflow/tfjs.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tensor/half.h"
#include "weights/keras/keras_config.h"

namespace siskin {
namespace {

constexpr size_t kMaxJsonBytes = size_t{16} << 20;  // ResNet-50's has 109 KB
constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 30;
constexpr size_t kMaxWeights = 100'000;  // InceptionResNetV2 has 898
constexpr size_t kMaxShards = 10'000;    // of 4 MB each, as the converter cuts them
constexpr size_t kMaxWeightRank = 8;
constexpr size_t kMaxNameBytes = 255;  // of a file in a folder

// How the shard has the numbers of a weight that is fp32 in the model.
enum class Encoding { kFloat32, kFloat16, kUint8, kUint16 };

struct Weight {
  std::string name;
  Shape shape;
  size_t element_bytes = 0;  // in the shard
  bool is_float = true;      // else skipped: counters and the like
  Encoding encoding = Encoding::kFloat32;
  float scale = 1, min = 0;  // kUint8, kUint16: a number stands for scale * number + min

  uint64_t num_bytes() const { return static_cast<uint64_t>(shape.num_elements()) * element_bytes; }
};

// Shards whose bytes, joined, are the weights one after the other.
struct WeightGroup {
  std::vector<std::string> shards;
  std::vector<Weight> weights;

  uint64_t num_bytes() const {
    uint64_t bytes = 0;  // cannot overflow: ManifestReader has counted
    for (const Weight& weight : weights) bytes += weight.num_bytes();
    return bytes;
  }
};

[[noreturn]] void FailModelJson(std::string_view where, const std::string& reason) {
  Fail(ErrorKind::kModel, "{}: is no TensorFlow.js layers model that can be taken: {}", where, reason);
}

bool IsPlainName(const std::string& name) {
  const bool plain = std::none_of(name.begin(), name.end(), [](char c) {
    return c == '/' || c == '\\' || c == ':' || c == '%' || static_cast<unsigned char>(c) < ' ';
  });
  return plain && !name.empty() && name != "." && name != ".." && name.size() <= kMaxNameBytes && IsValidUtf8(name);
}

// Takes the manifest apart; every size is checked before it is believed.
class ManifestReader {
 public:
  explicit ManifestReader(std::string_view where) : where_(where) {}

  std::vector<WeightGroup> Read(const Json& manifest) {
    if (!manifest.is_array()) FailModelJson(where_, "its weightsManifest is no list");
    std::vector<WeightGroup> groups;
    for (const Json& entry : manifest) {
      WeightGroup group;
      for (const Json& path : List(entry, "paths")) group.shards.push_back(ShardName(path));
      for (const Json& weight : List(entry, "weights")) group.weights.push_back(ReadWeight(weight));
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  const Json& List(const Json& entry, const char* key) const {
    const Json& list = Member(entry, key, where_);
    if (!list.is_array()) FailModelJson(where_, fmt::format("\"{}\" in its weightsManifest is no list", key));
    return list;
  }

  std::string ShardName(const Json& path) {
    if (!path.is_string()) FailModelJson(where_, "a path in its weightsManifest is no text");
    std::string name = path.get<std::string>();
    if (!IsPlainName(name)) {
      FailModelJson(where_, fmt::format("it asks for the file {}; only plain names of files beside it are opened",
                                        Printable(name)));
    }
    if (!shards_.insert(name).second) FailModelJson(where_, "it names the shard " + Printable(name) + " twice");
    if (shards_.size() > kMaxShards) FailModelJson(where_, fmt::format("it has more than {} shards", kMaxShards));
    return name;
  }

  Weight ReadWeight(const Json& entry) {
    Weight weight;
    weight.name = StringMember(entry, "name", where_);
    const std::string name = "weight " + Printable(weight.name);
    if (!names_.insert(weight.name).second) FailModelJson(where_, name + " is listed twice");
    if (names_.size() > kMaxWeights) FailModelJson(where_, fmt::format("it has more than {} weights", kMaxWeights));
    weight.shape = ReadShape(List(entry, "shape"), name);
    SetType(entry, name, &weight);
    // float: what it takes in memory
    if (!FitsIn(weight.shape, std::max(weight.element_bytes, sizeof(float)), bytes_left_)) {
      FailModelJson(where_, fmt::format("{} has the shape {}, which is beyond reason", name, weight.shape.ToString()));
    }
    bytes_left_ -= static_cast<uint64_t>(weight.shape.num_elements()) * sizeof(float);
    return weight;
  }

  Shape ReadShape(const Json& list, const std::string& name) const {
    std::vector<int64_t> dims;
    for (const Json& dim : list) {
      const bool good = dim.is_number_unsigned() && dim.get<uint64_t>() <= kMaxTensorBytes;
      if (!good || dims.size() == kMaxWeightRank) FailModelJson(where_, name + " has a shape that is none");
      dims.push_back(dim.get<int64_t>());
    }
    return Shape(std::move(dims));
  }

  void SetType(const Json& entry, const std::string& name, Weight* weight) const {
    const std::string type = StringMember(entry, "dtype", where_);
    weight->is_float = type == "float32";
    weight->element_bytes = type == "bool" ? 1 : 4;
    if (type != "float32" && type != "int32" && type != "bool") {
      FailModelJson(where_, fmt::format("{} is of the type {}; Siskin takes float32", name, Printable(type)));
    }
    if (!entry.contains("quantization")) return;
    const Json& quantization = entry["quantization"];
    const std::string stored = StringMember(quantization, "dtype", where_);
    if (!weight->is_float || (stored != "float16" && stored != "uint8" && stored != "uint16")) {
      FailModelJson(where_, fmt::format("{} is stored as {}; Siskin takes float32, float16, and uint8 or uint16 with "
                                        "scale and min",
                                        name, Printable(stored)));
    }
    weight->element_bytes = stored == "uint8" ? 1 : 2;
    weight->encoding = stored == "float16" ? Encoding::kFloat16
                       : stored == "uint8" ? Encoding::kUint8
                                           : Encoding::kUint16;
    if (weight->encoding == Encoding::kFloat16) return;
    weight->scale = static_cast<float>(NumberMember(quantization, "scale", where_));
    weight->min = static_cast<float>(NumberMember(quantization, "min", where_));
  }

  std::string_view where_;
  std::set<std::string> shards_, names_;
  uint64_t bytes_left_ = kMaxTensorBytes;
};

struct Model {
  Json json;
  std::vector<WeightGroup> groups;
};

Model ParseModel(std::string_view text, std::string_view where) {
  if (text.size() > kMaxJsonBytes) FailModelJson(where, fmt::format("its JSON has {} bytes", text.size()));
  Model model{ParseJson(text, where), {}};
  if (model.json.is_object() && model.json.value("format", Json()) == "graph-model") {
    FailModelJson(where,
                  "it is a graph model, whose layers have no names any more; convert the Keras model with "
                  "--output_format=tfjs_layers_model");
  }
  model.groups = ManifestReader(where).Read(Member(model.json, "weightsManifest", where));
  return model;
}

std::string ReadGroup(const WeightGroup& group, const ReadBeside& read, std::string_view where) {
  const uint64_t expected = group.num_bytes();
  std::string bytes;
  for (const std::string& shard : group.shards) {
    if (bytes.size() <= expected) bytes += read(shard, expected - bytes.size());
  }
  if (bytes.size() != expected) {
    FailModelJson(where, fmt::format("its shards have {} bytes, its weights {}; a shard is cut off or another model's",
                                     bytes.size(), expected));
  }
  return bytes;
}

// Each number as `decode` reads it.
template <typename Stored>
void DecodeAll(std::string_view bytes, std::span<float> values, const auto& decode) {
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored = 0;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = decode(stored);
  }
}

Tensor TensorOf(const Weight& weight, std::string_view bytes) {
  Tensor tensor(weight.shape);
  if (tensor.empty()) return tensor;
  const std::span<float> values = tensor.values<float>();
  const auto dequantise = [&](auto stored) { return static_cast<float>(stored) * weight.scale + weight.min; };
  switch (weight.encoding) {
    case Encoding::kFloat32:
      std::memcpy(values.data(), bytes.data(), bytes.size());
      break;
    case Encoding::kFloat16:
      DecodeAll<uint16_t>(bytes, values, FromHalf);
      break;
    case Encoding::kUint8:
      DecodeAll<uint8_t>(bytes, values, dequantise);
      break;
    case Encoding::kUint16:
      DecodeAll<uint16_t>(bytes, values, dequantise);
      break;
  }
  return tensor;
}

// The models of the topology, each with its layers in order, as far as they have weights.
class Topology {
 public:
  Topology(std::vector<FileLayer> layers, std::string_view where) : where_(where) {
    for (FileLayer& layer : layers) {
      const std::string name = layer.name;
      if (!by_name_.emplace(name, std::move(layer)).second) {
        FailModelJson(where,
                      "two of its models have a layer " + Printable(name) + "; which one is meant cannot be known");
      }
    }
  }

  void Visit(const std::string& name, const Json& config, int depth) {
    if (depth == kMaxModelNesting) {
      FailModelJson(where_, fmt::format("it nests models deeper than {}", kMaxModelNesting));
    }
    FileModel model{name, {}};
    for (const ConfigLayer& layer : LayersOfConfig(config)) {
      if (layer.model != nullptr) Visit(layer.name, *layer.model, depth + 1);
      const auto found = by_name_.find(layer.name);
      if (found == by_name_.end()) continue;
      model.layers.push_back(std::move(found->second));
      model.layers.back().keras_class = layer.keras_class;
      by_name_.erase(found);
    }
    if (!model.layers.empty()) models_.push_back(std::move(model));
  }

  std::vector<FileModel> Take() {
    if (!by_name_.empty()) {
      FailModelJson(where_,
                    "it has weights of a layer " + Printable(by_name_.begin()->first) + " that it does not describe");
    }
    return std::move(models_);
  }

 private:
  std::string_view where_;
  std::map<std::string, FileLayer> by_name_;
  std::vector<FileModel> models_;
};

std::vector<FileModel> ModelsOf(const Json& json, std::vector<FileLayer> layers, std::string_view where) {
  const Json& topology = Member(json, "modelTopology", where);
  const bool from_python = topology.is_object() && topology.contains("model_config");
  const Json& model = from_python ? topology["model_config"] : topology;  // else saved by JavaScript
  Topology walk(std::move(layers), where);
  walk.Visit("", Member(model, "config", where), 0);
  return walk.Take();
}

}  // namespace

std::vector<std::string> TfjsShards(std::string_view json, std::string_view where) {
  std::vector<std::string> names;
  for (const WeightGroup& group : ParseModel(json, where).groups) {
    names.insert(names.end(), group.shards.begin(), group.shards.end());
  }
  return names;
}

FileContents ReadTfjs(std::string_view json, const ReadBeside& read, std::string_view where) {
  const Model model = ParseModel(json, where);
  std::vector<std::string> names;
  for (const WeightGroup& group : model.groups) {
    for (const Weight& weight : group.weights) {
      if (weight.is_float) names.push_back(weight.name);
    }
  }
  FileContents contents;
  contents.models = ModelsOf(model.json, GroupByScope(names), where);
  for (const WeightGroup& group : model.groups) {
    const std::string bytes = ReadGroup(group, read, where);
    std::string_view rest = bytes;
    for (const Weight& weight : group.weights) {
      if (weight.is_float) contents.tensors.emplace(weight.name, TensorOf(weight, rest.substr(0, weight.num_bytes())));
      rest.remove_prefix(weight.num_bytes());
    }
  }
  return contents;
}

}  // namespace siskin
