// The micro-kernel of fp32 under every matrix product, and the loop over tiles that convolutions share with it.
// A tile of C (up to kTileRows x kPanelWidth) stays in registers over the whole of K; see docs/kernels.md.
// Included once per Highway target (see foreach_target.h), hence the toggled guard.
#if defined(SISKIN_KERNELS_GEMM_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SISKIN_KERNELS_GEMM_GEMM_INL_H_
#undef SISKIN_KERNELS_GEMM_GEMM_INL_H_
#else
#define SISKIN_KERNELS_GEMM_GEMM_INL_H_
#endif

#include <array>
#include <span>
#include <utility>

#include "kernels/gemm/blocking.h"
#include "kernels/gemm/gemm.h"
#include "kernels/prefetch.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

inline constexpr int kTileRows = kTarget.tile_rows;
inline constexpr int kTileVectors = kTarget.tile_vectors;
inline constexpr int kPanelWidth = kTarget.panel_width();

// One tile of C and where its operands are. K = num_taps * tap_length.
struct Tile {
  const float* const* rows;  // [num_taps][rows of the tile]: tap_length consecutive floats of A each
  int num_taps, tap_length;
  const float* panel;     // [K][kPanelWidth] of B
  const float* prefetch;  // K / 2 cache lines that will be needed soon
  const float* bias;      // at the tile's first column, or nullptr
  const float* residual;  // at the tile's first element, or nullptr
  float* y;               // at the tile's first element
  int residual_stride, y_stride;
  int columns;  // of C, at most kPanelWidth
};

// sums += one column of A times one row of B.
template <int kRows>
HWY_INLINE void MultiplyAddStep(const float* const (&a)[kRows], int k, const float* b,
                                Vector (&sums)[kRows][kTileVectors]) {
  const Floats d;
  Vector vectors[kTileVectors];
  HWY_UNROLL(4)
  for (int v = 0; v < kTileVectors; ++v) vectors[v] = hn::Load(d, b + v * kLanes);
  HWY_UNROLL(16)
  for (int row = 0; row < kRows; ++row) {
    const Vector value = hn::Set(d, a[row][k]);
    HWY_UNROLL(4)
    for (int v = 0; v < kTileVectors; ++v) sums[row][v] = hn::MulAdd(value, vectors[v], sums[row][v]);
  }
}

template <int kRows>
HWY_INLINE void ClearSums(Vector (&sums)[kRows][kTileVectors]) {
  HWY_UNROLL(16)
  for (int row = 0; row < kRows; ++row) {
    HWY_UNROLL(4)
    for (int v = 0; v < kTileVectors; ++v) sums[row][v] = hn::Zero(Floats());
  }
}

template <int kRows>
HWY_INLINE void MultiplyTile(const Tile& tile, Vector (&sums)[kRows][kTileVectors]) {
  ClearSums<kRows>(sums);
  const float* const* rows = tile.rows;
  const float* b = tile.panel;
  const float* prefetch = tile.prefetch;
  for (int tap = 0; tap < tile.num_taps; ++tap, rows += kRows) {
    const float* a[kRows];
    HWY_UNROLL(16)
    for (int row = 0; row < kRows; ++row) a[row] = rows[row];
    int k = 0;
    for (; k + 2 <= tile.tap_length; k += 2, b += 2 * kPanelWidth, prefetch += kLineFloats) {
      PrefetchL2(prefetch);
      MultiplyAddStep<kRows>(a, k, b, sums);
      MultiplyAddStep<kRows>(a, k + 1, b + kPanelWidth, sums);
    }
    for (; k < tile.tap_length; ++k, b += kPanelWidth) MultiplyAddStep<kRows>(a, k, b, sums);
  }
}

// y = clamp(sums + bias + residual) where all columns of the tile exist.
template <int kRows>
HWY_INLINE void StoreFullTile(const Tile& tile, const Clamp& clamp, const Vector (&sums)[kRows][kTileVectors]) {
  const Floats d;
  HWY_UNROLL(4)
  for (int v = 0; v < kTileVectors; ++v) {
    const int column = v * kLanes;
    const Vector bias = tile.bias ? hn::LoadU(d, tile.bias + column) : hn::Zero(d);
    const float* residual = tile.residual ? tile.residual + column : nullptr;
    float* y = tile.y + column;
    HWY_UNROLL(16)
    for (int row = 0; row < kRows; ++row, y += tile.y_stride) {
      Vector sum = hn::Add(sums[row][v], bias);
      if (tile.residual) {
        sum = hn::Add(sum, hn::LoadU(d, residual));
        residual += tile.residual_stride;
      }
      hn::StoreU(clamp(sum), d, y);
    }
  }
}

// The same for the last panel, of which only tile.columns exist.
template <int kRows>
HWY_INLINE void StorePartialTile(const Tile& tile, const Clamp& clamp, const Vector (&sums)[kRows][kTileVectors]) {
  const Floats d;
  HWY_UNROLL(4)
  for (int v = 0; v < kTileVectors; ++v) {
    const int column = v * kLanes;
    const int count = HWY_MIN(tile.columns - column, kLanes);
    if (count <= 0) return;
    const Vector bias = tile.bias ? LoadFirst(tile.bias + column, count) : hn::Zero(d);
    HWY_UNROLL(16)
    for (int row = 0; row < kRows; ++row) {
      Vector sum = hn::Add(sums[row][v], bias);
      if (tile.residual) sum = hn::Add(sum, LoadFirst(tile.residual + row * tile.residual_stride + column, count));
      StoreFirst(clamp(sum), tile.y + row * tile.y_stride + column, count);
    }
  }
}

