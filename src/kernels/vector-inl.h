// What the kernels share per instruction set: the vector type, the ends of rows that are no whole vector, activations.
// Included once per Highway target (see foreach_target.h), hence the toggled guard.
#if defined(SISKIN_KERNELS_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SISKIN_KERNELS_VECTOR_INL_H_
#undef SISKIN_KERNELS_VECTOR_INL_H_
#else
#define SISKIN_KERNELS_VECTOR_INL_H_
#endif

#include <cstddef>
#include <limits>

#include "hwy/highway.h"
#include "kernels/epilogue.h"
#include "kernels/targets.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(Floats()));

static_assert(FindInstructionSet(HWY_TARGET) < kNumInstructionSets,
              "Highway compiles for an instruction set that has no row in kernels/targets.h");
inline constexpr InstructionSet kTarget = kInstructionSets[FindInstructionSet(HWY_TARGET)];
static_assert(kLanes == kTarget.lanes);

// The first `count` <= kLanes floats at p, the other lanes 0. Nothing after them is touched.
HWY_INLINE Vector LoadFirst(const float* p, int count) {
  const Floats d;
  if constexpr (kTarget.masks_memory) {
    return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, p);
  } else {
    HWY_ALIGN float lanes[kLanes] = {};
    for (int i = 0; i < count; ++i) lanes[i] = p[i];
    return hn::Load(d, lanes);
  }
}

// Writes the first `count` <= kLanes lanes and nothing else.
HWY_INLINE void StoreFirst(Vector v, float* p, int count) {
  const Floats d;
  if constexpr (kTarget.masks_memory) {
    hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(count)), d, p);
  } else {
    HWY_ALIGN float lanes[kLanes];
    hn::Store(v, d, lanes);
    for (int i = 0; i < count; ++i) p[i] = lanes[i];
  }
}

// max(v, limit) and min(v, limit) where v = NaN stays NaN: a network that computes NaN must not look healthy.
HWY_INLINE Vector AtLeast(Vector limit, Vector v) {
  if constexpr (kTarget.max_takes_second_for_nan) {
    return hn::Max(limit, v);
  } else {
    return hn::IfThenElse(hn::Lt(v, limit), limit, v);
  }
}
HWY_INLINE Vector AtMost(Vector limit, Vector v) {
  if constexpr (kTarget.max_takes_second_for_nan) {
    return hn::Min(limit, v);
  } else {
    return hn::IfThenElse(hn::Gt(v, limit), limit, v);
  }
}

// Every activation so far is a clamp; one without branches costs two cheap instructions per vector.
class Clamp {
 public:
  HWY_INLINE explicit Clamp(Activation activation)
      : low_(hn::Set(Floats(), activation == Activation::kNone ? -kInfinity : 0.0f)),
        high_(hn::Set(Floats(), activation == Activation::kRelu6 ? 6.0f : kInfinity)) {}
  HWY_INLINE Vector operator()(Vector v) const { return AtMost(high_, AtLeast(low_, v)); }

 private:
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Vector low_, high_;
};

// Which values an activation lets through unchanged: low < y < high.
class Passing {
 public:
  HWY_INLINE explicit Passing(Activation activation)
      : low_(hn::Set(Floats(), activation == Activation::kNone ? -kInfinity : 0.0f)),
        high_(hn::Set(Floats(), activation == Activation::kRelu6 ? 6.0f : kInfinity)),
        all_(activation == Activation::kNone) {}
  // value where y passes, else 0.
  HWY_INLINE Vector operator()(Vector y, Vector value) const {
    if (all_) return value;
    return hn::IfThenElseZero(hn::And(hn::Gt(y, low_), hn::Lt(y, high_)), value);
  }

 private:
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Vector low_, high_;
  bool all_;
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#endif  // SISKIN_KERNELS_VECTOR_INL_H_
