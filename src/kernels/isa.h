// Which instruction set the kernels use: the best one that the processor has; the environment variable SISKIN_ISA and
// tests narrow the choice. Matrices packed under one instruction set must be used under the same one: call ForceIsa
// before building anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace siskin {

struct InstructionSet;  // kernels/targets.h

// Names of the instruction sets that this processor has and that the kernels were compiled for, best first: "avx512",
// "avx2", "sse4", "neon", "scalar".
std::vector<std::string> SupportedIsas();

// The one in use: its name, its row of the table, and Highway's target.
std::string CurrentIsa();
const InstructionSet& CurrentInstructionSet();
int64_t CurrentTarget();

// From now on only `name`, or everything again with "best". kUsage if the name is unknown or the processor lacks it.
// Not thread-safe.
void ForceIsa(const std::string& name);

// Forces what SISKIN_ISA says, the first time that it is called; kUsage if that is not available, every time. Every
// kernel calls it before it picks its code (kernels/dispatch.h); a program may call it to hear of a mistake early.
void ObeyEnvironment();

}  // namespace siskin
