// A part of a network by the name that its layers have in common.
#pragma once

#include <string>

#include "graph/graph.h"

namespace siskin {

// The layers called `name` or `name`_..., after an input of their own: "mixed4" of InceptionV3, "block5" of Xception.
// kUsage if there are none (with the nearest that there is), or if other layers stand between them.
Graph BlockNamed(const Graph& graph, const std::string& name);

}  // namespace siskin
