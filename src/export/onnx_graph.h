// An ONNX model under construction: nodes, constants, inputs and outputs, and the bytes of the file. Knows the format,
// not Siskin's layers. https://onnx.ai/onnx/repo-docs/IR.html; field numbers from onnx.proto (IR version 8).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "export/protobuf_writer.h"
#include "tensor/tensor.h"

namespace siskin {

struct OnnxAttribute {
  std::string name;
  std::variant<int64_t, float, std::vector<int64_t>> value;
};

class OnnxGraph {
 public:
  // Each returns the name of the value that it makes.
  std::string Node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                   const std::vector<OnnxAttribute>& attributes = {});
  std::string Constant(const std::string& name, const Tensor& tensor);             // fp32 or int64
  std::string Constant(const std::string& name, std::span<const float> values);    // of rank 1
  std::string Constant(const std::string& name, std::span<const int64_t> values);  // of rank 1

  // Dimensions below 0 are the batch: any number, called N.
  void Input(const std::string& name, DType dtype, std::span<const int64_t> dims);
  void Output(const std::string& name, DType dtype, std::span<const int64_t> dims);
  // Text that travels with the model: metadata_props.
  void Metadata(std::string key, std::string value) { metadata_.emplace_back(std::move(key), std::move(value)); }

  // The file as one message; the graph is empty afterwards.
  ProtobufWriter TakeModel(const std::string& name, const std::string& producer_version);

 private:
  ProtobufWriter graph_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

}  // namespace siskin
