#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool/pool.cc"
#include "kernels/pool/pool.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/lanes-inl.h"
#include "kernels/runs.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Channels are walked in chunks: 1 KB per pixel is long enough for the prefetcher, and a chunk's running results stay
// in the first-level cache.
constexpr int kChunk = 256;

// The larger of two, NaN if one is NaN; AtLeast alone would lose a NaN in `a`.
HWY_INLINE Vector MaxOrNan(Vector a, Vector b) {
  return hn::IfThenElse(hn::IsNaN(a), a, AtLeast(a, b));
}

// Rows [first, last) and the like of an image that a window at `origin` covers.
struct Span {
  Span(int origin, int kernel, int size) : first(std::max(origin, 0)), last(std::min(origin + kernel, size)) {}
  int first, last;
};

// Output rows per work item: neighbours share input rows, which then come from the cache; but at least 16 items if
// there are as many rows, for threads to be busy until the end.
size_t RowsPerItem(size_t rows) {
  return std::clamp<size_t>(rows / 16, 1, 4);
}

// Calls body(image, oy, channel, count) for every output row and chunk of channels.
template <typename Body>
void ForEachRow(ConstView x, ConstView y, ThreadPool& threads, const Body& body) {
  const int lanes = RunLanes(x, y);
  const size_t rows = static_cast<size_t>(y.n) * y.h, per_item = RowsPerItem(rows);
  threads.ParallelFor((rows + per_item - 1) / per_item, [&](size_t index, int) HWY_ATTR {
    for (size_t row = index * per_item; row < std::min(rows, (index + 1) * per_item); ++row) {
      for (int channel = 0; channel < lanes; channel += kChunk) {
        body(static_cast<int>(row / y.h), static_cast<int>(row % y.h), channel, std::min(kChunk, lanes - channel));
      }
    }
  });
}

// 3x3 windows two columns apart (Xception, ResNet, Inception) share a column of three: its maximum is kept for the next
// window, 5 + 2 comparisons instead of 8 and 6 loads instead of 9. Places outside the image are replaced by the nearest
// one inside, which is in the same window.
void MaxPool3x3Stride2(const WindowParams& params, ConstView x, View y, ThreadPool& threads) {
  ForEachRow(x, y, threads, [&](int image, int oy, int channel, int count) HWY_ATTR {
    const int top = oy * params.stride_h - params.padding.top;
    const float* rows[3];
    for (int i = 0; i < 3; ++i) rows[i] = x.pixel(image, std::clamp(top + i, 0, x.h - 1), 0) + channel;
    const auto column_max = [&](auto io, ptrdiff_t i) HWY_ATTR {
      return MaxOrNan(MaxOrNan(io.Load(rows[0] + i), io.Load(rows[1] + i)), io.Load(rows[2] + i));
    };
    const auto column = [&](int ix) HWY_ATTR { return static_cast<ptrdiff_t>(std::clamp(ix, 0, x.w - 1)) * x.stride; };

    HWY_ALIGN float shared[kChunk];
    int left = -params.padding.left;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR { io.Store(column_max(io, column(left) + i), shared + i); });
    for (int ox = 0; ox < y.w; ++ox, left += 2) {
      const ptrdiff_t middle = column(left + 1), right = column(left + 2);
      float* to = y.pixel(image, oy, ox) + channel;
      ForLanes(count, [&](auto io, size_t i) HWY_ATTR {
        const auto last = column_max(io, right + i);
        io.Store(MaxOrNan(MaxOrNan(io.Load(shared + i), column_max(io, middle + i)), last), to + i);
        io.Store(last, shared + i);
      });
    }
  });
}

