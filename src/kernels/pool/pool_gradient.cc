#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool/pool_gradient.cc"
#include "kernels/pool/pool_gradient.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Windows [first, last) along one axis that contain `place`.
struct Windows {
  Windows(int place, int kernel, int stride, int padding, int count)
      : first(std::max(0, (place + padding - kernel + stride) / stride)),
        last(std::min(count, (place + padding) / stride + 1)) {}
  int first, last;
};

// Channels of a tile whose largest values and taps stay in the first-level cache.
constexpr int kChunk = 256;

// Calls body(image, row) for every row of the images, on all threads.
template <class Body>
void ForEachImageRow(int images, int rows, ThreadPool& threads, const Body& body) {
  threads.ParallelFor(static_cast<size_t>(images) * static_cast<size_t>(rows), [&](size_t index, int) HWY_ATTR {
    body(static_cast<int>(index) / rows, static_cast<int>(index) % rows);
  });
}

void MaxPoolWithTapsT(const WindowParams& params, ConstView x, View y, uint16_t* taps, ThreadPool& threads) {
  ForEachImageRow(y.n, y.h, threads, [&](int image, int oy) HWY_ATTR {
    const int top = oy * params.stride_h - params.padding.top;
    for (int ox = 0; ox < y.w; ++ox) {
      const int left = ox * params.stride_w - params.padding.left;
      float* to = y.pixel(image, oy, ox);
      uint16_t* tap = taps + static_cast<size_t>(y.pixel(image, oy, ox) - y.data) / y.stride * y.c;
      for (int channel = 0; channel < y.c; channel += kChunk) {
        const int count = std::min(kChunk, y.c - channel);
        HWY_ALIGN float largest[kChunk];
        HWY_ALIGN float place[kChunk];  // as floats, which have masks of the same shape
        std::fill_n(largest, count, -std::numeric_limits<float>::infinity());
        std::fill_n(place, count, -1.0f);
        for (int ky = std::max(0, -top); ky < std::min(params.kernel_h, x.h - top); ++ky) {
          for (int kx = std::max(0, -left); kx < std::min(params.kernel_w, x.w - left); ++kx) {
            const float* from = x.pixel(image, top + ky, left + kx) + channel;
            const Vector here = hn::Set(Floats(), static_cast<float>(ky * params.kernel_w + kx));
            ForLanes(static_cast<size_t>(count), [&](auto io, size_t i) HWY_ATTR {
              const Vector value = io.Load(from + i), best = io.Load(largest + i), at = io.Load(place + i);
              const auto first = hn::Lt(at, hn::Zero(Floats()));  // -infinity is a value like any other
              const auto wins = hn::Or(hn::Or(first, hn::Gt(value, best)), hn::IsNaN(value));
              io.Store(hn::IfThenElse(wins, value, best), largest + i);
              io.Store(hn::IfThenElse(wins, here, at), place + i);
            });
          }
        }
        std::copy_n(largest, count, to + channel);
        for (int c = 0; c < count; ++c) tap[channel + c] = static_cast<uint16_t>(place[c]);
      }
    }
  });
}

// dx += slope where the window's tap is the one with which it sees this pixel.
HWY_INLINE void AddWhereTap(const float* slope, const uint16_t* taps, int tap, size_t count, float* dx) {
  const Floats d;
  const hn::Rebind<int32_t, Floats> d32;
  const hn::Rebind<uint16_t, Floats> d16;
  const auto wanted = hn::Set(d32, tap);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto mine = hn::Eq(hn::PromoteTo(d32, hn::LoadU(d16, taps + i)), wanted);
    const Vector passed = hn::IfThenElseZero(hn::RebindMask(d, mine), hn::LoadU(d, slope + i));
    hn::StoreU(hn::Add(hn::LoadU(d, dx + i), passed), d, dx + i);
  }
  for (; i < count; ++i) dx[i] += taps[i] == tap ? slope[i] : 0.0f;
}

void MaxPoolInputGradientT(const WindowParams& params, ConstView dy, const uint16_t* taps, View dx,
                           ThreadPool& threads) {
  const auto channels = static_cast<size_t>(dx.c);
  ForEachImageRow(dx.n, dx.h, threads, [&](int image, int iy) HWY_ATTR {
    const Windows rows(iy, params.kernel_h, params.stride_h, params.padding.top, dy.h);
    for (int ix = 0; ix < dx.w; ++ix) {
      const Windows columns(ix, params.kernel_w, params.stride_w, params.padding.left, dy.w);
      float* to = dx.pixel(image, iy, ix);
      std::fill_n(to, channels, 0.0f);
      for (int oy = rows.first; oy < rows.last; ++oy) {
        const int ky = iy + params.padding.top - oy * params.stride_h;
        for (int ox = columns.first; ox < columns.last; ++ox) {
          const int kx = ix + params.padding.left - ox * params.stride_w;
          const float* slope = dy.pixel(image, oy, ox);
          const size_t pixel = (static_cast<size_t>(image) * dy.h + oy) * dy.w + ox;
          AddWhereTap(slope, taps + pixel * channels, ky * params.kernel_w + kx, channels, to);
        }
      }
    }
  });
}

void AveragePoolInputGradientT(const WindowParams& params, ConstView dy, View dx, ThreadPool& threads) {
  // Pixels of x in the window with this index along one axis.
  const auto size = [](int index, int kernel, int stride, int padding, int count) HWY_ATTR {
    return std::min(index * stride - padding + kernel, count) - std::max(index * stride - padding, 0);
  };
  ForEachImageRow(dx.n, dx.h, threads, [&](int image, int iy) HWY_ATTR {
    const Windows rows(iy, params.kernel_h, params.stride_h, params.padding.top, dy.h);
    for (int ix = 0; ix < dx.w; ++ix) {
      const Windows columns(ix, params.kernel_w, params.stride_w, params.padding.left, dy.w);
      float* to = dx.pixel(image, iy, ix);
      std::fill_n(to, dx.c, 0.0f);
      for (int oy = rows.first; oy < rows.last; ++oy) {
        const int height = size(oy, params.kernel_h, params.stride_h, params.padding.top, dx.h);
        for (int ox = columns.first; ox < columns.last; ++ox) {
          const int width = size(ox, params.kernel_w, params.stride_w, params.padding.left, dx.w);
          const Vector share = hn::Set(Floats(), 1.0f / static_cast<float>(height * width));
          const float* slope = dy.pixel(image, oy, ox);
          ForLanes(static_cast<size_t>(dx.c), [&](auto io, size_t i) HWY_ATTR {
            io.Store(hn::MulAdd(io.Load(slope + i), share, io.Load(to + i)), to + i);
          });
        }
      }
    }
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {
HWY_EXPORT(MaxPoolWithTapsT);
HWY_EXPORT(MaxPoolInputGradientT);
HWY_EXPORT(AveragePoolInputGradientT);

void MaxPoolWithTaps(const WindowParams& params, ConstView x, View y, uint16_t* taps, ThreadPool& threads) {
  SISKIN_DISPATCH(MaxPoolWithTapsT)(params, x, y, taps, threads);
}

void MaxPoolInputGradient(const WindowParams& params, ConstView dy, const uint16_t* taps, View dx,
                          ThreadPool& threads) {
  SISKIN_DISPATCH(MaxPoolInputGradientT)(params, dy, taps, dx, threads);
}

void AveragePoolInputGradient(const WindowParams& params, ConstView dy, View dx, ThreadPool& threads) {
  SISKIN_DISPATCH(AveragePoolInputGradientT)(params, dy, dx, threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
