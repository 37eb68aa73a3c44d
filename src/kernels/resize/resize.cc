#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resize/resize.cc"
#include "kernels/resize/resize.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/resize/weights.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Sums = hn::ScalableTag<int32_t>;
using Bytes = hn::Rebind<uint8_t, Sums>;
using SumVector = hn::Vec<Sums>;
constexpr int kSumLanes = static_cast<int>(hn::MaxLanes(Sums()));

HWY_INLINE SumVector LoadBytes(const uint8_t* p) {
  return hn::PromoteTo(Sums(), hn::LoadU(Bytes(), p));
}

HWY_INLINE SumVector OneHalf() {
  return hn::Set(Sums(), 1 << (kWeightBits - 1));
}

// Rounds the fixed-point sums to bytes, out of range to the nearest.
HWY_INLINE void StoreBytes(SumVector sum, uint8_t* p) {
  hn::StoreU(hn::DemoteTo(Bytes(), hn::ShiftRight<kWeightBits>(sum)), Bytes(), p);
}

// The horizontal pass works on as many rows at once as a vector holds pixels of four bytes: pixels of the same column
// have the same weights. `block` is those rows interleaved, [src_w][kRowsAtOnce][4] bytes.
constexpr int kRowsAtOnce = std::max(kSumLanes / 4, 1);
constexpr int kColumnBytes = 4 * kRowsAtOnce;

// Copying four bytes is one instruction, three are four. Copies pixel `x` of a row of `pixels` that begins at `row`
// from (to) four bytes elsewhere; what is copied too much stays within the row and does not count (is overwritten
// later).
template <int kChannels>
HWY_INLINE bool FourBytesFit(size_t x, size_t pixels) {
  return x * kChannels + 4 <= pixels * kChannels;
}

template <int kChannels>
void Interleave(const uint8_t* const* rows, size_t src_w, uint8_t* block) {
  for (size_t x = 0; x < src_w; ++x, block += kColumnBytes) {
    if (FourBytesFit<kChannels>(x, src_w)) {
      for (int r = 0; r < kRowsAtOnce; ++r) std::memcpy(block + 4 * r, rows[r] + x * kChannels, 4);
    } else {
      for (int r = 0; r < kRowsAtOnce; ++r) std::memcpy(block + 4 * r, rows[r] + x * kChannels, kChannels);
    }
  }
}

template <int kChannels>
void ResizeColumns(const uint8_t* block, const ResizeWeights& weights, uint8_t* const* rows) {
  HWY_ALIGN uint8_t column[kColumnBytes];
  for (size_t x = 0; x < weights.taps.size(); ++x) {
    const auto [first, count] = weights.taps[x];
    const int32_t* weight = weights.of(x);
    for (int lane = 0; lane < kColumnBytes; lane += kSumLanes) {
      const uint8_t* from = block + static_cast<size_t>(first) * kColumnBytes + lane;
      SumVector sum = OneHalf();
      for (int t = 0; t < count; ++t, from += kColumnBytes) {
        sum = hn::Add(sum, hn::Mul(LoadBytes(from), hn::Set(Sums(), weight[t])));
      }
      StoreBytes(sum, column + lane);
    }
    if (FourBytesFit<kChannels>(x, weights.taps.size())) {
      for (int r = 0; r < kRowsAtOnce; ++r) std::memcpy(rows[r] + x * kChannels, column + 4 * r, 4);
    } else {
      for (int r = 0; r < kRowsAtOnce; ++r) std::memcpy(rows[r] + x * kChannels, column + 4 * r, kChannels);
    }
  }
}

template <int kChannels>
void ResizeWidthOf(const ByteRows<const uint8_t>& src, const ResizeWeights& weights, uint8_t* dst, size_t dst_bytes) {
  const size_t src_w = static_cast<size_t>(src.width);
  std::vector<uint8_t> block(src_w * kColumnBytes);
  for (int y = 0; y < src.height; y += kRowsAtOnce) {
    const uint8_t* from[kRowsAtOnce];
    uint8_t* to[kRowsAtOnce];
    for (int r = 0; r < kRowsAtOnce; ++r) {
      const int row = std::min(y + r, src.height - 1);  // the last row again where there are no more
      from[r] = src.data + row * src.row_bytes;
      to[r] = dst + row * dst_bytes;
    }
    Interleave<kChannels>(from, src_w, block.data());
    ResizeColumns<kChannels>(block.data(), weights, to);
  }
}

//   src: [h, src_w, channels]   dst: [h, weights' outputs, channels], rows dst_bytes apart
void ResizeWidth(const ByteRows<const uint8_t>& src, int channels, const ResizeWeights& weights, uint8_t* dst,
                 size_t dst_bytes) {
  if (channels == 1) ResizeWidthOf<1>(src, weights, dst, dst_bytes);
  if (channels == 2) ResizeWidthOf<2>(src, weights, dst, dst_bytes);
  if (channels == 3) ResizeWidthOf<3>(src, weights, dst, dst_bytes);
  if (channels == 4) ResizeWidthOf<4>(src, weights, dst, dst_bytes);
}

