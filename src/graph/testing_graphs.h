// Small random graphs in which everything the compiler looks for occurs: branches that meet in additions and
// concatenations, padding, batch norm and activations wherever they may stand, odd sizes, few and many channels.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace siskin::testing {

// A function of the seed.
Graph RandomGraph(uint64_t seed);

// The same for training: ends in logits, and padding stands before convolutions only.
Graph RandomTrainingGraph(uint64_t seed);

}  // namespace siskin::testing
