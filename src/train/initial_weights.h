// What a network starts from when it has learned nothing yet.
#pragma once

#include <cstdint>

#include "graph/layout.h"
#include "tensor/tensor.h"

namespace siskin {

// Keras' defaults: kernels uniform in +-sqrt(6 / (fan in + fan out)) (Glorot, Bengio 2010), biases 0, batch
// normalisation that changes nothing. A function of the seed and of the parameters' order.
TensorMap InitialWeights(const NetworkLayout& layout, uint64_t seed);

}  // namespace siskin
