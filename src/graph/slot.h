// Where an activation lies while a network runs.
#pragma once

#include <cstddef>

#include "graph/layer.h"
#include "tensor/tensor.h"

namespace siskin {

enum class Place { kArena, kInput, kOutput };

// Inside the arena pixels start on cache lines (see `padded` in tensor/view.h); outside, and for values that a kernel
// takes as plain rows (softmax), they are dense. A slot in the arena without a buffer is none.
struct Slot {
  Place place = Place::kArena;
  int buffer = -1;        // of the arena
  int first_channel = 0;  // of a slice of a concatenation
  FeatureShape shape;
  int stride = 0;  // elements between pixels
  bool padded = false;
  DType dtype = DType::kF32;

  bool exists() const { return place != Place::kArena || buffer >= 0; }
};

// Of one image in memory: the only place that multiplies by the size of an element.
inline size_t ImageBytes(const FeatureShape& shape, int stride, DType dtype) {
  return static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * static_cast<size_t>(stride) * SizeOf(dtype);
}

}  // namespace siskin
