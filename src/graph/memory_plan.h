// Where buffers with known lifetimes lie in one arena: two that are alive at the same time never overlap.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tensor/view.h"

namespace siskin {

// Pixels with fewer channels than a cache line has room for are not padded: it would cost more memory traffic than
// aligned pixels save.
constexpr bool IsWorthPadding(int channels, DType dtype) {
  return channels >= PadElements(dtype);
}

// Distance of two pixels, in elements.
constexpr int ArenaStride(int channels, bool padded, DType dtype) {
  return padded ? PixelStride(channels, dtype) : channels;
}

// A buffer is alive from the start of step `first` to the end of step `last`.
struct Lifetime {
  size_t bytes = 0;
  int first = 0, last = 0;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // of every buffer, in bytes, multiples of kLineBytes
  size_t total_bytes = 0;
};

// Greedy: the largest buffer first, each into the smallest gap it fits in among those alive with it, else after them.
// Pisarchyk, Lee 2020, "Efficient memory management for deep neural net inference", section 5.2 (offsets by size).
MemoryPlan PlanMemory(std::span<const Lifetime> lifetimes);

}  // namespace siskin
