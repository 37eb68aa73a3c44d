// Which memory every value of a program lives in: the caller's input and output, or buffers of the arena; several
// values share a buffer when one is written over the other or when they are slices of a concatenation.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/memory_plan.h"
#include "graph/program.h"

namespace siskin {

enum class Place { kArena, kInput, kOutput };

// Where one value lies. Inside the arena pixels start on cache lines (see `padded` in tensor/view.h); outside, and for
// values that a kernel takes as plain rows (softmax), they are dense.
struct Slot {
  Place place = Place::kArena;
  int buffer = -1;        // which of Storage::buffers
  int first_channel = 0;  // of a slice of a concatenation
  FeatureShape shape;
  int stride = 0;  // floats between pixels
  bool padded = false;
};

struct Storage {
  std::vector<Slot> slots;        // by value
  std::vector<Lifetime> buffers;  // of the arena; bytes for one image
};

Storage AssignStorage(const Program& program);

// Whether a part that belongs at `first_channel` of the concatenation `whole` is computed there, without a copy.
bool IsSliceAt(const Slot& part, const Slot& whole, int first_channel);

}  // namespace siskin