// The vertical pass adds up whole rows of bytes, whatever the channels.
//   src: [weights' inputs, bytes], rows src_bytes apart   dst: [weights' outputs, bytes], rows dst_bytes apart
void ResizeHeight(const uint8_t* src, size_t src_bytes, size_t bytes, const ResizeWeights& weights, uint8_t* dst,
                  size_t dst_bytes) {
  for (size_t y = 0; y < weights.taps.size(); ++y, dst += dst_bytes) {
    const auto [first, count] = weights.taps[y];
    const int32_t* weight = weights.of(y);
    const uint8_t* top = src + first * src_bytes;
    size_t i = 0;
    for (; i + kSumLanes <= bytes; i += kSumLanes) {
      const uint8_t* from = top + i;
      SumVector sum = OneHalf();
      for (int t = 0; t < count; ++t, from += src_bytes) {
        sum = hn::Add(sum, hn::Mul(LoadBytes(from), hn::Set(Sums(), weight[t])));
      }
      StoreBytes(sum, dst + i);
    }
    for (; i < bytes; ++i) {
      int32_t sum = 1 << (kWeightBits - 1);
      for (int t = 0; t < count; ++t) sum += weight[t] * top[t * src_bytes + i];
      dst[i] = static_cast<uint8_t>(std::min(sum >> kWeightBits, 255));
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {
HWY_EXPORT(ResizeWidth);
HWY_EXPORT(ResizeHeight);

namespace {

// The input position of each output pixel's centre. Steps are added up one by one, as Pillow does: the sum decides by
// its last bit between two pixels now and then.
std::vector<int> NearestPositions(int in, int out) {
  const double step = static_cast<double>(in) / out;
  std::vector<int> positions(out);
  double centre = step * 0.5;
  for (int& position : positions) {
    position = std::min(static_cast<int>(centre), in - 1);
    centre += step;
  }
  return positions;
}

template <int kChannels>
void PickPixels(const uint8_t* src, const std::vector<int>& columns, uint8_t* dst) {
  for (const int column : columns) {
    std::memcpy(dst, src + static_cast<size_t>(column) * kChannels, kChannels);
    dst += kChannels;
  }
}

void ResizeNearest(const ByteRows<const uint8_t>& src, int channels, const ByteRows<uint8_t>& dst) {
  constexpr decltype(&PickPixels<1>) kPick[] = {PickPixels<1>, PickPixels<2>, PickPixels<3>, PickPixels<4>};
  const std::vector<int> columns = NearestPositions(src.width, dst.width);
  uint8_t* to = dst.data;
  for (const int row : NearestPositions(src.height, dst.height)) {
    kPick[channels - 1](src.data + static_cast<size_t>(row) * src.row_bytes, columns, to);
    to += dst.row_bytes;
  }
}

// Pillow 13's rule: the vertical pass comes first if it takes away more than twice as many rows as the horizontal one
// takes columns. (Before, the horizontal pass was always the first. The bytes between the passes are rounded, so the
// order shows: by 1 in some per cent of the pixels.)
template <typename From, typename To>
bool HeightFirst(const From& src, const To& dst) {
  return dst.height < src.height && int64_t{src.height} - dst.height > 2 * (int64_t{src.width} - dst.width);
}

}  // namespace

void Resize(const ByteRows<const uint8_t>& src, int channels, Interpolation interpolation,
            const ByteRows<uint8_t>& dst) {
  if (interpolation == Interpolation::kNearest) return ResizeNearest(src, channels, dst);
  const ResizeWeights columns = MakeResizeWeights(interpolation, src.width, dst.width);
  const ResizeWeights rows = MakeResizeWeights(interpolation, src.height, dst.height);
  const size_t src_bytes = static_cast<size_t>(src.width) * channels;
  const size_t dst_bytes = static_cast<size_t>(dst.width) * channels;
  if (HeightFirst(src, dst)) {
    std::vector<uint8_t> between(src_bytes * dst.height);
    SISKIN_DISPATCH(ResizeHeight)(src.data, src.row_bytes, src_bytes, rows, between.data(), src_bytes);
    SISKIN_DISPATCH(ResizeWidth)
    ({between.data(), src.width, dst.height, src_bytes}, channels, columns, dst.data, dst.row_bytes);
  } else {
    std::vector<uint8_t> between(dst_bytes * src.height);
    SISKIN_DISPATCH(ResizeWidth)(src, channels, columns, between.data(), dst_bytes);
    SISKIN_DISPATCH(ResizeHeight)(between.data(), dst_bytes, dst_bytes, rows, dst.data, dst.row_bytes);
  }
}

}  // namespace siskin
#endif  // HWY_ONCE
