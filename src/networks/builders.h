// The builders behind the catalogue, one file each. Options come with their defaults filled in and checked.
#pragma once

#include "graph/graph.h"
#include "networks/catalogue.h"

namespace siskin {

Graph BuildXception(const NetworkOptions& options);
Graph BuildMobileNet(const NetworkOptions& options);

// What ends a network without top: global pooling as the options say, or nothing.
NodeId AppendPooling(Graph& graph, NodeId x, Pooling pooling);

}  // namespace siskin
