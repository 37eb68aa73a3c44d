// The layers of a graph as a table: name, kind, output, parameters.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "graph/graph.h"

namespace siskin::cli {

std::string LayerTable(const Graph& graph);
Json LayersToJson(const Graph& graph);

}  // namespace siskin::cli
