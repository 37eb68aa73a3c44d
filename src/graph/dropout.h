// Dropout, of training plans and heads alike.
#pragma once

#include <cstdint>
#include <span>

#include "base/threads.h"
#include "tensor/view.h"

namespace siskin {

// Whether a unit stays in a step is a pure function of (seed, epoch, photo, unit).
struct DropoutKey {
  uint64_t seed = 0;
  uint32_t epoch = 0;
  std::span<const uint32_t> photos;  // which photo each image of the batch is
};

// y = x where a unit stays, times 1 / (1 - rate), else 0; without a key y = x. A gradient goes the same way. `stream`
// tells the layers of a network apart. y is another view than x.
void DropUnits(float rate, uint64_t stream, const DropoutKey* key, ConstView x, View y, ThreadPool& threads);

}  // namespace siskin
