// For tests: how often a program has allocated memory. One file of the program includes testing_allocations-inl.h,
// which counts.
#pragma once

#include <cstddef>

namespace siskin::testing {

size_t NumAllocations();          // by all threads
size_t NumAllocationsOfThread();  // by the calling one, where others may allocate meanwhile

}  // namespace siskin::testing
