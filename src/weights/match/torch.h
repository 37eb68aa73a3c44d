// Weights as PyTorch's modules name them ("layer1.0.conv1.weight") in a safetensors file, in Keras' layouts.
#pragma once

#include <string_view>

#include "weights/match/match.h"

namespace siskin {

// Whether the names are those of PyTorch's modules.
bool LooksLikeTorch(const TensorMap& tensors);

// One model; a layer is what stands before the last '.'. Kernels [out, in, h, w] become [h, w, in, out], or
// [h, w, channels, 1] where each channel has its own; [out, in] becomes [in, out]. Counters are left out. kModel if a
// tensor is not fp32.
FileContents FromTorch(TensorMap tensors, std::string_view where);

}  // namespace siskin
