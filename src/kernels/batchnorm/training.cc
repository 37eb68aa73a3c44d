#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batchnorm/training.cc"
#include "kernels/batchnorm/training.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/lanes-inl.h"
#include "kernels/runs.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Pixels whose sum is taken in fp32. Few enough for rounding (sqrt(128) * 2^-24) and for many items of work, many
// enough that adding up the pieces costs nothing.
constexpr size_t kPiecePixels = 128;
// Pixels that are added to each other before the sum is touched, which lies in the first-level cache.
constexpr size_t kGroup = 4;

// sums[q][c] of every piece: term(q-th sum, ...) is added over its pixels. terms(io, pixel, channel, values) gives the
// kSums values of a pixel.
template <int kSums, class Terms>
void PieceSums(size_t num_pixels, int channels, float* scratch, ThreadPool& threads, const Terms& terms) {
  const size_t pieces = (num_pixels + kPiecePixels - 1) / kPiecePixels;
  threads.ParallelFor(pieces, [&](size_t piece, int) HWY_ATTR {
    float* sums = scratch + piece * kSums * channels;
    std::memset(sums, 0, sizeof(float) * kSums * channels);
    const size_t last = std::min(num_pixels, (piece + 1) * kPiecePixels);
    for (size_t pixel = piece * kPiecePixels; pixel < last; pixel += kGroup) {
      const size_t group = std::min(kGroup, last - pixel);
      ForLanes(channels, [&](auto io, size_t i) HWY_ATTR {
        Vector total[kSums];
        terms(io, pixel, i, total);
        for (size_t next = 1; next < group; ++next) {
          Vector values[kSums];
          terms(io, pixel + next, i, values);
          for (int q = 0; q < kSums; ++q) total[q] = hn::Add(total[q], values[q]);
        }
        for (int q = 0; q < kSums; ++q) {
          float* sum = sums + static_cast<size_t>(q) * channels + i;
          io.Store(hn::Add(io.Load(sum), total[q]), sum);
        }
      });
    }
  });
}

void ChannelSumsT(ConstView x, float* scratch, ThreadPool& threads) {
  PieceSums<1>(x.num_pixels(), x.c, scratch, threads,
               [&](auto io, size_t pixel, size_t i, Vector(&values)[1])
                   HWY_ATTR { values[0] = io.Load(x.data + pixel * x.stride + i); });
}

void MomentSumsT(ConstView x, float* scratch, ThreadPool& threads) {
  const float* pivot = x.data;  // the first pixel: keeps the squares small where the mean is far from 0
  PieceSums<2>(x.num_pixels(), x.c, scratch, threads,
               [&](auto io, size_t pixel, size_t i, Vector(&values)[2]) HWY_ATTR {
                 values[0] = hn::Sub(io.Load(x.data + pixel * x.stride + i), io.Load(pivot + i));
                 values[1] = hn::Mul(values[0], values[0]);
               });
}

void NormalizationSumsT(const Normalization& norm, ConstView dy, ConstView x, const float* centre, float* scratch,
                        ThreadPool& threads) {
  const Passing passing(norm.activation);
  PieceSums<2>(x.num_pixels(), x.c, scratch, threads,
               [&](auto io, size_t pixel, size_t i, Vector(&values)[2]) HWY_ATTR {
                 const auto value = io.Load(x.data + pixel * x.stride + i);
                 const auto y = hn::MulAdd(value, io.Load(norm.scale + i), io.Load(norm.shift + i));
                 values[0] = passing(y, io.Load(dy.data + pixel * dy.stride + i));
                 values[1] = hn::Mul(values[0], hn::Sub(value, io.Load(centre + i)));
               });
}

void NormalizationInputGradientT(const Normalization& norm, ConstView dy, ConstView x, const float* a, const float* b,
                                 const float* c, View dx, ThreadPool& threads) {
  const Passing passing(norm.activation);
  ForEachRun(x.num_pixels(), x.c, /*contiguous=*/false, threads, [&](size_t pixel, size_t count) HWY_ATTR {
    const float* from = x.data + pixel * x.stride;
    const float* slope = dy.data + pixel * dy.stride;
    float* to = dx.data + pixel * dx.stride;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR {
      const auto value = io.Load(from + i);
      const auto y = hn::MulAdd(value, io.Load(norm.scale + i), io.Load(norm.shift + i));
      const auto passed = hn::Mul(io.Load(a + i), passing(y, io.Load(slope + i)));
      io.Store(b ? hn::Add(passed, hn::MulAdd(value, io.Load(b + i), io.Load(c + i))) : passed, to + i);
    });
  });
}

