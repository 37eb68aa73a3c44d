#include "kernels/depthwise/depthwise_gradient.h"

#include <algorithm>
#include <limits>

#include "kernels/depthwise/depthwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise/depthwise_gradient.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/depthwise/depthwise-inl.h"
#include "kernels/dispatch.h"
#include "kernels/image_groups.h"
#include "kernels/prefetch.h"

#ifndef SISKIN_KERNELS_GRADIENT_DEPTHWISE_GRADIENT_ONCE_
#define SISKIN_KERNELS_GRADIENT_DEPTHWISE_GRADIENT_ONCE_
namespace siskin {

// Rows of images of x or dy in the leaves of the tree of kernels/image_groups.h: parts of groups of images, a function
// of the images' shape alone. Each is summed on its own.
class RowParts {
 public:
  // h: rows of an image.
  RowParts(const ConstView& x, int h) : groups_(x.n), h_(h), parts_(x.h * x.w < kMinPixels ? 1 : kMostParts) {}
  int count() const { return groups_.count() * parts_; }
  // May be none, in the last group.
  Range rows(int part) const {
    const Range images = groups_.images(part / parts_);
    const Range rows = Part(images.size() * h_, parts_, part % parts_);
    return {images.begin * h_ + rows.begin, images.begin * h_ + rows.end};
  }

 private:
  // Few enough for the sums to stay in the cache (a batch of 32: 32 x 9 x 728 floats are 840 KB), enough for the
  // threads: smaller images have many channels, of which blocks are other threads' work.
  static constexpr int kMostParts = 4;
  // Of an image of x, below which it would be felt that a part loads its filter and stores its sums.
  static constexpr int kMinPixels = 128;

  ImageGroups groups_;
  int h_, parts_;
};

// What is given to a gradient with respect to the filter, the input or both.
struct GradientTask {
  WindowParams window;
  ConstView x;
  bool relu_input;
  ConstView dy;
  const float* flipped;  // the filter from its end on, [KH, KW, C], if dx is wanted
  View dx;               // or data == nullptr
};

// Floats between two taps of a part's sums: whole vectors.
inline size_t SumsStride(int c) {
  return static_cast<size_t>(PaddedChannels<float>(c));
}
inline size_t PartFloats(const WindowParams& window, int c) {
  return SumsStride(c) * window.kernel_h * window.kernel_w;
}

}  // namespace siskin
#endif

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// Sums of a 3x3 filter's gradient in one block of channels.
struct FilterSums {
  HWY_ALIGN float taps[9][kChannelBlock] = {};
};

// A rectangle of pixels in one block of channels: `in` is read once per pixel, `out` written if there is one.
struct GradientRun {
  int whole, partial;  // channels in whole vectors; in one more vector of which the rest must not be touched
  const float* in;
  int in_stride;
  ptrdiff_t in_row;
  float* out;
  int out_stride;
  ptrdiff_t out_row;
  ptrdiff_t dy_row;
};

