// The inner part of a weight gradient: one piece of pixels of A and dY packed so that the micro-kernel reads both in
// order, and the micro-kernel, which adds the piece's share to a tile of dW; see docs/kernels.md.
// Included once per Highway target (see foreach_target.h), hence the toggled guard.
#if defined(SISKIN_KERNELS_GRADIENT_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SISKIN_KERNELS_GRADIENT_PRODUCT_INL_H_
#undef SISKIN_KERNELS_GRADIENT_PRODUCT_INL_H_
#else
#define SISKIN_KERNELS_GRADIENT_PRODUCT_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "kernels/gemm/gemm-inl.h"
#include "kernels/vector-inl.h"
#include "tensor/view.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Floats of a sliver at each pixel. AVX-512 stores 14 of 16 lanes as fast as 16, and without gaps a piece of 728
// channels takes 0.75 instead of 0.85 of the 1 MB of L2; the others round up to whole vectors.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kSliverWidth = kTileRows;
#else
inline constexpr int kSliverWidth = RoundUp(kTileRows, kLanes);
#endif

// The rows of dW (columns of A) cut into slivers of at most kTileRows, as even as possible: 64 are 5 times 12 or 13.
class Slivers {
 public:
  explicit Slivers(int k) : count_((k + kTileRows - 1) / kTileRows), small_(k / count_), num_large_(k % count_) {}
  int count() const { return count_; }
  int begin(int sliver) const { return sliver * small_ + HWY_MIN(sliver, num_large_); }
  int height(int sliver) const { return small_ + (sliver < num_large_ ? 1 : 0); }

 private:
  int count_, small_, num_large_;
};

inline int NumPanels(int n) {
  return (n + kPanelWidth - 1) / kPanelWidth;
}

// Room for a piece of at most kMaxPiece pixels. Slivers and panels stand one or two cache lines further apart than they
// need: one pixel is written to all of them, and at a multiple of 4 KB they would share a few sets of the L1 cache.
inline constexpr int kMaxPiece = 320;
inline constexpr int kSliverDistance = kMaxPiece * kSliverWidth + 16;
inline constexpr int kPanelDistance = kMaxPiece * kPanelWidth + 32;

// rows: [pixels][k], `stride` floats apart. Writes them as pixels [first, first + count) of every sliver.
inline void PackRows(const float* rows, int stride, int k, int first, int count, float* slivers) {
  const Slivers cut(k);
  for (int pixel = 0; pixel < count; ++pixel, rows += stride) {
    float* to = slivers + static_cast<ptrdiff_t>(first + pixel) * kSliverWidth;
    for (int sliver = 0; sliver < cut.count(); ++sliver, to += kSliverDistance) {
      const int begin = cut.begin(sliver);
#pragma GCC unroll 2
      for (int lane = 0; lane < kSliverWidth; lane += kLanes) {
        const int left = k - begin - lane;
        const Vector values = left >= kLanes ? hn::LoadU(Floats(), rows + begin + lane)
                                             : LoadFirst(rows + begin + lane, HWY_MAX(left, 0));
        if (lane + kLanes <= kSliverWidth) {
          hn::StoreU(values, Floats(), to + lane);
        } else {
          StoreFirst(values, to + lane, kSliverWidth - lane);
        }
      }
    }
  }
}

// The same for dY and panels; missing columns become zeros.
inline void PackColumns(const float* rows, int stride, int n, int first, int count, float* panels) {
  const Floats d;
  const int num_panels = NumPanels(n);
  for (int pixel = 0; pixel < count; ++pixel, rows += stride) {
    float* to = panels + static_cast<ptrdiff_t>(first + pixel) * kPanelWidth;
    for (int panel = 0; panel < num_panels; ++panel, to += kPanelDistance) {
      const float* from = rows + panel * kPanelWidth;
      const int left = n - panel * kPanelWidth;
      if (left >= kPanelWidth) {
        hn::Store(hn::LoadU(d, from), d, to);
        hn::Store(hn::LoadU(d, from + kLanes), d, to + kLanes);
      } else {
        hn::Store(LoadFirst(from, HWY_MIN(left, kLanes)), d, to);
        hn::Store(LoadFirst(from + kLanes, HWY_MAX(left - kLanes, 0)), d, to + kLanes);
      }
    }
  }
}

// A tile of dW and where its operands are.
struct GradientTile {
  const float* a;   // [pixels][a_stride], the tile's rows of dW
  const float* dy;  // [pixels][dy_stride], kPanelWidth columns
  int a_stride, dy_stride, pixels;
  const float* prefetch;  // one cache line per pixel that will be needed soon
  float* dw;
  int dw_stride;
  int columns;    // of dW, at most kPanelWidth
  bool is_first;  // dW is overwritten instead of added to
};

template <int kRows>
HWY_INLINE void GradientStep(const float* a, const float* dy, Vector (&sums)[kRows][2]) {
  const Floats d;
  const Vector dy0 = hn::LoadU(d, dy);
  const Vector dy1 = hn::LoadU(d, dy + kLanes);
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
    const Vector value = hn::Set(d, a[row]);
    sums[row][0] = hn::MulAdd(value, dy0, sums[row][0]);
    sums[row][1] = hn::MulAdd(value, dy1, sums[row][1]);
  }
}

template <int kRows>
void ComputeGradientTile(const GradientTile& tile) {
  const Floats d;
  Vector sums[kRows][2];
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
    sums[row][0] = sums[row][1] = hn::Zero(d);
    // What is added to at the end: some 3,500 cycles are enough to fetch it from L3.
    const float* dw = tile.dw + static_cast<ptrdiff_t>(row) * tile.dw_stride;
    __builtin_prefetch(dw, 1, 3);
    __builtin_prefetch(dw + kLanes, 1, 3);
    __builtin_prefetch(dw + tile.columns - 1, 1, 3);
  }
  const float *a = tile.a, *dy = tile.dy, *prefetch = tile.prefetch;
  for (int pixel = tile.pixels; pixel > 0; --pixel) {
    __builtin_prefetch(prefetch, 0, 2);  // into L2
    GradientStep<kRows>(a, dy, sums);
    a += tile.a_stride;
    dy += tile.dy_stride;
    prefetch += kLineFloats;
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const int count = tile.columns - half * kLanes;
    float* dw = tile.dw + half * kLanes;
    if (count >= kLanes) {
#pragma GCC unroll 16
      for (int row = 0; row < kRows; ++row, dw += tile.dw_stride) {
        hn::StoreU(tile.is_first ? sums[row][half] : hn::Add(hn::LoadU(d, dw), sums[row][half]), d, dw);
      }
    } else if (count > 0) {
#pragma GCC unroll 16
      for (int row = 0; row < kRows; ++row, dw += tile.dw_stride) {
        StoreFirst(tile.is_first ? sums[row][half] : hn::Add(LoadFirst(dw, count), sums[row][half]), dw, count);
      }
    }
  }
}

using GradientTileFunction = void (*)(const GradientTile&);
template <int... kIndices>
constexpr std::array<GradientTileFunction, kTileRows> GradientTileFunctions(std::integer_sequence<int, kIndices...>) {
  return {&ComputeGradientTile<kIndices + 1>...};
}
// [rows - 1]
inline constexpr std::array<GradientTileFunction, kTileRows> kGradientTileFunctions =
    GradientTileFunctions(std::make_integer_sequence<int, kTileRows>());

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#endif  // SISKIN_KERNELS_GRADIENT_PRODUCT_INL_H_
