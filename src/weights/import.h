// Files of other programs to tensors by our names. Formats are told apart by their bytes, not by their names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/layout.h"
#include "graph/parameters.h"
#include "tensor/tensor.h"
#include "weights/tensorflow/tfjs.h"

namespace siskin {

struct ImportOptions {
  std::string inner = {};   // sub-model or name scope to take; empty: the only one that fits
  ReadBeside beside = {};   // for ImportWeightsFromBytes: the files beside it; empty: there are none
  GraphBuilder build = {};  // the network of the layout, for files whose layers have no names; empty: they are not read
};

// Reads safetensors, Keras 3 .keras and .weights.h5, Keras 2 .h5, frozen TensorFlow graphs, TF.js layers models
// (model.json, with its shards beside it), ONNX models and safetensors with the names of timm, and maps them onto
// `layout`. HDF5 is read by the separate program siskin-import (beside the running program, or on PATH), in a sandbox;
// `note`, if given, gets a sentence when this system lacks a layer of that sandbox, the weights were made for a
// slightly different computation or batch normalisation was folded into them, else it is emptied. kModel: a missing,
// extra or misshapen tensor, each with its name, what was found and what was expected.
TensorMap ImportWeights(const std::filesystem::path& file, const NetworkLayout& layout,
                        const ImportOptions& options = {}, std::string* note = nullptr);
// The same for a file that is in memory; `where` stands for its name in messages.
TensorMap ImportWeightsFromBytes(std::string_view bytes, std::string_view where, const NetworkLayout& layout,
                                 const ImportOptions& options = {}, std::string* note = nullptr);

}  // namespace siskin
