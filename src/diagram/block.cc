#include "diagram/block.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/nearest_name.h"
#include "base/utf8.h"

namespace siskin {
namespace {

bool BelongsTo(std::string_view layer, std::string_view block) {
  return layer.starts_with(block) && (layer.size() == block.size() || layer[block.size()] == '_');
}

// What layers' names begin with: "conv2", "conv2_block1", "conv2_block1_1" ...
std::vector<std::string> PossibleNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Layer& layer : graph.layers()) {
    for (size_t end = layer.name.find('_'); end != std::string::npos; end = layer.name.find('_', end + 1)) {
      names.push_back(layer.name.substr(0, end));
    }
  }
  return names;
}

}  // namespace

Graph BlockNamed(const Graph& graph, const std::string& name) {
  const std::vector<Layer>& layers = graph.layers();
  const auto belongs = [&](const Layer& layer) { return BelongsTo(layer.name, name); };
  const auto first = std::ranges::find_if(layers, belongs);
  if (first == layers.end() || first == layers.begin()) {
    const std::string nearest = NearestName(name, PossibleNames(graph));
    Fail(ErrorKind::kUsage, "no layer belongs to a block \"{}\"; {}`siskin info` lists the layers", Printable(name, 60),
         nearest.empty() ? "" : "did you mean " + nearest + "? ");
  }
  const auto end = std::find_if_not(first, layers.end(), belongs);
  if (std::any_of(end, layers.end(), belongs)) {
    Fail(ErrorKind::kUsage, "{}: {} stands between its layers; name a smaller part", Printable(name, 60), end->name);
  }
  const Graph rest = graph.SplitBefore(first->name).second;
  return end == layers.end() ? rest : rest.SplitBefore(end->name).first;
}

}  // namespace siskin
