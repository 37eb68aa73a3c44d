// For tests: a network as exporters write it that fold batch normalisation into the convolutions. All names are
// numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tensor/tensor.h"

namespace siskin::testing {

// How they differ.
struct OnnxStyle {
  enum class Norm {
    kFolded,       // into kernel and bias: PyTorch, onnxsim
    kAffineNodes,  // a product and a sum: tf2onnx, after depthwise convolutions and those with a bias
    kNormNodes,    // there, only its names are gone
  };
  Norm norm = Norm::kFolded;
  bool channels_last = false;     // of the image; its pixels are scaled, too
  bool pad_nodes = false;         // before windows, instead of their own padding; those of maxima only if zeros
  bool swap_sums = false;         // their two sides
  bool fold_factors = false;      // of scaled sums into the convolution
  bool mean_nodes = false;        // global average as ReduceMean, matrix as MatMul and Add
  std::string prefix = "onnx::";  // of the numbers
  // The window that a convolution is written with, if not its own.
  std::function<WindowParams(const Layer&)> window = {};
};

// The graph with these weights: as a file, and the fields of its graph alone.
std::string NamelessOnnx(const Graph& graph, const TensorMap& weights, const OnnxStyle& style = {});
std::string NamelessOnnxGraph(const Graph& graph, const TensorMap& weights, const OnnxStyle& style = {});

// Pieces of such a file.
std::string OnnxTensorOf(const std::string& name, const Shape& shape, std::span<const float> values);
std::string OnnxIntegersOf(const std::string& name, const std::vector<int64_t>& values);
std::string OnnxIntsAttribute(const std::string& name, const std::vector<int64_t>& values);
std::string OnnxIntAttribute(const std::string& name, int64_t value);
std::string OnnxNodeOf(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                       const std::string& attributes = "");
std::string OnnxInputOf(const std::string& name);
std::string OnnxModelOf(const std::string& graph);

}  // namespace siskin::testing
