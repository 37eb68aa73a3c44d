// What a network costs where it runs: time and memory of inference. Works on any graph; the numbers do not depend on
// the weights.
#pragma once

#include <cstddef>

#include "base/threads.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace siskin {

struct InferenceCost {
  double ms_per_photo = 0;       // one photo at a time
  double photos_per_second = 0;  // kMeasuredBatch at a time
  size_t memory_bytes = 0;       // packed weights, activations and scratch for one photo at a time
};

inline constexpr int kMeasuredBatch = 8;

// Medians of runs for about `seconds` each, at least three; noise for input. Decoding and resizing are not in it.
InferenceCost MeasureInference(const Graph& graph, const TensorMap& weights, double seconds, ThreadPool& threads);

}  // namespace siskin
