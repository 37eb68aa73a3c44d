#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batchnorm/training.cc"
#include "kernels/batchnorm/training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/image_groups.h"
#include "kernels/lanes-inl.h"
#include "kernels/runs.h"

#ifndef SISKIN_KERNELS_BATCHNORM_TRAINING_ONCE_
#define SISKIN_KERNELS_BATCHNORM_TRAINING_ONCE_
namespace siskin {

// The pixels of a batch: its groups of images, and pieces of these.
class PixelPieces {
 public:
  explicit PixelPieces(const ConstView& x)
      : groups_(x.n),
        image_pixels_(static_cast<size_t>(x.h) * x.w),
        pieces_per_group_(PiecesIn(kGroupImages * image_pixels_)),
        count_(static_cast<size_t>(groups_.count() - 1) * pieces_per_group_ + pieces(groups_.count() - 1)) {}

  int num_groups() const { return groups_.count(); }
  size_t pixels(int group) const { return static_cast<size_t>(groups_.images(group).size()) * image_pixels_; }
  size_t first_pixel(int group) const { return static_cast<size_t>(groups_.images(group).begin) * image_pixels_; }

  size_t count() const { return count_; }
  size_t first_piece(int group) const { return static_cast<size_t>(group) * pieces_per_group_; }
  size_t pieces(int group) const { return PiecesIn(pixels(group)); }
  int group_of(size_t piece) const { return static_cast<int>(piece / pieces_per_group_); }
  // Its first pixel, and the one after its last.
  size_t begin(size_t piece) const {
    const int group = group_of(piece);
    return first_pixel(group) + (piece - first_piece(group)) * kPiecePixels;
  }
  size_t end(size_t piece) const {
    const int group = group_of(piece);
    return std::min(begin(piece) + kPiecePixels, first_pixel(group) + pixels(group));
  }

 private:
  // Pixels whose sum is taken in fp32. Few enough for rounding (sqrt(128) * 2^-24) and for many items of work, many
  // enough that adding up the pieces costs nothing.
  static constexpr size_t kPiecePixels = 128;
  static size_t PiecesIn(size_t pixels) { return (pixels + kPiecePixels - 1) / kPiecePixels; }

  ImageGroups groups_;
  size_t image_pixels_, pieces_per_group_, count_;
};

}  // namespace siskin
#endif

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Pixels that are added to each other before the sum is touched, which lies in the first-level cache.
constexpr size_t kQuad = 4;

