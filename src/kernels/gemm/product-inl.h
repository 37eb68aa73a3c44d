// The inner part of a weight gradient: how dW is cut, the packing of dY, and the micro-kernel, which adds a piece of
// pixels to a tile of dW; see docs/kernels.md.
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
#include <span>
#include <utility>

#include "kernels/gemm/gemm-inl.h"
#include "kernels/lanes-inl.h"
#include "kernels/prefetch.h"
#include "kernels/vector-inl.h"
#include "tensor/view.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

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

// Copies `columns` <= kPanelWidth columns of dY for `count` pixels to panel, [count][kPanelWidth]; what is missing
// becomes zeros.
inline void PackPanel(const float* dy, int stride, int columns, int count, float* panel) {
  const Floats d;
  if (columns == kPanelWidth) {
    for (int pixel = 0; pixel < count; ++pixel, dy += stride, panel += kPanelWidth) {
      HWY_UNROLL(4)
      for (int v = 0; v < kTileVectors; ++v) hn::Store(hn::LoadU(d, dy + v * kLanes), d, panel + v * kLanes);
    }
    return;
  }
  for (int pixel = 0; pixel < count; ++pixel, dy += stride, panel += kPanelWidth) {
    for (int column = 0; column < kPanelWidth; column += kLanes) {
      const int present = std::clamp(columns - column, 0, kLanes);
      hn::Store(LoadFirst(dy + column, present), d, panel + column);
    }
  }
}

// Cache lines that will be needed soon, one per pixel of a tile; stride 0: nothing.
struct Prefetch {
  const float* line;
  ptrdiff_t stride;
};

// A tile's rows in memory.
struct TilePlace {
  float* data;
  int stride;
  bool is_near;  // in L1 already; what a tile in L1 is added to is there as well
};

// A tile of dW and where its operands are: to = the sum over the pixels + addends[0] + addends[1] ..., in this order.
// An addend may be `to`.
struct GradientTile {
  const float* a;  // [pixels][a_stride], the tile's rows of dW
  int a_stride;
  const float* panel;  // [pixels][kPanelWidth] of dY
  int pixels;
  Prefetch prefetch[2];
  std::span<const TilePlace> addends;
  TilePlace to;
  int columns;  // of dW, at most kPanelWidth
};

// Row `row` of a tile, which is written at its end.
HWY_INLINE void FetchTileRow(const TilePlace& place, int row, int columns) {
  if (place.is_near) return;
  const float* line = place.data + static_cast<ptrdiff_t>(row) * place.stride;
  HWY_UNROLL(4)
  for (int v = 0; v < kTileVectors; ++v) PrefetchL1ToWrite(line + v * kLanes);
  PrefetchL1ToWrite(line + columns - 1);
}

// Calls body(memory, row, v) for every vector of a tile; memory loads and stores as much of it as there are columns.
template <int kRows, class Body>
HWY_INLINE void ForEachTileVector(int columns, const Body& body) {
  HWY_UNROLL(4)
  for (int v = 0; v < kTileVectors; ++v) {
    const int count = columns - v * kLanes;
    if (count >= kLanes) {
      HWY_UNROLL(16)
      for (int row = 0; row < kRows; ++row) body(WholeVector(), row, v);
    } else if (count > 0) {
      HWY_UNROLL(16)
      for (int row = 0; row < kRows; ++row) body(PartOfVector{count}, row, v);
    }
  }
}

template <int kRows>
HWY_INLINE void GradientStep(const float* a, const float* panel, Vector (&sums)[kRows][kTileVectors]) {
  const Floats d;
  Vector dy[kTileVectors];
  HWY_UNROLL(4)
  for (int v = 0; v < kTileVectors; ++v) dy[v] = hn::Load(d, panel + v * kLanes);
  HWY_UNROLL(16)
  for (int row = 0; row < kRows; ++row) {
    const Vector value = hn::Set(d, a[row]);
    HWY_UNROLL(4)
    for (int v = 0; v < kTileVectors; ++v) sums[row][v] = hn::MulAdd(value, dy[v], sums[row][v]);
  }
}

template <int kRows>
void ComputeGradientTile(const GradientTile& tile) {
  Vector sums[kRows][kTileVectors];
  ClearSums<kRows>(sums);
  const float *a = tile.a, *panel = tile.panel;
  const float *soon = tile.prefetch[0].line, *soon_too = tile.prefetch[1].line;
  const ptrdiff_t a_stride = tile.a_stride, soon_stride = tile.prefetch[0].stride,
                  soon_too_stride = tile.prefetch[1].stride;
  // Always inlined: clang would keep the sums in memory for a call.
  const auto add_pixels = [&](int count) HWY_ATTR __attribute__((always_inline)) {
    for (; count > 0; --count) {
      PrefetchL2(soon);
      PrefetchL2(soon_too);
      GradientStep<kRows>(a, panel, sums);
      a += a_stride;
      panel += kPanelWidth;
      soon += soon_stride;
      soon_too += soon_too_stride;
    }
  };
  // What the tile is added to is fetched, from L3 perhaps, row by row during the first half: all at once would keep the
  // loads of A waiting.
  const int pixels_per_row = tile.to.is_near ? 0 : tile.pixels / (2 * kRows);
  for (int row = 0; row < kRows && !tile.to.is_near; ++row) {
    FetchTileRow(tile.to, row, tile.columns);
    for (const TilePlace& addend : tile.addends) {
      if (addend.data != tile.to.data) FetchTileRow(addend, row, tile.columns);
    }
    add_pixels(pixels_per_row);
  }
  add_pixels(tile.pixels - kRows * pixels_per_row);
  const auto row_of = [](const TilePlace& place, int row, int v) __attribute__((always_inline)) {
    return place.data + static_cast<ptrdiff_t>(row) * place.stride + v * kLanes;
  };
  const size_t num_addends = tile.addends.size();
  for (size_t i = 0; i + 1 < num_addends; ++i) {
    const TilePlace addend = tile.addends[i];
    ForEachTileVector<kRows>(tile.columns,
                             [&](const auto& memory, int row, int v) HWY_ATTR __attribute__((always_inline)) {
                               sums[row][v] = hn::Add(memory.Load(row_of(addend, row, v)), sums[row][v]);
                             });
  }
  // The last one on the way to memory.
  const TilePlace to = tile.to;
  if (num_addends == 0) {
    ForEachTileVector<kRows>(tile.columns,
                             [&](const auto& memory, int row, int v) HWY_ATTR
                             __attribute__((always_inline)) { memory.Store(sums[row][v], row_of(to, row, v)); });
  } else {
    const TilePlace last = tile.addends[num_addends - 1];
    ForEachTileVector<kRows>(
        tile.columns, [&](const auto& memory, int row, int v) HWY_ATTR __attribute__((always_inline)) {
          memory.Store(hn::Add(memory.Load(row_of(last, row, v)), sums[row][v]), row_of(to, row, v));
        });
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