// Any window: every output is computed from its taps alone. Op: see MaxOp and MeanOp.
template <class Op>
void PoolWindows(const Op& op, const WindowParams& params, ConstView x, View y, ThreadPool& threads) {
  ForEachRow(x, y, threads, [&](int image, int oy, int channel, int count) HWY_ATTR {
    const Span rows(oy * params.stride_h - params.padding.top, params.kernel_h, x.h);
    for (int ox = 0; ox < y.w; ++ox) {
      const Span columns(ox * params.stride_w - params.padding.left, params.kernel_w, x.w);
      const int taps = (rows.last - rows.first) * (columns.last - columns.first);
      float* to = y.pixel(image, oy, ox) + channel;
      ForLanes(count, [&](auto io, size_t i) HWY_ATTR {
        Vector result = hn::Set(Floats(), Op::kStart);
        for (int iy = rows.first; iy < rows.last; ++iy) {
          const float* from = x.pixel(image, iy, columns.first) + channel + i;
          for (int ix = columns.first; ix < columns.last; ++ix, from += x.stride) {
            result = op.Join(result, io.Load(from));
          }
        }
        io.Store(op.Finish(result, taps), to + i);
      });
    }
  });
}

// One result per image and channel. Each row of the image gives a partial result and those are joined, which keeps the
// rounding error of a sum near sqrt(height) + sqrt(width).
template <class Op>
void PoolImages(const Op& op, ConstView x, View y, ThreadPool& threads) {
  const int lanes = RunLanes(x, y), chunks = (lanes + kChunk - 1) / kChunk;
  threads.ParallelFor(static_cast<size_t>(x.n) * chunks, [&](size_t index, int) HWY_ATTR {
    const int image = static_cast<int>(index / chunks), channel = static_cast<int>(index % chunks) * kChunk;
    const int count = std::min(kChunk, lanes - channel);
    HWY_ALIGN float total[kChunk];
    HWY_ALIGN float row[kChunk];
    std::fill_n(total, count, Op::kStart);
    for (int iy = 0; iy < x.h; ++iy) {
      std::fill_n(row, count, Op::kStart);
      for (int ix = 0; ix < x.w; ++ix) {
        const float* from = x.pixel(image, iy, ix) + channel;
        ForLanes(count,
                 [&](auto io, size_t i) HWY_ATTR { io.Store(op.Join(io.Load(row + i), io.Load(from + i)), row + i); });
      }
      ForLanes(count,
               [&](auto io, size_t i) HWY_ATTR { io.Store(op.Join(io.Load(total + i), io.Load(row + i)), total + i); });
    }
    float* to = y.pixel(image, 0, 0) + channel;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR { io.Store(op.Finish(io.Load(total + i), x.h * x.w), to + i); });
  });
}

struct MaxOp {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  HWY_INLINE Vector Join(Vector a, Vector b) const { return MaxOrNan(a, b); }
  HWY_INLINE Vector Finish(Vector result, int /*taps*/) const { return result; }
};

struct MeanOp {
  static constexpr float kStart = 0.0f;
  HWY_INLINE Vector Join(Vector a, Vector b) const { return hn::Add(a, b); }
  HWY_INLINE Vector Finish(Vector sum, int taps) const {
    return hn::Div(sum, hn::Set(Floats(), static_cast<float>(taps)));
  }
};

void MaxPool(const WindowParams& params, ConstView x, View y, ThreadPool& threads) {
  if (params.kernel_h == 3 && params.kernel_w == 3 && params.stride_w == 2) {
    MaxPool3x3Stride2(params, x, y, threads);
  } else {
    PoolWindows(MaxOp(), params, x, y, threads);
  }
}

void AveragePool(const WindowParams& params, ConstView x, View y, ThreadPool& threads) {
  PoolWindows(MeanOp(), params, x, y, threads);
}

void GlobalAveragePool(ConstView x, View y, ThreadPool& threads) {
  PoolImages(MeanOp(), x, y, threads);
}

void GlobalMaxPool(ConstView x, View y, ThreadPool& threads) {
  PoolImages(MaxOp(), x, y, threads);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {
HWY_EXPORT(MaxPool);
HWY_EXPORT(AveragePool);
HWY_EXPORT(GlobalAveragePool);
HWY_EXPORT(GlobalMaxPool);

void MaxPool(const WindowParams& params, ConstView x, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(MaxPool)(params, x, y, threads);
}

void AveragePool(const WindowParams& params, ConstView x, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(AveragePool)(params, x, y, threads);
}

void GlobalAveragePool(ConstView x, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(GlobalAveragePool)(x, y, threads);
}

void GlobalMaxPool(ConstView x, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(GlobalMaxPool)(x, y, threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
