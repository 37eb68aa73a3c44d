// Gradients of pooling. Max pooling remembers in the forward pass which pixel of every window was the largest; each
// pixel then collects from the windows that it is in, so that nothing is written twice.
#pragma once

#include <cstdint>

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "tensor/view.h"

namespace siskin {

// MaxPool that also writes taps: [N * OH * OW, C], the place (ky * KW + kx) of the first of the largest values. NaN
// wins.
void MaxPoolWithTaps(const WindowParams& params, ConstView x, View y, uint16_t* taps, ThreadPool& threads);

// dy: [N, OH, OW, C]   dx: [N, H, W, C], overwritten
void MaxPoolInputGradient(const WindowParams& params, ConstView dy, const uint16_t* taps, View dx, ThreadPool& threads);

// Every pixel of a window gets its share of dy; padding counts neither forward nor backward. Global pooling is a window
// of the image's size.
void AveragePoolInputGradient(const WindowParams& params, ConstView dy, View dx, ThreadPool& threads);

}  // namespace siskin
