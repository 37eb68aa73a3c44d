// Files of other programs to tensors by our names. Formats are told apart by their bytes, not by their names.
#pragma once

#include <filesystem>
#include <string>

#include "graph/layout.h"
#include "tensor/tensor.h"

namespace siskin {

struct ImportOptions {
  std::string inner;  // sub-model or name scope to take; empty: the only one that fits
};

// Reads safetensors, Keras 3 .keras and .weights.h5, Keras 2 .h5, frozen TensorFlow graphs, and maps them onto
// `layout`. HDF5 is read by the separate program siskin-import (beside the running program, or on PATH), in a sandbox.
// kModel: a missing, extra or misshapen tensor, each with its name, what was found and what was expected.
TensorMap ImportWeights(const std::filesystem::path& file, const NetworkLayout& layout,
                        const ImportOptions& options = {});

// Checks that `tensors` are exactly the parameters of `layout` (names, shapes, fp32, all finite). kModel otherwise.
void CheckWeights(const TensorMap& tensors, const NetworkLayout& layout, const std::string& where);

}  // namespace siskin
