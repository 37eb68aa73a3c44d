// The gradient of a convolution's input as a convolution of dY, with the filter turned round
// (PackedMatrix::PackTurned).
#pragma once

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "tensor/view.h"

namespace siskin {

// The convolution of stride 1 that gives dx of h x w from dy, which Dilate has spread if the forward stride was not 1.
WindowParams InputGradientWindow(const WindowParams& params, int h, int w);

// spread[y * stride_h, x * stride_w] = dy[y, x], elsewhere 0; plus `base`, if that has data (a view like spread; may be
// spread). dy: [N, OH, OW, C]   spread: [N, H, W, C], H > (OH - 1) * stride_h, W likewise, overwritten
void Dilate(const WindowParams& params, ConstView dy, ConstView base, View spread, ThreadPool& threads);

}  // namespace siskin
