// Depthwise convolution of a run of output pixels into rows at any distance: the rows of an image, or the panel of A of
// a separable convolution. Included once per Highway target (see foreach_target.h), hence the toggled guard.
#if defined(SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
#undef SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
#else
#define SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
#endif

#include <algorithm>
#include <limits>

#include "kernels/conv_params.h"
#include "kernels/gemm/blocking.h"
#include "kernels/lanes-inl.h"
#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

struct DepthwiseTask {
  WindowParams window;
  ConstView x;
  int out_h, out_w;
  const float* filter;  // [KH, KW, C]
  bool relu_input;
  const float* bias;   // [C] or nullptr
  ConstView residual;  // [N, out_h, out_w, C] or data == nullptr
  Activation activation;
};

// Where output pixels go: pixel `first` to `data`, the others `stride` floats apart. whole_vectors: the lanes that fill
// up a pixel's last vector may be overwritten.
struct DepthwiseOutput {
  float* data;
  int first, stride;
  bool whole_vectors;
  float* pixel(int index) const { return data + static_cast<ptrdiff_t>(index - first) * stride; }
};

// Channels are taken in blocks so that the input rows under two rows of output (4 rows of 21 pixels in Xception's
// middle flow: 43 KB) nearly stay in L1 while they are used three times. 64, 256 and all channels were slower.
inline constexpr int kChannelBlock = 128;
// What pixels outside the image contain.
alignas(kLineBytes) inline constexpr float kZeroChannels[kChannelBlock] = {};

// The weights of a block of channels, gathered once for many pixels: without gaps, on vector boundaries, filled up with
// zeros, at distances that the compiler knows.
struct DepthwiseWeights3x3 {
  HWY_ALIGN float taps[9][kChannelBlock];
  HWY_ALIGN float bias[kChannelBlock];

  DepthwiseWeights3x3(const DepthwiseTask& task, int channel) {
    const int count = std::min(task.x.c - channel, kChannelBlock);
    const auto copy = [&](const float* from, float* to) HWY_ATTR {
      for (int c = 0; c < count; ++c) to[c] = from[c];
      for (int c = count; c % kLanes != 0; ++c) to[c] = 0.0f;
    };
    for (int tap = 0; tap < 9; ++tap) copy(task.filter + static_cast<ptrdiff_t>(tap) * task.x.c + channel, taps[tap]);
    if (task.bias) {
      copy(task.bias + channel, bias);
    } else {
      std::fill_n(bias, kChannelBlock, 0.0f);
    }
  }
};

// A rectangle of output pixels that is computed at once, in one block of channels.
struct DepthwiseRun {
  int whole, partial;      // channels in whole vectors; in one more vector of which the rest must not be touched
  const float* residual;   // or nullptr
  int residual_stride;     // between pixels
  ptrdiff_t residual_row;  // between rows
  float* y;
  int y_stride;
  ptrdiff_t y_row;
};

// Output pixels that are computed at once: 2 x 4 of a 3x3 filter with stride 1 read 24 input vectors and 9 weights for
// 72 multiply-adds, 1 x 4 would read 18 and 9 for 36. Eight sums and a row of six inputs fit in 16 registers.
inline constexpr int kRunRows = 2, kRunColumns = 4;
// Output columns that share a table of pointers.
inline constexpr int kTableColumns = 32;

// Pointers to the input pixels under a stretch of output: [row][column].
struct InputTable {
  const float* pixels[(kRunRows - 1) * 2 + 3][(kTableColumns - 1) * 2 + 3];
};

// Addresses of `count` pixels of an image from (y, x) on, at a channel; where there is no pixel, of zeros.
inline void FindPixels(const ConstView& view, int image, int y, int x, int count, int channel, const float** pixels) {
  if (y < 0 || y >= view.h) return std::fill_n(pixels, count, kZeroChannels), void();
  const float* row = view.pixel(image, y, 0) + channel;
  for (int i = 0; i < count; ++i, ++x) {
    pixels[i] = x >= 0 && x < view.w ? row + static_cast<ptrdiff_t>(x) * view.stride : kZeroChannels;
  }
}

