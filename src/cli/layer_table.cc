#include "cli/layer_table.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "base/json.h"
#include "cli/text.h"

namespace siskin::cli {
namespace {

const char* KindName(LayerKind kind) {
  switch (kind) {
    case LayerKind::kInput:
      return "Input";
    case LayerKind::kZeroPad:
      return "ZeroPadding2D";
    case LayerKind::kConv2D:
      return "Conv2D";
    case LayerKind::kDepthwiseConv2D:
      return "DepthwiseConv2D";
    case LayerKind::kSeparableConv2D:
      return "SeparableConv2D";
    case LayerKind::kBatchNorm:
      return "BatchNormalization";
    case LayerKind::kActivation:
      return "Activation";
    case LayerKind::kMaxPool:
      return "MaxPooling2D";
    case LayerKind::kAveragePool:
      return "AveragePooling2D";
    case LayerKind::kGlobalAveragePool:
      return "GlobalAveragePooling2D";
    case LayerKind::kGlobalMaxPool:
      return "GlobalMaxPooling2D";
    case LayerKind::kAdd:
      return "Add";
    case LayerKind::kConcat:
      return "Concatenate";
    case LayerKind::kDense:
      return "Dense";
    case LayerKind::kDropout:
      return "Dropout";
    case LayerKind::kSoftmax:
      return "Softmax";
    case LayerKind::kSigmoid:
      return "Sigmoid";
    case LayerKind::kFlatten:
      return "Flatten";
  }
  return "?";
}

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
    rows.push_back({layer.name, KindName(layer.kind), fmt::format("{} x {} x {}", out.h, out.w, out.c),
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
                      {"kind", KindName(layer.kind)},
                      {"inputs", inputs},
                      {"output", {layer.output.h, layer.output.w, layer.output.c}},
                      {"parameters", found == parameters.end() ? 0 : found->second}});
  }
  return layers;
}

}  // namespace siskin::cli
