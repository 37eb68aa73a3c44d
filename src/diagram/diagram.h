// A graph as a picture: SVG, from top to bottom in as many columns as make it fit a page, sizes of activations beside
// the arrows.
#pragma once

#include <string>

#include "graph/graph.h"

namespace siskin {

// title, subtitle: above the picture, escaped. kInternal for a graph that cannot be drawn (see OutlineOf).
std::string DiagramSvg(const Graph& graph, const std::string& title, const std::string& subtitle);

}  // namespace siskin