// Stride 1, seen from the input: pixel q of x meets dy at the nine places whose windows contain q, and these are also
// what dx at q is made of. So one look at dy (`table`, 3x3 under each q) serves both gradients:
//   dx[q] = sum over j of dy[q + j] * weight[j]     sums[j] += x[q] * dy[q + j]     (j from the end of the filter on)
template <bool kWithInput, int kRows, int kColumns>
void InputRun(const GradientRun& run, const DepthwiseWeights3x3* weights, Vector input_low, const InputTable& table,
              int first, FilterSums& filter_sums) {
  const GradientRun r = run;  // a copy, because a vector store might change anything that is not local
  ForEachVector(r.whole, r.partial, [&](const auto& memory, int c) HWY_ATTR {
    const Floats d;
    // The same columns of the next stripe, into L2: it is a whole stripe of work away, longer than memory takes.
    HWY_UNROLL(8)
    for (int i = 0; i < kRows * kColumns; ++i) {
      const int row = i / kColumns, column = i % kColumns;
      PrefetchL2(r.in + (row + kRows) * r.in_row + column * r.in_stride + c);
      PrefetchL2(table.pixels[row + 2][first + column + 1] + kRows * r.dy_row + c);
      if (kWithInput) PrefetchL2ToWrite(r.out + (row + kRows) * r.out_row + column * r.out_stride + c);
    }
    Vector taps[9], x[kRows][kColumns], dx[kRows][kColumns];
    HWY_UNROLL(9)
    for (int tap = 0; tap < 9; ++tap) taps[tap] = hn::Load(d, filter_sums.taps[tap] + c);
    HWY_UNROLL(8)
    for (int i = 0; i < kRows * kColumns; ++i) {
      const int row = i / kColumns, column = i % kColumns;
      x[row][column] = AtLeast(input_low, memory.Load(r.in + row * r.in_row + column * r.in_stride + c));
      if (kWithInput) dx[row][column] = hn::Zero(d);
    }
    HWY_UNROLL(8)
    for (int y = 0; y < kRows + 2; ++y) {
      Vector dy[kColumns + 2];
      HWY_UNROLL(8)
      for (int i = 0; i < kColumns + 2; ++i) dy[i] = memory.Load(table.pixels[y][first + i] + c);
      HWY_UNROLL(8)
      for (int row = 0; row < kRows; ++row) {
        const int ky = y - row;
        if (ky < 0 || ky >= 3) continue;
        HWY_UNROLL(3)
        for (int kx = 0; kx < 3; ++kx) {
          const int tap = ky * 3 + kx;
          const Vector weight = kWithInput ? hn::Load(d, weights->taps[tap] + c) : hn::Zero(d);
          HWY_UNROLL(8)
          for (int column = 0; column < kColumns; ++column) {
            if (kWithInput) dx[row][column] = hn::MulAdd(dy[column + kx], weight, dx[row][column]);
            taps[tap] = hn::MulAdd(dy[column + kx], x[row][column], taps[tap]);
          }
        }
      }
    }
    HWY_UNROLL(9)
    for (int tap = 0; tap < 9; ++tap) hn::Store(taps[tap], d, filter_sums.taps[tap] + c);
    if (kWithInput) {
      HWY_UNROLL(8)
      for (int i = 0; i < kRows * kColumns; ++i) {
        const int row = i / kColumns, column = i % kColumns;
        memory.Store(dx[row][column], r.out + row * r.out_row + column * r.out_stride + c);
      }
    }
  });
}

// Any stride, seen from the output: sums += dy[p] * x under p.
template <int kStride, int kColumns>
void OutputRun(const GradientRun& run, Vector input_low, const InputTable& table, int first, FilterSums& filter_sums) {
  const GradientRun r = run;
  ForEachVector(r.whole, r.partial, [&](const auto& memory, int c) HWY_ATTR {
    const Floats d;
    Vector dy[kColumns];
    HWY_UNROLL(8)
    for (int column = 0; column < kColumns; ++column) dy[column] = memory.Load(r.in + column * r.in_stride + c);
    HWY_UNROLL(3)
    for (int ky = 0; ky < 3; ++ky) {
      constexpr int kInputs = (kColumns - 1) * kStride + 3;
      Vector x[kInputs];
      HWY_UNROLL(16)
      for (int i = 0; i < kInputs; ++i) x[i] = AtLeast(input_low, memory.Load(table.pixels[ky][first + i] + c));
      HWY_UNROLL(3)
      for (int kx = 0; kx < 3; ++kx) {
        Vector sum = hn::Load(d, filter_sums.taps[ky * 3 + kx] + c);
        HWY_UNROLL(8)
        for (int column = 0; column < kColumns; ++column) {
          sum = hn::MulAdd(dy[column], x[column * kStride + kx], sum);
        }
        hn::Store(sum, d, filter_sums.taps[ky * 3 + kx] + c);
      }
    }
  });
}

class DepthwiseGradient {
 public:
  explicit DepthwiseGradient(const GradientTask& task)
      : task_(task), input_low_(hn::Set(Floats(), task.relu_input ? 0.0f : -std::numeric_limits<float>::infinity())) {}

