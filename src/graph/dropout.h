// What dropout depends on: training plans and heads alike.
#pragma once

#include <cstdint>
#include <span>

namespace siskin {

// Whether a unit stays in a step is a pure function of (seed, epoch, photo, unit).
struct DropoutKey {
  uint64_t seed = 0;
  uint32_t epoch = 0;
  std::span<const uint32_t> photos;  // which photo each image of the batch is
};

}  // namespace siskin
