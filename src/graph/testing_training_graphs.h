// Small graphs to train: one for each kind of layer and for what may stand around it, and blocks of the networks.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace siskin::testing {

struct Case {
  const char* name;
  Graph graph;
};

std::vector<Case> Cases();

// A block of every kind of network, on images of this size.
std::vector<Case> Blocks(int h, int w);

Graph XceptionBlock(int h = 9, int w = 8);

// Logits to which every element contributes with a weight of its own.
void Finish(Graph& g, NodeId x);

}  // namespace siskin::testing
