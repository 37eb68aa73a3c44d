// A graph as people draw it: boxes one below the other, blocks of parallel branches that join again, and what repeats
// drawn once. Batch normalisation, activations, dropout and padding are notes of the layer they belong to.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace siskin {

struct OutlineBox {
  LayerKind kind = LayerKind::kInput;
  std::string name;   // of the layer: "block1_conv1"
  std::string title;  // "Conv 3×3, 32"
  std::string note;   // "stride 2, BN, ReLU"; may be empty
  FeatureShape output;
};

struct OutlinePart;
using OutlineSeries = std::vector<OutlinePart>;  // each part reads the one before

struct OutlinePart {
  enum class Kind {
    kBox,       // box
    kParallel,  // branches that read the same and are joined by `box` (an addition, a concatenation); an empty branch
                // is the value itself
    kRepeat,    // the one branch, `times` times over
  };
  Kind kind = Kind::kBox;
  OutlineBox box;
  std::vector<OutlineSeries> branches;
  int times = 1;
  std::string caption;  // of blocks, from the names of their layers: "block2", "block5 ... block12"
};

// From the input (the first part, a box) to the output. kInternal if branches share layers and do not all join in one:
// no network is like that.
OutlineSeries OutlineOf(const Graph& graph);

// Of what a part writes.
const FeatureShape& OutputOf(const OutlinePart& part);

}  // namespace siskin