  // The sums over the given rows, counted over the whole batch, of x if the stride is 1, else of dy, in one block of
  // channels; to sums, [KH, KW][SumsStride].
  void operator()(const Range& rows, int channel, float* sums) const {
    const WindowParams& window = task_.window;
    const int channels = std::min(task_.x.c - channel, kChannelBlock);
    const size_t stride = SumsStride(task_.x.c);
    if (!Is3x3()) return AnyWindow(rows, channel, channels, sums);
    FilterSums filter_sums;
    if (window.stride_h == 1) {
      InputRows(rows, channel, filter_sums);
    } else {
      OutputRows<2>(rows, channel, filter_sums);
    }
    for (int tap = 0; tap < 9; ++tap) {
      // Seen from the input, the filter is turned around.
      const float* from = filter_sums.taps[window.stride_h == 1 ? 8 - tap : tap];
      std::copy_n(from, channels, sums + static_cast<size_t>(tap) * stride + channel);
    }
  }

  // 3x3 with stride 1: rows are those of x, and dx is computed with the sums.
  static bool FromInput(const WindowParams& window) {
    return window.kernel_h == 3 && window.kernel_w == 3 && window.stride_h == 1 && window.stride_w == 1;
  }

 private:
  // 2 x 3 pixels: 9 + 6 + 6 sums and inputs and 5 of dy fit in 32 registers; 20 + 6 loads and 9 weights are shared by
  // 108 multiply-adds.
  static constexpr int kInputRunRows = 2, kInputRunColumns = 3;

  bool Is3x3() const {
    const WindowParams& window = task_.window;
    return FromInput(window) ||
           (window.kernel_h == 3 && window.kernel_w == 3 && window.stride_h == 2 && window.stride_w == 2);
  }

  void InputRows(const Range& rows, int channel, FilterSums& sums) const {
    if (!task_.dx.data) return InputStripes<false>(rows, channel, nullptr, sums);
    const DepthwiseWeights3x3 weights({.window = task_.window,
                                       .x = task_.dy,
                                       .out_h = 0,
                                       .out_w = 0,
                                       .filter = task_.flipped,
                                       .relu_input = false,
                                       .bias = nullptr,
                                       .residual = {},
                                       .activation = Activation::kNone},
                                      channel);
    InputStripes<true>(rows, channel, &weights, sums);
  }

  template <bool kWithInput>
  void InputStripes(const Range& rows, int channel, const DepthwiseWeights3x3* weights, FilterSums& sums) const {
    for (int row = rows.begin; row < rows.end;) {
      const bool stripe = row + kInputRunRows <= rows.end && row % task_.x.h + kInputRunRows <= task_.x.h;
      for (int x = 0; x < task_.x.w; x += kTableColumns) {
        const Range columns = {x, std::min(x + kTableColumns, task_.x.w)};
        if (stripe) {
          InputStretch<kWithInput, kInputRunRows>(row, columns, channel, weights, sums);
        } else {
          InputStretch<kWithInput, 1>(row, columns, channel, weights, sums);
        }
      }
      row += stripe ? kInputRunRows : 1;
    }
  }

  template <bool kWithInput, int kRows>
  void InputStretch(int row, const Range& columns, int channel, const DepthwiseWeights3x3* weights,
                    FilterSums& sums) const {
    const int image = row / task_.x.h;
    const int top = row - image * task_.x.h + task_.window.padding.top - 2;
    const int left = columns.begin + task_.window.padding.left - 2;
    InputTable table;
    for (int y = 0; y < kRows + 2; ++y) {
      FindPixels(task_.dy, image, top + y, left, columns.size() + 2, channel, table.pixels[y]);
    }
    GradientRun run = MakeRun(task_.x, row, columns.begin, channel);
    for (int first = 0; first < columns.size(); first += kInputRunColumns) {
      const int count = std::min(kInputRunColumns, columns.size() - first);
      if (count == 3) {
        InputRun<kWithInput, kRows, 3>(run, weights, input_low_, table, first, sums);
      } else if (count == 2) {
        InputRun<kWithInput, kRows, 2>(run, weights, input_low_, table, first, sums);
      } else {
        InputRun<kWithInput, kRows, 1>(run, weights, input_low_, table, first, sums);
      }
      run.in += static_cast<ptrdiff_t>(count) * run.in_stride;
      if (kWithInput) run.out += static_cast<ptrdiff_t>(count) * run.out_stride;
    }
  }

