// How element-wise kernels cut tensors into contiguous runs and runs into work items.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/threads.h"
#include "tensor/view.h"

namespace siskin {

// Floats at each pixel that a kernel reading `x` and writing `y` handles: all that may be overwritten when both are
// padded (full vectors, no tail), else just the channels.
inline int RunLanes(ConstView x, ConstView y) {
  return y.padded ? x.touchable() : x.c;
}

// Floats of a work item: 64 KB of each operand take some 5 us, far above the 0.1 us to hand an item out, and are few
// enough for one 112x112x32 image to make 24 items.
inline constexpr size_t kItemFloats = 16384;

// Calls body(pixel, count) for runs of `count` floats that start at `pixel` of every operand, from all threads. With
// `contiguous` (every operand's stride is `lanes`) runs span many pixels, otherwise each has the `lanes` of one.
template <typename Body>
void ForEachRun(size_t num_pixels, int lanes, bool contiguous, ThreadPool& threads, const Body& body) {
  const size_t item = std::max<size_t>(1, kItemFloats / std::max(lanes, 1));
  threads.ParallelFor((num_pixels + item - 1) / item, [&](size_t index, int) {
    const size_t first = index * item, last = std::min(num_pixels, first + item);
    if (contiguous) {
      body(first, (last - first) * lanes);
    } else {
      for (size_t pixel = first; pixel < last; ++pixel) body(pixel, static_cast<size_t>(lanes));
    }
  });
}

}  // namespace siskin
