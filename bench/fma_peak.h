// The most multiply-adds this machine does now: what every other speed is a percentage of.
#pragma once

#include "base/threads.h"

namespace siskin {

// fp32 GFLOP/s (a multiply-add is two) of all the pool's threads together, with the widest vectors of the instruction
// set in use, for about `seconds`. Shared machines change from second to second: measure next to what it is compared
// with.
double MeasureFmaPeak(double seconds, ThreadPool& threads);

}  // namespace siskin