// kRows x kColumns output pixels; `first` is the first input column under them.
template <int kStrideH, int kStrideW, int kRows, int kColumns>
void Depthwise3x3Run(const DepthwiseRun& run, const DepthwiseWeights3x3& weights, const Clamp& clamp, Vector input_low,
                     const InputTable& input, int first) {
  constexpr int kInputRows = (kRows - 1) * kStrideH + 3, kInputColumns = (kColumns - 1) * kStrideW + 3;
  // Copies, because the compiler must assume that a vector store changes anything that is not local.
  const DepthwiseRun r = run;
  const Clamp activation = clamp;
  ForEachVector(r.whole, r.partial, [&](const auto& memory, int c) HWY_ATTR {
    const Floats d;
    Vector sums[kRows][kColumns];
    HWY_UNROLL(8)
    for (int i = 0; i < kRows * kColumns; ++i) sums[i / kColumns][i % kColumns] = hn::Load(d, weights.bias + c);
    HWY_UNROLL(8)
    for (int y = 0; y < kInputRows; ++y) {
      Vector values[kInputColumns];
      HWY_UNROLL(16)
      for (int x = 0; x < kInputColumns; ++x) {
        values[x] = AtLeast(input_low, memory.Load(input.pixels[y][first + x] + c));
      }
      HWY_UNROLL(8)
      for (int row = 0; row < kRows; ++row) {
        const int ky = y - row * kStrideH;
        if (ky < 0 || ky >= 3) continue;
        HWY_UNROLL(3)
        for (int kx = 0; kx < 3; ++kx) {
          const Vector weight = hn::Load(d, weights.taps[ky * 3 + kx] + c);
          HWY_UNROLL(8)
          for (int x = 0; x < kColumns; ++x) {
            sums[row][x] = hn::MulAdd(values[x * kStrideW + kx], weight, sums[row][x]);
          }
        }
      }
    }
    HWY_UNROLL(8)
    for (int row = 0; row < kRows; ++row) {
      HWY_UNROLL(8)
      for (int x = 0; x < kColumns; ++x) {
        Vector sum = sums[row][x];
        if (r.residual) {
          sum = hn::Add(sum, memory.Load(r.residual + row * r.residual_row + x * r.residual_stride + c));
        }
        memory.Store(activation(sum), r.y + row * r.y_row + x * r.y_stride + c);
      }
    }
  });
}

class Depthwise {
 public:
  explicit Depthwise(const DepthwiseTask& task)
      : task_(task),
        clamp_(task.activation),
        input_low_(hn::Set(Floats(), task.relu_input ? 0.0f : -std::numeric_limits<float>::infinity())) {}

  // Computes output pixels [begin, end), counted over the whole batch.
  void operator()(int begin, int end, const DepthwiseOutput& output) const {
    const WindowParams& window = task_.window;
    const bool is_3x3 = window.kernel_h == 3 && window.kernel_w == 3;
    for (int channel = 0; channel < task_.x.c; channel += kChannelBlock) {
      if (is_3x3 && window.stride_h == 1 && window.stride_w == 1) {
        Rows3x3<1>(begin, end, channel, output);
      } else if (is_3x3 && window.stride_h == 2 && window.stride_w == 2) {
        Rows3x3<2>(begin, end, channel, output);
      } else {
        for (int pixel = begin; pixel < end; ++pixel) AnyPixel(pixel, channel, output);
      }
    }
  }

 private:
  // The part of [begin, end) that lies in full-width stripes of kRunRows rows of one image is computed stripe by
  // stripe, the rest row by row.
  template <int kStride>
  void Rows3x3(int begin, int end, int channel, const DepthwiseOutput& output) const {
    const DepthwiseWeights3x3 weights(task_, channel);
    for (int pixel = begin; pixel < end;) {
      const int row = pixel / task_.out_w;
      const int column = pixel - row * task_.out_w;
      const bool stripe =
          column == 0 && end - pixel >= kRunRows * task_.out_w && row % task_.out_h + kRunRows <= task_.out_h;
      const int last_column = std::min(task_.out_w, column + end - pixel);
      for (int x = column; x < last_column; x += kTableColumns) {
        const Range columns = {x, std::min(x + kTableColumns, last_column)};
        if (stripe) {
          Stretch3x3<kStride, kRunRows>(row, columns, channel, weights, output);
        } else {
          Stretch3x3<kStride, 1>(row, columns, channel, weights, output);
        }
      }
      pixel += (stripe ? (kRunRows - 1) * task_.out_w : 0) + last_column - column;
    }
  }

  // The given columns of kRows rows of output from `row` on, counted over the whole batch.
  template <int kStride, int kRows>
  void Stretch3x3(int row, const Range& columns, int channel, const DepthwiseWeights3x3& weights,
                  const DepthwiseOutput& output) const {
    const int image = row / task_.out_h;
    const int top = (row - image * task_.out_h) * kStride - task_.window.padding.top;
    const int left = columns.begin * kStride - task_.window.padding.left;
    InputTable input;
    for (int y = 0; y < (kRows - 1) * kStride + 3; ++y) {
      FindPixels(task_.x, image, top + y, left, (columns.size() - 1) * kStride + 3, channel, input.pixels[y]);
    }
    DepthwiseRun run = MakeRun(row * task_.out_w + columns.begin, channel, output);
    const int num_runs = (columns.size() + kRunColumns - 1) / kRunColumns;
    for (int i = 0; i < num_runs; ++i) {
      const Range part = Part(columns.size(), num_runs, i);
      Run3x3<kStride, kRows>(run, weights, input, part);
      run.y += static_cast<ptrdiff_t>(part.size()) * run.y_stride;
      if (run.residual) run.residual += static_cast<ptrdiff_t>(part.size()) * run.residual_stride;
    }
  }