template <int kRows>
void ComputeTile(const Tile& tile, const Clamp& clamp) {
  Vector sums[kRows][kTileVectors];
  MultiplyTile<kRows>(tile, sums);
  if (tile.columns >= kPanelWidth) {
    StoreFullTile<kRows>(tile, clamp, sums);
  } else {
    StorePartialTile<kRows>(tile, clamp, sums);
  }
}

using TileFunction = void (*)(const Tile&, const Clamp&);
template <int... kIndices>
constexpr std::array<TileFunction, kTileRows> TileFunctions(std::integer_sequence<int, kIndices...>) {
  return {&ComputeTile<kIndices + 1>...};
}
// [rows - 1]: balanced tiles need every height.
inline constexpr std::array<TileFunction, kTileRows> kTileFunctions =
    TileFunctions(std::make_integer_sequence<int, kTileRows>());

// What the tiles of a block fetch into L2 while they compute, one cache line per two steps of K each: the first tiles
// of every panel the next panel of B, the other tiles (the last of them) the input of the block that comes next.
class Prefetches {
 public:
  // tiles, panels: of this block; next_input: what the next one reads, may be empty.
  Prefetches(const PackedMatrix& b, const Range& tiles, const Range& panels, std::span<const float> next_input)
      : b_(b),
        tiles_(tiles),
        panels_(panels),
        next_input_(next_input),
        tile_floats_(static_cast<size_t>(b.k() / 2) * kLineFloats),
        idle_tiles_(HWY_MAX(tiles.size() - kTilesPerPanel, 0)) {
    if (tile_floats_ > 0)
      first_turn_ = idle_tiles_ * panels.size() - static_cast<int>(next_input.size() / tile_floats_);
  }

  const float* operator()(int panel, int tile) const {
    const int index = tile - tiles_.begin;
    if (index < kTilesPerPanel) {
      return b_.panel<float>(panel + 1 < panels_.end ? panel + 1 : panels_.begin) +
             static_cast<size_t>(index) * tile_floats_;
    }
    const int turn = (panel - panels_.begin) * idle_tiles_ + index - kTilesPerPanel - first_turn_;
    return turn < 0 ? b_.panel<float>(panel) : next_input_.data() + static_cast<size_t>(turn) * tile_floats_;
  }

 private:
  // A panel is K * kPanelWidth floats, a tile fetches K * kLineFloats / 2.
  static constexpr int kTilesPerPanel = (2 * kPanelWidth + kLineFloats - 1) / kLineFloats;

  const PackedMatrix& b_;
  Range tiles_, panels_;
  std::span<const float> next_input_;
  size_t tile_floats_;
  int idle_tiles_, first_turn_ = 0;
};

// Computes the part of y that `tiles` and `panels` of the blocking span. tile_rows(row, count) returns the pointers
// [num_taps][count] to the rows [row, row + count) of A; it may reuse its memory from call to call.
template <class TileRows>
HWY_INLINE void MultiplyBlock(const Blocking& blocking, const Range& tiles, const Range& panels, const PackedMatrix& b,
                              int num_taps, const Epilogue& epilogue, const View& y, const TileRows& tile_rows,
                              std::span<const float> next_input) {
  const Clamp clamp(epilogue.activation);
  const ConstView& residual = epilogue.residual;
  const Prefetches prefetches(b, tiles, panels, next_input);
  for (int p = panels.begin; p < panels.end; ++p) {
    const int column = p * kPanelWidth;
    for (int t = tiles.begin; t < tiles.end; ++t) {
      const Range rows = blocking.rows(t);
      const size_t row = static_cast<size_t>(rows.begin);
      const Tile tile = {
          .rows = tile_rows(rows.begin, rows.size()),
          .num_taps = num_taps,
          .tap_length = b.k() / num_taps,
          .panel = b.panel<float>(p),
          .prefetch = prefetches(p, t),
          .bias = epilogue.bias ? epilogue.bias + column : nullptr,
          .residual = residual.data ? residual.data + row * residual.stride + column : nullptr,
          .y = y.data + row * y.stride + column,
          .residual_stride = residual.stride,
          .y_stride = y.stride,
          .columns = HWY_MIN(b.n() - column, kPanelWidth),
      };
      kTileFunctions[rows.size() - 1](tile, clamp);
    }
  }
}

// Rows of A that follow each other at a fixed distance.
class StridedRows {
 public:
  // first_row: the row that `data` points to.
  StridedRows(const float* data, int first_row, int stride) : data_(data), first_row_(first_row), stride_(stride) {}
  const float* const* operator()(int row, int count) const {
    for (int i = 0; i < count; ++i) pointers_[i] = data_ + static_cast<size_t>(row - first_row_ + i) * stride_;
    return pointers_;
  }

 private:
  const float* data_;
  int first_row_, stride_;
  mutable const float* pointers_[kTileRows];
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#endif  // SISKIN_KERNELS_GEMM_GEMM_INL_H_