  template <int kStride>
  void OutputRows(const Range& rows, int channel, FilterSums& sums) const {
    for (int row = rows.begin; row < rows.end; ++row) {
      for (int x = 0; x < task_.dy.w; x += kTableColumns) {
        OutputStretch<kStride>(row, {x, std::min(x + kTableColumns, task_.dy.w)}, channel, sums);
      }
    }
  }

  template <int kStride>
  void OutputStretch(int row, const Range& columns, int channel, FilterSums& sums) const {
    const int image = row / task_.dy.h;
    const int top = (row - image * task_.dy.h) * kStride - task_.window.padding.top;
    const int left = columns.begin * kStride - task_.window.padding.left;
    InputTable table;
    for (int y = 0; y < 3; ++y) {
      FindPixels(task_.x, image, top + y, left, (columns.size() - 1) * kStride + 3, channel, table.pixels[y]);
    }
    GradientRun run = MakeRun(task_.dy, row, columns.begin, channel);
    int column = 0;
    for (; column + 4 <= columns.size(); column += 4) {
      OutputRun<kStride, 4>(run, input_low_, table, column * kStride, sums);
      run.in += 4 * static_cast<ptrdiff_t>(run.in_stride);
    }
    for (; column < columns.size(); ++column) {
      OutputRun<kStride, 1>(run, input_low_, table, column * kStride, sums);
      run.in += run.in_stride;
    }
  }

  GradientRun MakeRun(const ConstView& in, int row, int column, int channel) const {
    const View& dx = task_.dx;
    const int channels = std::min(task_.x.c - channel, kChannelBlock);
    const bool whole_vectors = task_.x.padded && task_.dy.padded && (!dx.data || dx.padded);
    const int whole = whole_vectors ? RoundUp(channels, kLanes) : channels / kLanes * kLanes;
    return {.whole = whole,
            .partial = std::max(channels - whole, 0),
            .in = in.pixel(0, row, column) + channel,
            .in_stride = in.stride,
            .in_row = static_cast<ptrdiff_t>(in.stride) * in.w,
            .out = dx.data ? dx.pixel(0, row, column) + channel : nullptr,
            .out_stride = dx.stride,
            .out_row = static_cast<ptrdiff_t>(dx.stride) * dx.w,
            .dy_row = static_cast<ptrdiff_t>(task_.dy.stride) * task_.dy.w};
  }

  // Any window: rows of dy, pixel by pixel, tap by tap.
  void AnyWindow(const Range& rows, int channel, int channels, float* sums) const {
    const Floats d;
    const WindowParams& window = task_.window;
    const size_t stride = SumsStride(task_.x.c);
    const int num_taps = window.kernel_h * window.kernel_w;
    const int partial = channels % kLanes, whole = channels - partial;
    sums += channel;
    for (int tap = 0; tap < num_taps; ++tap) std::fill_n(sums + tap * stride, channels, 0.0f);
    for (int row = rows.begin; row < rows.end; ++row) {
      const int image = row / task_.dy.h;
      const int top = (row - image * task_.dy.h) * window.stride_h - window.padding.top;
      for (int column = 0; column < task_.dy.w; ++column) {
        const int left = column * window.stride_w - window.padding.left;
        const float* dy = task_.dy.pixel(0, row, column) + channel;
        for (int tap = 0; tap < num_taps; ++tap) {
          const int y = top + tap / window.kernel_w, x = left + tap % window.kernel_w;
          if (y < 0 || y >= task_.x.h || x < 0 || x >= task_.x.w) continue;
          const float* input = task_.x.pixel(image, y, x) + channel;
          float* sum = sums + tap * stride;
          ForEachVector(whole, partial, [&](const auto& memory, int c) HWY_ATTR {
            const Vector value = AtLeast(input_low_, memory.Load(input + c));
            hn::StoreU(hn::MulAdd(value, memory.Load(dy + c), hn::LoadU(d, sum + c)), d, sum + c);
          });
        }
      }
    }
  }

