// What a network starts from when it has learned nothing yet.
#pragma once

#include <cstdint>

#include "graph/layout.h"
#include "tensor/tensor.h"

namespace siskin {

// Kernels uniform in +-sqrt(6 / (fan in + fan out)) (Glorot, Bengio 2010), biases 0, batch normalisation that changes
// nothing: Keras' defaults, but for depthwise kernels. There a channel sees only itself, so its fans are the kernel's
// height * width; Keras counts all channels, and starts a wide layer with weights that every step of Adam turns over.
// A function of the seed and of the parameters' order.
TensorMap InitialWeights(const NetworkLayout& layout, uint64_t seed);

}  // namespace siskin