  template <int kStride, int kRows>
  void Run3x3(const DepthwiseRun& run, const DepthwiseWeights3x3& weights, const InputTable& input,
              const Range& part) const {
    const int first = part.begin * kStride;
    switch (part.size()) {
      case 1:
        return Depthwise3x3Run<kStride, kStride, kRows, 1>(run, weights, clamp_, input_low_, input, first);
      case 2:
        return Depthwise3x3Run<kStride, kStride, kRows, 2>(run, weights, clamp_, input_low_, input, first);
      case 3:
        return Depthwise3x3Run<kStride, kStride, kRows, 3>(run, weights, clamp_, input_low_, input, first);
      default:
        return Depthwise3x3Run<kStride, kStride, kRows, 4>(run, weights, clamp_, input_low_, input, first);
    }
  }

  // One output pixel with any filter, tap by tap over the block of channels.
  void AnyPixel(int pixel, int channel, const DepthwiseOutput& output) const {
    const Floats d;
    const WindowParams& window = task_.window;
    const int row = pixel / task_.out_w, image = row / task_.out_h;
    const int top = (row - image * task_.out_h) * window.stride_h - window.padding.top;
    const int left = (pixel - row * task_.out_w) * window.stride_w - window.padding.left;
    const int channels = std::min(task_.x.c - channel, kChannelBlock);
    const int partial = channels % kLanes, whole = channels - partial;
    HWY_ALIGN float sums[kChannelBlock];
    ForEachVector(whole, partial, [&](const auto& memory, int c) HWY_ATTR {
      hn::Store(task_.bias ? memory.Load(task_.bias + channel + c) : hn::Zero(d), d, sums + c);
    });
    const float* filter = task_.filter + channel;
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      for (int kx = 0; kx < window.kernel_w; ++kx, filter += task_.x.c) {
        const float* input = Input(image, top + ky, left + kx, channel);
        ForEachVector(whole, partial, [&](const auto& memory, int c) HWY_ATTR {
          const Vector value = AtLeast(input_low_, memory.Load(input + c));
          hn::Store(hn::MulAdd(value, memory.Load(filter + c), hn::Load(d, sums + c)), d, sums + c);
        });
      }
    }
    const DepthwiseRun run = MakeRun(pixel, channel, output);
    ForEachVector(whole, partial, [&](const auto& memory, int c) HWY_ATTR {
      Vector sum = hn::Load(d, sums + c);
      if (run.residual) sum = hn::Add(sum, memory.Load(run.residual + c));
      memory.Store(clamp_(sum), run.y + c);
    });
  }

  // A run whose first output pixel is `pixel`.
  DepthwiseRun MakeRun(int pixel, int channel, const DepthwiseOutput& output) const {
    const ConstView& residual = task_.residual;
    const int channels = std::min(task_.x.c - channel, kChannelBlock);
    const bool whole_vectors = task_.x.padded && output.whole_vectors && (!residual.data || residual.padded);
    const int whole = whole_vectors ? RoundUp(channels, kLanes) : channels / kLanes * kLanes;
    return {
        .whole = whole,
        .partial = std::max(channels - whole, 0),
        .residual = residual.data ? residual.pixel(0, 0, pixel) + channel : nullptr,
        .residual_stride = residual.stride,
        .residual_row = static_cast<ptrdiff_t>(residual.stride) * task_.out_w,
        .y = output.pixel(pixel) + channel,
        .y_stride = output.stride,
        .y_row = static_cast<ptrdiff_t>(output.stride) * task_.out_w,
    };
  }

  // Pixel (y, x) of an image, or zeros where there is none.
  const float* Input(int image, int y, int x, int channel) const {
    if (y < 0 || y >= task_.x.h || x < 0 || x >= task_.x.w) return kZeroChannels;
    return task_.x.pixel(image, y, x) + channel;
  }

  DepthwiseTask task_;
  Clamp clamp_;
  Vector input_low_;
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#endif  // SISKIN_KERNELS_DEPTHWISE_DEPTHWISE_INL_H_
