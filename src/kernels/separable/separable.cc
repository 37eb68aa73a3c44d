#include "kernels/separable/separable.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/separable/separable.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/depthwise/depthwise-inl.h"
#include "kernels/dispatch.h"
#include "kernels/gemm/gemm-inl.h"
#include "kernels/input_rows.h"
#include "kernels/isa.h"

#ifndef SISKIN_KERNELS_SEPARABLE_SEPARABLE_ONCE_
#define SISKIN_KERNELS_SEPARABLE_SEPARABLE_ONCE_
namespace siskin {

// Of a worker's panel: the depthwise result for one block of rows.
inline size_t SeparablePanelFloats(int cin, int tile_rows) {
  return static_cast<size_t>(Blocking::MaxBlockRows(cin, tile_rows)) * PixelStride<float>(cin);
}

}  // namespace siskin
#endif

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

void SeparableConv2DT(const SeparableParams& params, const ConstView& x, const float* depthwise_filter,
                      const PackedMatrix& pointwise, const Epilogue& epilogue, const View& y, float* scratch,
                      ThreadPool& threads) {
  const Depthwise depthwise({.window = params.window,
                             .x = x,
                             .out_h = y.h,
                             .out_w = y.w,
                             .filter = depthwise_filter,
                             .relu_input = params.relu_input,
                             .bias = params.between_bias,
                             .residual = {},
                             .activation = params.between});
  const Blocking blocking(static_cast<int>(y.num_pixels()), x.c, kTileRows, pointwise.num_panels(),
                          threads.num_threads());
  const int stride = PixelStride<float>(x.c);
  threads.ParallelFor(blocking.num_items(), [&](size_t item, int worker) HWY_ATTR {
    float* panel = scratch + static_cast<size_t>(worker) * SeparablePanelFloats(x.c, kTileRows);
    const Range tiles = blocking.tiles(item);
    const Range rows = blocking.rows(tiles);
    depthwise(rows.begin, rows.end, {panel, rows.begin, stride, true});
    MultiplyBlock(blocking, tiles, blocking.panels(item), pointwise, 1, epilogue, y,
                  StridedRows(panel, rows.begin, stride),
                  InputRows(params.window, x, y.h, y.w, blocking.next_rows(item)));
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(SeparableConv2DT);

size_t SeparableScratch(int cin, int num_threads) {
  return SeparablePanelFloats(cin, CurrentInstructionSet().tile_rows) * static_cast<size_t>(num_threads);
}

void SeparableConv2D(const SeparableParams& params, ConstView x, const float* depthwise, const PackedMatrix& pointwise,
                     const Epilogue& epilogue, View y, std::span<float> scratch, ThreadPool& threads) {
  SISKIN_DISPATCH(SeparableConv2DT)(params, x, depthwise, pointwise, epilogue, y, scratch.data(), threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
