// Hints that a cache line will be needed. Any address will do: what is not there is not fetched. HWY_INLINE, because
// GCC drops the call of a function that does nothing else before it looks into it.
#pragma once

#include "hwy/base.h"

namespace siskin {

#if defined(__GNUC__)
// To be read, into L2.
HWY_INLINE void PrefetchL2(const float* line) {
  __builtin_prefetch(line, 0, 2);
}
// To be written, into L2 or L1.
HWY_INLINE void PrefetchL2ToWrite(const float* line) {
  __builtin_prefetch(line, 1, 2);
}
HWY_INLINE void PrefetchL1ToWrite(const float* line) {
  __builtin_prefetch(line, 1, 3);
}
#else
HWY_INLINE void PrefetchL2(const float*) {}
HWY_INLINE void PrefetchL2ToWrite(const float*) {}
HWY_INLINE void PrefetchL1ToWrite(const float*) {}
#endif

}  // namespace siskin