// scratch: [pieces][kSums][channels], overwritten. terms(io, group, pixel, channel, values) gives the kSums values of a
// pixel that are added up; group is the first pixel of its group.
template <int kSums, class Terms>
void PieceSums(const ConstView& x, float* scratch, ThreadPool& threads, const Terms& terms) {
  const PixelPieces pieces(x);
  const auto channels = static_cast<size_t>(x.c);
  threads.ParallelFor(pieces.count(), [&](size_t piece, int) HWY_ATTR {
    float* sums = scratch + piece * kSums * channels;
    std::memset(sums, 0, sizeof(float) * kSums * channels);
    const size_t last = pieces.end(piece), group = pieces.first_pixel(pieces.group_of(piece));
    for (size_t pixel = pieces.begin(piece); pixel < last; pixel += kQuad) {
      const size_t quad = std::min(kQuad, last - pixel);
      ForLanes(channels, [&](auto io, size_t i) HWY_ATTR {
        Vector total[kSums];
        terms(io, group, pixel, i, total);
        for (size_t next = 1; next < quad; ++next) {
          Vector values[kSums];
          terms(io, group, pixel + next, i, values);
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
  PieceSums<1>(x, scratch, threads, [&](auto io, size_t, size_t pixel, size_t i, Vector(&values)[1]) HWY_ATTR {
    values[0] = io.Load(x.data + pixel * x.stride + i);
  });
}

// Of x - the first pixel of the group: that keeps the squares small where the mean is far from 0.
void MomentSumsT(ConstView x, float* scratch, ThreadPool& threads) {
  PieceSums<2>(x, scratch, threads, [&](auto io, size_t group, size_t pixel, size_t i, Vector(&values)[2]) HWY_ATTR {
    const float* pivot = x.data + group * x.stride;
    values[0] = hn::Sub(io.Load(x.data + pixel * x.stride + i), io.Load(pivot + i));
    values[1] = hn::Mul(values[0], values[0]);
  });
}

void NormalizationSumsT(const Normalization& norm, const float* mean, ConstView dy, ConstView x, float* scratch,
                        ThreadPool& threads) {
  const Passing passing(norm.activation);
  PieceSums<2>(x, scratch, threads, [&](auto io, size_t, size_t pixel, size_t i, Vector(&values)[2]) HWY_ATTR {
    const auto value = io.Load(x.data + pixel * x.stride + i);
    const auto y = hn::MulAdd(value, io.Load(norm.scale + i), io.Load(norm.shift + i));
    values[0] = passing(y, io.Load(dy.data + pixel * dy.stride + i));
    values[1] = hn::Mul(values[0], hn::Sub(value, io.Load(mean + i)));
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

// Channels that one item of work adds up.
constexpr size_t kBlock = 64;
template <class Value>
using OfBlock = std::array<Value, kBlock>;

// The tree over the groups: scratch is what PieceSums<num_sums> left. leaf(group, c, sum, other_sum) makes a Value of a
// channel's sums over a group, join(a, b) one of two, finish(c, value) takes the last one.
template <class Value, class Leaf, class Join, class Finish>
void SumGroups(const ConstView& x, size_t num_sums, const float* scratch, ThreadPool& threads, const Leaf& leaf,
               const Join& join, const Finish& finish) {
  const PixelPieces pieces(x);
  const auto channels = static_cast<size_t>(x.c);
  threads.ParallelFor((channels + kBlock - 1) / kBlock, [&](size_t item, int) {
    const size_t first = item * kBlock, count = std::min(channels - first, kBlock);
    const auto group_values = [&](int group) {
      std::array<OfBlock<double>, kMaxSums> totals = {};
      const size_t first_piece = pieces.first_piece(group);
      for (size_t piece = first_piece; piece < first_piece + pieces.pieces(group); ++piece) {
        for (size_t q = 0; q < num_sums; ++q) {
          const float* sums = scratch + (piece * num_sums + q) * channels + first;
          for (size_t c = 0; c < count; ++c) totals[q][c] += sums[c];
        }
      }
      OfBlock<Value> values = {};
      for (size_t c = 0; c < count; ++c) values[c] = leaf(group, first + c, totals[0][c], totals[1][c]);
      return values;
    };
    const auto add = [&](OfBlock<Value> a, const OfBlock<Value>& b) {
      for (size_t c = 0; c < count; ++c) a[c] = join(a[c], b[c]);
      return a;
    };
    const OfBlock<Value> values = SumTree({0, pieces.num_groups()}, group_values, add);
    for (size_t c = 0; c < count; ++c) finish(first + c, values[c]);
  });
}

// finish(c, moments) takes a channel's.
template <class Finish>
void MomentsOf(const ConstView& x, float* scratch, ThreadPool& threads, const Finish& finish) {
  SISKIN_DISPATCH(MomentSumsT)(x, scratch, threads);
  const PixelPieces pieces(x);
  const auto leaf = [&](int group, size_t c, double sum, double squares) -> Moments {
    const auto pixels = static_cast<double>(pieces.pixels(group));
    const double pivot = x.data[pieces.first_pixel(group) * x.stride + c], offset = sum / pixels;
    return {pixels, pivot + offset, std::max(squares - offset * sum, 0.0)};
  };
  SumGroups<Moments>(x, 2, scratch, threads, leaf, JoinMoments, finish);
}

double InverseDeviation(const NormStatistics& statistics, size_t c) {
  return 1 / std::sqrt(static_cast<double>(statistics.variance[c]) + statistics.epsilon);
}

void FinishChannel(const Moments& moments, float* mean, float* variance) {
  *mean = static_cast<float>(moments.mean);
  *variance = static_cast<float>(moments.deviations / moments.pixels);
}

}  // namespace

size_t ChannelSumsScratch(ConstView x) {
  return PixelPieces(x).count() * kMaxSums * static_cast<size_t>(x.c);
}

void ChannelSums(ConstView x, float* sums, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(ChannelSumsT)(x, scratch.data(), threads);
  SumGroups<float>(
      x, 1, scratch.data(), threads, [](int, size_t, double sum, double) { return static_cast<float>(sum); },
      [](float a, float b) { return a + b; }, [&](size_t c, float sum) { sums[c] = sum; });
}

Moments JoinMoments(const Moments& a, const Moments& b) {
  const double pixels = a.pixels + b.pixels, apart = a.mean - b.mean;
  return {pixels, (a.pixels * a.mean + b.pixels * b.mean) / pixels,
          a.deviations + b.deviations + apart * apart * (a.pixels * b.pixels / pixels)};
}

void PartialMoments(ConstView x, std::span<Moments> moments, std::span<float> scratch, ThreadPool& threads) {
  MomentsOf(x, scratch.data(), threads, [&](size_t c, const Moments& of_channel) { moments[c] = of_channel; });
}

void FinishMoments(std::span<const Moments> moments, float* mean, float* variance) {
  for (size_t c = 0; c < moments.size(); ++c) FinishChannel(moments[c], mean + c, variance + c);
}

void ChannelMoments(ConstView x, float* mean, float* variance, std::span<float> scratch, ThreadPool& threads) {
  MomentsOf(x, scratch.data(), threads,
            [&](size_t c, const Moments& of_channel) { FinishChannel(of_channel, mean + c, variance + c); });
}

void NormalizationSums(const Normalization& norm, const NormStatistics& statistics, ConstView dy, ConstView x,
                       float* dbeta, float* dgamma, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(NormalizationSumsT)(norm, statistics.mean, dy, x, scratch.data(), threads);
  struct Sums {
    float beta, gamma;
  };
  // Divided by the deviation in the leaves: a quotient of sums would not be the sum of the parts' quotients.
  const auto leaf = [&](int, size_t c, double sum, double with_x) -> Sums {
    return {static_cast<float>(sum), static_cast<float>(with_x * InverseDeviation(statistics, c))};
  };
  SumGroups<Sums>(
      x, 2, scratch.data(), threads, leaf,
      [](const Sums& a, const Sums& b) -> Sums { return {a.beta + b.beta, a.gamma + b.gamma}; },
      [&](size_t c, const Sums& sums) {
        dbeta[c] = sums.beta;
        dgamma[c] = sums.gamma;
      });
}

// With y = scale * (x - mean) + beta and M pixels, r = 1 / deviation: dx = scale * (dy - dbeta / M - r * (x - mean) *
// dgamma / M).
void NormalizationCoefficients(const NormStatistics& statistics, const float* scale, const float* dbeta,
                               const float* dgamma, double pixels, int channels, float* a, float* b, float* c) {
  for (size_t i = 0; i < static_cast<size_t>(channels); ++i) {
    const double slope = -scale[i] * InverseDeviation(statistics, i) * dgamma[i] / pixels;
    a[i] = scale[i];
    b[i] = static_cast<float>(slope);
    c[i] = static_cast<float>(-scale[i] * static_cast<double>(dbeta[i]) / pixels - slope * statistics.mean[i]);
  }
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
