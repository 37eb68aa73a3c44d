// Walking over floats with whole vectors and one part of a vector at the end.
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

// The first `count` lanes; what lies after them in memory is neither read nor written.
struct PartOfVector {
  HWY_INLINE Vector Load(const float* p) const { return LoadFirst(p, count); }
  HWY_INLINE void Store(Vector v, float* p) const { StoreFirst(v, p, count); }
  int count;
};

// Calls body(io, i) for i = 0, kLanes, ... below `whole`, a multiple of kLanes, and then for i = whole if there are
// `partial` < kLanes more floats; io loads and stores those at i.
template <typename Index, typename Body>
HWY_INLINE void ForEachVector(Index whole, Index partial, const Body& body) {
  for (Index i = 0; i < whole; i += kLanes) body(WholeVector(), i);
  if (partial > 0) body(PartOfVector{static_cast<int>(partial)}, whole);
}

// For each of `count` floats.
template <typename Body>
HWY_INLINE void ForLanes(size_t count, const Body& body) {
  const size_t partial = count % kLanes;
  ForEachVector(count - partial, partial, body);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#endif  // SISKIN_KERNELS_LANES_INL_H_
