#include "kernels/depthwise/depthwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise/depthwise.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/depthwise/depthwise-inl.h"
#include "kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

void DepthwiseConv2DT(const WindowParams& params, const ConstView& x, const float* filter, bool relu_input,
                      const Epilogue& epilogue, const View& y, ThreadPool& threads) {
  const Depthwise depthwise({.window = params,
                             .x = x,
                             .out_h = y.h,
                             .out_w = y.w,
                             .filter = filter,
                             .relu_input = relu_input,
                             .bias = epilogue.bias,
                             .residual = epilogue.residual,
                             .activation = epilogue.activation});
  // One item is a few rows of one image: enough to reuse input rows from the cache, small enough to balance.
  constexpr int kRows = 8;
  const int num_rows = y.n * y.h;
  const int num_items = (num_rows + kRows - 1) / kRows;
  threads.ParallelFor(static_cast<size_t>(num_items), [&](size_t item, int) HWY_ATTR {
    const Range rows = Part(num_rows, num_items, static_cast<int>(item));
    depthwise(rows.begin * y.w, rows.end * y.w, {y.pixel(0, rows.begin, 0), rows.begin * y.w, y.stride, y.padded});
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(DepthwiseConv2DT);

void DepthwiseConv2D(const WindowParams& params, ConstView x, const float* filter, bool relu_input,
                     const Epilogue& epilogue, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(DepthwiseConv2DT)(params, x, filter, relu_input, epilogue, y, threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
