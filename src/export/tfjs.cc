#include "export/tfjs.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace siskin {
namespace {

// Browsers cache files up to about this size; TensorFlow's own converter cuts here too.
constexpr size_t kShardBytes = 4 << 20;

Json LayerConfig(const KerasLayer& layer) {
  Json config = layer.config;
  config["name"] = layer.name;
  if (layer.inputs.empty()) {
    Json& shape = config["batch_input_shape"] = Json::array({nullptr});
    for (const int64_t size : layer.output) shape.push_back(size);
  }
  Json nodes = Json::array(), tensors = Json::array();
  for (const std::string& input : layer.inputs) tensors.push_back(Json::array({input, 0, 0, Json::object()}));
  if (!tensors.empty()) nodes.push_back(tensors);
  return {{"class_name", layer.class_name}, {"config", config}, {"name", layer.name}, {"inbound_nodes", nodes}};
}

// The tensors in the order of the layers: the list for model.json, and their bytes.
struct Weights {
  Json list = Json::array();
  std::string bytes;
};

Weights Collect(const KerasNetwork& network, const TensorMap& tensors) {
  Weights weights;
  for (const KerasLayer& layer : network.layers) {
    for (const std::string& name : layer.weights) {
      const Tensor& tensor = network.WeightNamed(name, tensors);
      weights.list.push_back({{"name", name}, {"shape", tensor.shape().dims()}, {"dtype", "float32"}});
      const auto bytes = tensor.bytes();
      weights.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  }
  return weights;
}

}  // namespace

Json Keras2Config(const KerasNetwork& network, const std::string& name) {
  Json layers = Json::array();
  for (const KerasLayer& layer : network.layers) layers.push_back(LayerConfig(layer));
  return {{"class_name", "Model"},
          {"config",
           {{"name", name},
            {"layers", layers},
            {"input_layers", Json::array({Json::array({network.layers.front().name, 0, 0})})},
            {"output_layers", Json::array({Json::array({network.layers.back().name, 0, 0})})}}}};
}

std::vector<ExportedFile> WriteTfjs(const ClassifierModel& model, const std::filesystem::path& folder, FileOps& ops) {
  const KerasNetwork network = KerasLayers(model);
  const Weights weights = Collect(network, model.weights);
  MakeFolder(folder);
  std::vector<ExportedFile> files(1);  // model.json comes first in the list and last on the disk
  Json paths = Json::array();
  const size_t num_shards = (weights.bytes.size() + kShardBytes - 1) / kShardBytes;
  for (size_t i = 0; i < num_shards; ++i) {
    const std::string name = fmt::format("group1-shard{}of{}.bin", i + 1, num_shards);
    const std::string_view shard = std::string_view(weights.bytes).substr(i * kShardBytes, kShardBytes);
    files.push_back(WriteExportedFile(folder / name, shard, ops));
    paths.push_back(name);
  }
  const Json topology = {{"keras_version", "2.15.0"},
                         {"backend", "tensorflow"},
                         {"model_config", Keras2Config(network, model.card.network.network)}};
  const Json index = {{"format", "layers-model"},
                      {"generatedBy", "siskin " SISKIN_VERSION},
                      {"convertedBy", nullptr},
                      {"modelTopology", topology},
                      {"weightsManifest", Json::array({{{"paths", paths}, {"weights", weights.list}}})},
                      {"userDefinedMetadata", {{"siskin", ExportNotes(model.card)}}}};
  files[0] = WriteExportedFile(folder / "model.json", ToText(index), ops);
  return files;
}

}  // namespace siskin
