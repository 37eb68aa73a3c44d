// The order in which Keras lists the layers of a model, and with them the weights in its files: from the deepest layer
// (the one with the longest way to the output) to the shallowest; layers of the same depth as a walk from the output
// back to the input meets them first. In a chain that is the order of building; parallel branches interleave.
#pragma once

#include <cstddef>
#include <vector>

namespace siskin {

// inputs: for each layer the indices of those that it reads, which come before it; the last layer is the output.
// Returns the indices of all layers, each once. Layers that lead nowhere, which Keras would not have, count as further
// outputs.
std::vector<size_t> KerasOrder(const std::vector<std::vector<size_t>>& inputs);

}  // namespace siskin