void ScaleShiftAddT(ConstView x, const float* scale, const float* shift, ConstView residual, View y,
                    ThreadPool& threads) {
  ForEachRun(x.num_pixels(), x.c, /*contiguous=*/false, threads, [&](size_t pixel, size_t count) HWY_ATTR {
    const float* from = x.data + pixel * x.stride;
    const float* other = residual.data + pixel * residual.stride;
    float* to = y.data + pixel * y.stride;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR {
      const auto scaled = hn::MulAdd(io.Load(from + i), io.Load(scale + i), io.Load(shift + i));
      io.Store(hn::Add(scaled, io.Load(other + i)), to + i);
    });
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {
HWY_EXPORT(ChannelSumsT);
HWY_EXPORT(MomentSumsT);
HWY_EXPORT(NormalizationSumsT);
HWY_EXPORT(NormalizationInputGradientT);
HWY_EXPORT(ScaleShiftAddT);

namespace {

constexpr size_t kMaxSums = 2;  // of one pass

size_t NumPieces(size_t num_pixels) {
  return (num_pixels + HWY_NAMESPACE::kPiecePixels - 1) / HWY_NAMESPACE::kPiecePixels;
}

// The pieces' sums added up in double. scratch: [pieces][num_sums][channels]; finish(c, sums) takes them.
template <class Finish>
void AddPieces(size_t num_pixels, int channels, size_t num_sums, const float* scratch, ThreadPool& threads,
               const Finish& finish) {
  constexpr size_t kChannels = 64;  // of one item of work
  const size_t pieces = NumPieces(num_pixels), step = num_sums * static_cast<size_t>(channels);
  const auto count = static_cast<size_t>(channels);
  threads.ParallelFor((count + kChannels - 1) / kChannels, [&](size_t item, int) {
    const size_t first = item * kChannels, last = std::min(count, first + kChannels);
    double totals[kMaxSums][kChannels] = {};
    for (size_t piece = 0; piece < pieces; ++piece) {
      for (size_t q = 0; q < num_sums; ++q) {
        const float* sums = scratch + piece * step + q * count;
        for (size_t c = first; c < last; ++c) totals[q][c - first] += sums[c];
      }
    }
    for (size_t c = first; c < last; ++c) finish(c, totals[0][c - first], totals[1][c - first]);
  });
}

}  // namespace

size_t ChannelSumsScratch(size_t num_pixels, int channels) {
  return NumPieces(num_pixels) * kMaxSums * static_cast<size_t>(channels);
}

void ChannelSums(ConstView x, float* sums, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(ChannelSumsT)(x, scratch.data(), threads);
  AddPieces(x.num_pixels(), x.c, 1, scratch.data(), threads,
            [&](size_t c, double sum, double) { sums[c] = static_cast<float>(sum); });
}

void ChannelMoments(ConstView x, float* mean, float* variance, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(MomentSumsT)(x, scratch.data(), threads);
  const auto pixels = static_cast<double>(x.num_pixels());
  AddPieces(x.num_pixels(), x.c, 2, scratch.data(), threads, [&](size_t c, double sum, double squares) {
    const double offset = sum / pixels;  // from the pivot
    mean[c] = static_cast<float>(static_cast<double>(x.data[c]) + offset);
    variance[c] = static_cast<float>(std::max(squares / pixels - offset * offset, 0.0));
  });
}

void NormalizationSums(const Normalization& norm, ConstView dy, ConstView x, const float* centre, float* sum_dy,
                       float* sum_dy_x, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(NormalizationSumsT)(norm, dy, x, centre, scratch.data(), threads);
  AddPieces(x.num_pixels(), x.c, 2, scratch.data(), threads, [&](size_t c, double sum, double with_x) {
    sum_dy[c] = static_cast<float>(sum);
    sum_dy_x[c] = static_cast<float>(with_x);
  });
}

void NormalizationInputGradient(const Normalization& norm, ConstView dy, ConstView x, const float* a, const float* b,
                                const float* c, View dx, ThreadPool& threads) {
  SISKIN_DISPATCH(NormalizationInputGradientT)(norm, dy, x, a, b, c, dx, threads);
}

void ScaleShiftAdd(ConstView x, const float* scale, const float* shift, ConstView residual, View y,
                   ThreadPool& threads) {
  SISKIN_DISPATCH(ScaleShiftAddT)(x, scale, shift, residual, y, threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
