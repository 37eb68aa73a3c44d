// Which instruction sets the kernels may use. Highway picks the best one at run time; tests and `SISKIN_ISA` narrow it.
// Matrices packed under one instruction set must be used under the same one: call ForceIsa before building anything.
#pragma once

#include <string>
#include <vector>

namespace siskin {

// Names of the instruction sets that this processor has and that the kernels were compiled for, best first:
// "avx512", "avx2", "sse4", "scalar" (Highway 1.0.3 has no kernels between plain C++ and SSE4).
std::vector<std::string> SupportedIsas();

// The one in use.
std::string CurrentIsa();

// From now on only `name`, or everything again with "best". kUsage if the name is unknown or the processor lacks it.
// Not thread-safe.
void ForceIsa(const std::string& name);

}  // namespace siskin
