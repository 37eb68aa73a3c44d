// Kernels as PyTorch and ONNX keep them, in Keras' layouts.
#pragma once

#include "tensor/tensor.h"

namespace siskin {

// [out, in, h, w] -> [h, w, in, out], or [h, w, channels, 1] where each channel has its own (in = 1: a depthwise
// convolution); [out, in] -> [in, out]. fp32. Tensors of other ranks stay as they are.
Tensor FromChannelsFirst(Tensor tensor);

}  // namespace siskin
