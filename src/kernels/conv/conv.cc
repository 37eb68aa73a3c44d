#include "kernels/conv/conv.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv/conv.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/conv/taps.h"
#include "kernels/dispatch.h"
#include "kernels/gemm/gemm-inl.h"
#include "kernels/input_rows.h"
#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

void Conv2DT(const WindowParams& params, const ConstView& x, const PackedMatrix& filter, const Epilogue& epilogue,
             const View& y, float* scratch, ThreadPool& threads) {
  const int row_floats = x.c * params.stride_h * params.stride_w;
  const int block_rows = Blocking::MaxBlockRows(row_floats, kTileRows);
  const ConvTaps taps(params, x, y.h, y.w, block_rows, scratch);
  const Blocking blocking(static_cast<int>(y.num_pixels()), row_floats, kTileRows, filter.num_panels(),
                          threads.num_threads());
  threads.ParallelFor(blocking.num_items(), [&](size_t item, int worker) HWY_ATTR {
    const Range tiles = blocking.tiles(item);
    const int first_row = blocking.rows(tiles).begin;
    const float* const* pointers = taps.FindRows(blocking, tiles, worker);
    MultiplyBlock(
        blocking, tiles, blocking.panels(item), filter, taps.num_taps(), epilogue, y,
        [&](int row, int) HWY_ATTR { return pointers + static_cast<size_t>(row - first_row) * taps.num_taps(); },
        InputRows(params, x, y.h, y.w, blocking.next_rows(item)));
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(Conv2DT);

namespace {
bool IsPointwise(const WindowParams& params) {
  return params == WindowParams{};
}
}  // namespace

size_t Conv2DScratch(const WindowParams& params, int cin, int num_threads) {
  if (IsPointwise(params)) return 0;
  const int row_floats = cin * params.stride_h * params.stride_w;
  return ConvTaps::ScratchFloats(params, cin, Blocking::MaxBlockRows(row_floats, CurrentInstructionSet().tile_rows),
                                 num_threads);
}

void Conv2D(const WindowParams& params, ConstView x, const PackedMatrix& filter, const Epilogue& epilogue, View y,
            std::span<float> scratch, ThreadPool& threads) {
  if (IsPointwise(params)) return MatMul(x, filter, epilogue, y, threads);
  SISKIN_DISPATCH(Conv2DT)(params, x, filter, epilogue, y, scratch.data(), threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
