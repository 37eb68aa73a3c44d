#include "export/keras.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

#include "base/error.h"
#include "weights/archive.h"
#include "weights/hdf5.h"

namespace siskin {
namespace {

// The version whose format this is; later ones read it.
constexpr char kKerasVersion[] = "3.0.0";

Json WithBatch(const std::vector<int64_t>& shape) {
  Json dims = {nullptr};
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

// Layers as Keras keeps them: those farthest from the output first, equally far ones in the order in which a search
// from the output comes upon them.
std::vector<const KerasLayer*> InKerasOrder(const KerasNetwork& network) {
  std::map<std::string, int> distance, met;
  for (auto layer = network.layers.rbegin(); layer != network.layers.rend(); ++layer) {
    for (const std::string& input : layer->inputs) {
      distance[input] = std::max(distance[input], distance[layer->name] + 1);
    }
  }
  std::vector<const KerasLayer*> pending = {&network.layers.back()};  // the deepest search first: a stack
  while (!pending.empty()) {
    const KerasLayer* layer = pending.back();
    pending.pop_back();
    if (!met.emplace(layer->name, static_cast<int>(met.size())).second) continue;
    for (auto input = layer->inputs.rbegin(); input != layer->inputs.rend(); ++input) {
      pending.push_back(&Find(network, *input));
    }
  }
  std::vector<const KerasLayer*> order;
  for (const KerasLayer& layer : network.layers) order.push_back(&layer);
  std::ranges::sort(order, {},
                    [&](const KerasLayer* layer) { return std::pair(-distance[layer->name], met[layer->name]); });
  return order;
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
      const auto added = network.added.find(layer.weights[i]);
      const Tensor& tensor = added != network.added.end() ? added->second : weights.at(layer.weights[i]);
      tensors.emplace(fmt::format("{}/{}", vars, i), tensor.Clone());
    }
  }
  return WriteHdf5InSandbox(tensors, attributes);
}

}  // namespace

Json Keras3Config(const KerasNetwork& network, const std::string& name) {
  Json layers = Json::array();
  for (const KerasLayer& layer : network.layers) layers.push_back(LayerConfig(network, layer));
  return {{"module", "keras"},
          {"class_name", "Functional"},
          {"config",
           {{"name", name},
            {"trainable", true},
            {"layers", layers},
            {"input_layers", Json::array({Json::array({network.layers.front().name, 0, 0})})},
            {"output_layers", Json::array({Json::array({network.layers.back().name, 0, 0})})}}},
          {"registered_name", "Functional"}};
}

std::map<std::string, std::string> KerasWeightGroups(const KerasNetwork& network) {
  std::map<std::string, std::string> groups;
  std::map<std::string, int> used;
  for (const KerasLayer* layer : InKerasOrder(network)) {
    const std::string kind = SnakeCase(layer->class_name);
    const int number = used[kind]++;
    groups[layer->name] = "layers/" + kind + (number == 0 ? "" : fmt::format("_{}", number));
  }
  return groups;
}

uint64_t WriteKeras(const ClassifierModel& model, const std::filesystem::path& out, FileOps& ops) {
  const KerasNetwork network = KerasLayers(model);
  const std::string config = ToText(Keras3Config(network, model.card.network.network));
  const std::string metadata = ToText({{"keras_version", kKerasVersion}, {"siskin", ExportNotes(model.card)}});
  const std::string weights = WeightsFile(network, model.weights);
  const std::pair<std::string, std::string_view> members[] = {
      {"metadata.json", metadata}, {"config.json", config}, {"model.weights.h5", weights}};
  uint64_t bytes = 0;
  AtomicFile file(out, ops);
  WriteZip(members, [&](std::string_view piece) {
    file.Write(piece);
    bytes += piece.size();
  });
  file.Commit();
  return bytes;
}

}  // namespace siskin
