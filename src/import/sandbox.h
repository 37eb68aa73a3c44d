// Takes away from this process what reading a file in memory does not need: files, network, other programs, endless
// memory and time. Several layers, because kernels differ: limits (always), Landlock, a filter of system calls
// (seccomp).
#pragma once

#include <string>

namespace siskin {

// To be called before the first byte of a stranger's file is looked at; there is no way back. Returns what protects the
// process from now on: "limits, Landlock, seccomp", or "limits, seccomp; without Landlock: Function not implemented".
std::string EnterSandbox();

// Tries what must not work any more, one line each: "open a file: refused". Only sensible after EnterSandbox.
std::string TrySandbox();

}  // namespace siskin
