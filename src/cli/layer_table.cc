#include "cli/layer_table.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "base/json.h"
#include "cli/text.h"
#include "graph/layer_rows.h"

namespace siskin::cli {
namespace {

std::map<std::string, int64_t> ParametersByLayer(const Graph& graph) {
  std::map<std::string, int64_t> counts;
  for (const LayerLayout& layer : graph.Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) counts[layer.name] += parameter.shape.num_elements();
  }
  return counts;
}

}  // namespace

std::string LayerTable(const Graph& graph) {
  const std::map<std::string, int64_t> parameters = ParametersByLayer(graph);
  std::vector<std::vector<std::string>> rows = {{"layer", "kind", "output", "parameters"}};
  for (const Layer& layer : graph.layers()) {
    const auto found = parameters.find(layer.name);
    const FeatureShape& out = layer.output;
    rows.push_back({layer.name, RowOf(layer.kind).keras_class, fmt::format("{} x {} x {}", out.h, out.w, out.c),
                    found == parameters.end() ? "" : WithCommas(found->second)});
  }
  return AlignColumns(rows, {3});
}

Json LayersToJson(const Graph& graph) {
  const std::map<std::string, int64_t> parameters = ParametersByLayer(graph);
  Json layers = Json::array();
  for (const Layer& layer : graph.layers()) {
    const auto found = parameters.find(layer.name);
    Json inputs = Json::array();
    for (const NodeId input : layer.inputs) inputs.push_back(graph.layer(input).name);
    layers.push_back({{"name", layer.name},
                      {"kind", RowOf(layer.kind).keras_class},
                      {"inputs", inputs},
                      {"output", {layer.output.h, layer.output.w, layer.output.c}},
                      {"parameters", found == parameters.end() ? 0 : found->second}});
  }
  return layers;
}

}  // namespace siskin::cli
