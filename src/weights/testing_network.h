// For tests of files without names: a small network with every kind of step, and what may be different about another.
#pragma once

#include "graph/graph.h"

namespace siskin::testing {

// A GraphBuilder, for images of 17x20 and more.
struct SmallNetwork {
  int stride = 2, kernel = 3, filters = 8, sum_stride = 2;
  Activation activation = Activation::kRelu6;
  Padding zeros = {.bottom = 1, .right = 1};
  bool always_padded = false;  // the maximum: a row on every side, as PyTorch pads
  bool padded_average = true;  // without counting the zeros
  bool other_order = false;    // of a concatenation
  bool top = true, pooling = true;

  Graph operator()(int more) const;
};

}  // namespace siskin::testing
