// What the demonstration pictures show: birds, and things that are none, before the same backgrounds, in the same
// colours and sizes, so that neither colour nor file size tells the classes apart. Private to data/.
#pragma once

#include <cstdint>

#include "images/image.h"

namespace siskin {

// A picture of 160 to 200 pixels a side: a bird or something else, a function of (seed, is_bird, number).
Image DrawScene(uint64_t seed, bool is_bird, uint32_t number);

}  // namespace siskin
