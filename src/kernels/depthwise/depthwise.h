// Depthwise convolution: every channel has its own KH x KW filter (channel multiplier 1).
#pragma once

#include "base/threads.h"
#include "kernels/conv_params.h"
#include "kernels/epilogue.h"

namespace siskin {

//   x: [N, H, W, C]   filter: [KH, KW, C] (Keras' [KH, KW, C, 1])   y: [N, OH, OW, C], overwritten
// relu_input: x passes through ReLU as it is loaded (Xception's pre-activations).
void DepthwiseConv2D(const WindowParams& params, ConstView x, const float* filter, bool relu_input,
                     const Epilogue& epilogue, View y, ThreadPool& threads);

}  // namespace siskin
