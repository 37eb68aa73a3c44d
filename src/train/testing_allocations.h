// How often the tests of this folder have allocated memory: trainer_test.cc counts.
#pragma once

#include <cstddef>

namespace siskin::testing {

// By the calling thread: those that decode photos may allocate.
size_t NumAllocations();

}  // namespace siskin::testing
