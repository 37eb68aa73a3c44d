// Max, average and global pooling.
#pragma once

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "tensor/view.h"

namespace siskin {

// x: [N, H, W, C]   y: [N, OH, OW, C], overwritten. Padding counts as minus infinity; every window must touch x.
void MaxPool(const WindowParams& params, ConstView x, View y, ThreadPool& threads);

// The same with the mean over the pixels of x in the window (padding is not counted, as in TensorFlow).
void AveragePool(const WindowParams& params, ConstView x, View y, ThreadPool& threads);

// x: [N, H, W, C]   y: [N, 1, 1, C], overwritten. The sum runs over the pixels in order, in fp32 with a fixed tree.
void GlobalAveragePool(ConstView x, View y, ThreadPool& threads);
void GlobalMaxPool(ConstView x, View y, ThreadPool& threads);

}  // namespace siskin