  GradientTask task_;
  Vector input_low_;
};

void DepthwiseGradientsT(const GradientTask& task, float* dfilter, float* scratch, ThreadPool& threads) {
  const DepthwiseGradient gradient(task);
  const WindowParams& window = task.window;
  const RowParts parts(task.x, DepthwiseGradient::FromInput(window) ? task.x.h : task.dy.h);
  const int c = task.x.c, num_blocks = (c + kChannelBlock - 1) / kChannelBlock;
  const size_t part_floats = PartFloats(window, c);
  threads.ParallelFor(static_cast<size_t>(parts.count()) * num_blocks, [&](size_t item, int) HWY_ATTR {
    const auto part = static_cast<int>(item / num_blocks), block = static_cast<int>(item % num_blocks);
    gradient(parts.rows(part), block * kChannelBlock, scratch + static_cast<size_t>(part) * part_floats);
  });
  threads.ParallelFor(static_cast<size_t>(window.kernel_h) * window.kernel_w, [&](size_t tap, int) HWY_ATTR {
    float* sums = scratch + tap * SumsStride(c);
    SumTreeInPlace(parts.count(), [&](int a, int b) HWY_ATTR {
      float* to = sums + static_cast<size_t>(a) * part_floats;
      const float* from = sums + static_cast<size_t>(b) * part_floats;
      for (int i = 0; i < c; ++i) to[i] += from[i];
    });
    std::copy_n(sums, c, dfilter + tap * c);
  });
}

// One row of dx for any stride: every pixel gathers the outputs whose windows contain it.
class GatherRow {
 public:
  GatherRow(const WindowParams& window, const ConstView& dy, const float* filter, const View& dx)
      : window_(window), dy_(dy), filter_(filter), dx_(dx) {}

  void operator()(int image, int y) const {
    for (int x = 0; x < dx_.w; ++x) {
      float* to = dx_.pixel(image, y, x);
      Taps taps;
      bool is_first = true;
      for (int ky = 0; ky < window_.kernel_h; ++ky) {
        const int oy = Output(y + window_.padding.top - ky, window_.stride_h, dy_.h);
        for (int kx = 0; oy >= 0 && kx < window_.kernel_w; ++kx) {
          const int ox = Output(x + window_.padding.left - kx, window_.stride_w, dy_.w);
          if (ox < 0) continue;
          if (taps.count == kMaxTaps) {
            Sum<0>(taps, is_first, to);
            is_first = false;
            taps.count = 0;
          }
          taps.dy[taps.count] = dy_.pixel(image, oy, ox);
          taps.weights[taps.count++] = filter_ + static_cast<ptrdiff_t>(ky * window_.kernel_w + kx) * dx_.c;
        }
      }
      switch (is_first ? taps.count : -1) {
        case 1:
          Sum<1>(taps, true, to);
          break;
        case 2:
          Sum<2>(taps, true, to);
          break;
        case 4:
          Sum<4>(taps, true, to);
          break;
        default:
          Sum<0>(taps, is_first, to);
      }
    }
  }

 private:
  // With 3x3 and stride 2 there are 1, 2 or 4, with 7x7 up to 16; more are added in several turns.
  static constexpr int kMaxTaps = 16;
  struct Taps {
    int count = 0;
    const float* dy[kMaxTaps];
    const float* weights[kMaxTaps];
  };

  // The output whose window begins `offset` before, or -1.
  static int Output(int offset, int stride, int size) {
    return offset >= 0 && offset % stride == 0 && offset / stride < size ? offset / stride : -1;
  }

  // kCount: of the taps; 0: any.
  template <int kCount>
  void Sum(const Taps& taps, bool is_first, float* to) const {
    const int count = kCount > 0 ? kCount : taps.count;
    const int partial = dx_.c % kLanes;
    ForEachVector(dx_.c - partial, partial, [&](const auto& memory, int c) HWY_ATTR {
      Vector sum = is_first ? hn::Zero(Floats()) : memory.Load(to + c);
      HWY_UNROLL(4)
      for (int i = 0; i < count; ++i) {
        sum = hn::MulAdd(memory.Load(taps.dy[i] + c), memory.Load(taps.weights[i] + c), sum);
      }
      memory.Store(sum, to + c);
    });
  }

