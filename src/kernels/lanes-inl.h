// Walking over floats with whole vectors and one part of a vector at the end, for kernels that touch each float once.
// Compiled once per instruction set; include inside a foreach_target file.
#if defined(SISKIN_KERNELS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SISKIN_KERNELS_LANES_INL_H_
#undef SISKIN_KERNELS_LANES_INL_H_
#else
#define SISKIN_KERNELS_LANES_INL_H_
#endif

#include <cstddef>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

struct WholeVector {
  HWY_INLINE Vector Load(const float* p) const { return hn::LoadU(Floats(), p); }
  HWY_INLINE void Store(Vector v, float* p) const { hn::StoreU(v, Floats(), p); }
};

// The first `count` lanes; what lies behind them in memory is neither read nor written.
struct PartOfVector {
  HWY_INLINE Vector Load(const float* p) const { return LoadFirst(p, count); }
  HWY_INLINE void Store(Vector v, float* p) const { StoreFirst(v, p, count); }
  int count;
};

// Calls body(io, i) for i = 0, kLanes, ... below `count`; io loads and stores the floats at i that are below `count`.
template <typename Body>
HWY_INLINE void ForLanes(size_t count, const Body& body) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) body(WholeVector(), i);
  if (i < count) body(PartOfVector{static_cast<int>(count - i)}, i);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#endif  // SISKIN_KERNELS_LANES_INL_H_
