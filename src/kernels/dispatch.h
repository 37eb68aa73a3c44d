// How a function that is compiled once per instruction set is called. Highway's headers compile it and list the
// results; which of them runs is decided in isa.cc and not by Highway's library: it is one shared library more for
// every program that only predicts, and what it is told to leave out it leaves out for everybody in the process.
#pragma once

#include "hwy/highway.h"

namespace siskin {

// The targets that may run, as SISKIN_ISA (kUsage if it names one that is not there) and ForceIsa have left them.
const hwy::ChosenTarget& UsableTargets();

}  // namespace siskin

// HWY_EXPORT as in Highway's examples, but without the first entry of its table, which would ask the library.
#undef HWY_EXPORT
#undef HWY_DYNAMIC_DISPATCH
#if HWY_IDE || (HWY_TARGETS & (HWY_TARGETS - 1)) == 0
#define HWY_EXPORT(function)                                                                                \
  HWY_MAYBE_UNUSED static decltype(&HWY_STATIC_DISPATCH(function)) const HWY_DISPATCH_TABLE(function)[] = { \
      &HWY_STATIC_DISPATCH(function)}
#define SISKIN_DISPATCH(function) (siskin::UsableTargets(), HWY_STATIC_DISPATCH(function))
#else
#define HWY_EXPORT(function)                                                                                          \
  static decltype(&HWY_STATIC_DISPATCH(function)) const HWY_DISPATCH_TABLE(function)[HWY_MAX_DYNAMIC_TARGETS + 2] = { \
      nullptr, HWY_CHOOSE_TARGET_LIST(function), HWY_CHOOSE_FALLBACK(function)}
#define SISKIN_DISPATCH(function) (*HWY_DISPATCH_TABLE(function)[siskin::UsableTargets().GetIndex()])
#endif