  WindowParams window_;
  ConstView dy_;
  const float* filter_;
  View dx_;
};

void GatherInputGradientT(const WindowParams& window, const ConstView& dy, const float* filter, const View& dx,
                          ThreadPool& threads) {
  const GatherRow gather(window, dy, filter, dx);
  threads.ParallelFor(static_cast<size_t>(dx.n) * dx.h, [&](size_t row, int) HWY_ATTR {
    gather(static_cast<int>(row) / dx.h, static_cast<int>(row) % dx.h);
  });
}

bool IsFusedT(const WindowParams& window) {
  return DepthwiseGradient::FromInput(window);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(DepthwiseGradientsT);
HWY_EXPORT(GatherInputGradientT);
HWY_EXPORT(IsFusedT);

namespace {

size_t FilterFloats(const WindowParams& params, int c) {
  return static_cast<size_t>(RoundUp(params.kernel_h * params.kernel_w * c, kLineFloats));
}

// The filter from its last tap to its first.
const float* Flip(const WindowParams& params, const float* filter, int c, float* flipped) {
  const int num_taps = params.kernel_h * params.kernel_w;
  for (int tap = 0; tap < num_taps; ++tap) {
    std::copy_n(filter + static_cast<ptrdiff_t>(num_taps - 1 - tap) * c, c, flipped + static_cast<ptrdiff_t>(tap) * c);
  }
  return flipped;
}

}  // namespace

size_t DepthwiseGradientScratch(const WindowParams& params, ConstView x) {
  return FilterFloats(params, x.c) + PartFloats(params, x.c) * static_cast<size_t>(RowParts(x, x.h).count());
}

void DepthwiseFilterGradient(const WindowParams& params, ConstView x, bool relu_input, ConstView dy, float* dfilter,
                             std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(DepthwiseGradientsT)
  ({.window = params, .x = x, .relu_input = relu_input, .dy = dy, .flipped = nullptr, .dx = {}}, dfilter,
   scratch.data() + FilterFloats(params, x.c), threads);
}

void DepthwiseInputGradient(const WindowParams& params, ConstView dy, const float* filter, View dx,
                            std::span<float> scratch, ThreadPool& threads) {
  if (params.stride_h != 1 || params.stride_w != 1) {
    return SISKIN_DISPATCH(GatherInputGradientT)(params, dy, filter, dx, threads);
  }
  // With stride 1 it is the convolution of dy with the filter turned around, its window beginning kernel - 1 earlier.
  const Padding& padding = params.padding;
  const WindowParams window{.kernel_h = params.kernel_h,
                            .kernel_w = params.kernel_w,
                            .padding = {params.kernel_h - 1 - padding.top, params.kernel_h - 1 - padding.bottom,
                                        params.kernel_w - 1 - padding.left, params.kernel_w - 1 - padding.right}};
  DepthwiseConv2D(window, dy, Flip(params, filter, dx.c, scratch.data()), false, {}, dx, threads);
}

void DepthwiseGradients(const WindowParams& params, ConstView x, bool relu_input, ConstView dy, const float* filter,
                        float* dfilter, View dx, std::span<float> scratch, ThreadPool& threads) {
  if (!SISKIN_DISPATCH(IsFusedT)(params)) {
    DepthwiseFilterGradient(params, x, relu_input, dy, dfilter, scratch, threads);
    return DepthwiseInputGradient(params, dy, filter, dx, scratch, threads);
  }
  const float* flipped = Flip(params, filter, x.c, scratch.data());
  SISKIN_DISPATCH(DepthwiseGradientsT)
  ({.window = params, .x = x, .relu_input = relu_input, .dy = dy, .flipped = flipped, .dx = dx}, dfilter,
   scratch.data() + FilterFloats(params, x.c), threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
