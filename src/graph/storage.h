// Which memory every value of a program lives in: the caller's input and output, or buffers of the arena; several
// values share a buffer when one is written over the other or when they are slices of a concatenation.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/memory_plan.h"
#include "graph/program.h"
#include "graph/slot.h"

namespace siskin {

struct Storage {
  std::vector<Slot> slots;        // by value
  std::vector<Lifetime> buffers;  // of the arena; bytes for one image
};

Storage AssignStorage(const Program& program);

// Whether a part that belongs at `first_channel` of the concatenation `whole` is computed there, without a copy.
bool IsSliceAt(const Slot& part, const Slot& whole, int first_channel);

}  // namespace siskin
