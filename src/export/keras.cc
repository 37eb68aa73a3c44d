#include "export/keras.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "graph/keras_order.h"
#include "weights/keras/hdf5.h"
#include "weights/store/archive.h"

namespace siskin {
namespace {

// The version whose format this is; later ones read it.
constexpr char kKerasVersion[] = "3.0.0";

Json WithBatch(const std::vector<int64_t>& shape) {
  Json dims = Json::array({nullptr});
  for (const int64_t size : shape) dims.push_back(size);
  return dims;
}

const KerasLayer& Find(const KerasNetwork& network, const std::string& name) {
  return *std::ranges::find(network.layers, name, &KerasLayer::name);
}

Json InboundNode(const KerasNetwork& network, const KerasLayer& layer) {
  Json tensors = Json::array();
  for (const std::string& input : layer.inputs) {
    tensors.push_back({{"class_name", "__keras_tensor__"},
                       {"config",
                        {{"shape", WithBatch(Find(network, input).output)},
                         {"dtype", "float32"},
                         {"keras_history", Json::array({input, 0, 0})}}}});
  }
  const Json argument = layer.inputs.size() == 1 ? tensors[0] : tensors;
  return {{"args", Json::array({argument})}, {"kwargs", Json::object()}};
}

Json LayerConfig(const KerasNetwork& network, const KerasLayer& layer) {
  Json config = layer.config;
  config["name"] = layer.name;
  if (layer.inputs.empty()) config["batch_shape"] = WithBatch(layer.output);
  Json nodes = Json::array();
  if (!layer.inputs.empty()) nodes.push_back(InboundNode(network, layer));
  return {{"module", "keras.layers"}, {"class_name", layer.class_name},
          {"config", config},         {"registered_name", nullptr},
          {"name", layer.name},       {"inbound_nodes", nodes}};
}

// "SeparableConv2D" -> "separable_conv2d": an underscore before a capital that a small letter follows or precedes.
std::string SnakeCase(const std::string& name) {
  const auto is = [](int (*kind)(int), char c) { return kind(static_cast<unsigned char>(c)) != 0; };
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool capital = is(std::isupper, name[i]);
    const bool after_small = i > 0 && is(std::islower, name[i - 1]);
    const bool before_small = i > 0 && i + 1 < name.size() && is(std::islower, name[i + 1]);
    if (capital && (after_small || before_small)) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return snake;
}

// Indices of the layers as Keras keeps them in a model.
std::vector<size_t> InKerasOrder(const KerasNetwork& network) {
  std::map<std::string, size_t> indices;
  std::vector<std::vector<size_t>> inputs;
  for (const KerasLayer& layer : network.layers) {
    indices[layer.name] = inputs.size();
    inputs.emplace_back();
    for (const std::string& input : layer.inputs) inputs.back().push_back(indices.at(input));
  }
  return KerasOrder(inputs);
}

// What was written is read again: the bytes of the tensors must come back.
void CheckHdf5(std::string_view bytes, const TensorMap& tensors) {
  const TensorMap again = ReadHdf5InSandbox(bytes, "the exported weights").tensors;
  const auto same = [](const TensorMap::value_type& a, const TensorMap::value_type& b) {
    return a.first == b.first && a.second.shape() == b.second.shape() &&
           std::ranges::equal(a.second.bytes(), b.second.bytes());
  };
  if (!std::ranges::equal(again, tensors, same)) {
    Fail(ErrorKind::kInternal, "the exported weights do not read back as they were written");
  }
}

// The tensors under their paths in model.weights.h5, and the layers' names as attributes beside them.
std::string WeightsFile(const KerasNetwork& network, const TensorMap& weights) {
  const std::map<std::string, std::string> groups = KerasWeightGroups(network);
  TensorMap tensors;
  Json attributes = Json::object();
  for (const KerasLayer& layer : network.layers) {
    if (layer.weights.empty()) continue;
    const std::string vars = groups.at(layer.name) + "/vars";
    attributes[vars] = {{"name", Json::array({layer.name})}};
    for (size_t i = 0; i < layer.weights.size(); ++i) {
      tensors.emplace(fmt::format("{}/{}", vars, i), network.WeightNamed(layer.weights[i], weights).Clone());
    }
  }
  std::string bytes = WriteHdf5InSandbox(tensors, attributes);
  CheckHdf5(bytes, tensors);
  return bytes;
}

}  // namespace

Json Keras3Config(const KerasNetwork& network, const std::string& name) {
  Json layers = Json::array();
  for (const KerasLayer& layer : network.layers) layers.push_back(LayerConfig(network, layer));
  return {{"module", "keras.src.models.functional"},
          {"class_name", "Functional"},
          {"config",
           {{"name", name},
            {"trainable", true},
            {"layers", layers},
            {"input_layers", Json::array({network.layers.front().name, 0, 0})},
            {"output_layers", Json::array({network.layers.back().name, 0, 0})}}},
          {"registered_name", "Functional"}};
}

std::map<std::string, std::string> KerasWeightGroups(const KerasNetwork& network) {
  std::map<std::string, std::string> groups;
  std::map<std::string, int> used;
  for (const size_t index : InKerasOrder(network)) {
    const KerasLayer& layer = network.layers[index];
    const std::string kind = SnakeCase(layer.class_name);
    const int number = used[kind]++;
    groups[layer.name] = "layers/" + kind + (number == 0 ? "" : fmt::format("_{}", number));
  }
  return groups;
}

ExportedFile WriteKeras(const ClassifierModel& model, const std::filesystem::path& out, FileOps& ops) {
  const KerasNetwork network = KerasLayers(model);
  const std::string config = ToText(Keras3Config(network, model.card.network.network));
  const std::string metadata = ToText({{"keras_version", kKerasVersion}, {"siskin", ExportNotes(model.card)}});
  const std::string weights = WeightsFile(network, model.weights);
  const std::pair<std::string, std::string_view> members[] = {
      {"metadata.json", metadata}, {"config.json", config}, {"model.weights.h5", weights}};
  ExportedFile written{out, 0};
  AtomicFile file(out, ops);
  WriteZip(members, [&](std::string_view piece) {
    file.Write(piece);
    written.bytes += piece.size();
  });
  file.Commit();
  return written;
}

}  // namespace siskin
