// An ONNX model taken apart into what its weights can be found by: initializers, nodes, inputs. Everything is borrowed
// from the bytes, the graph is never run. https://onnx.ai/onnx/repo-docs/IR.html, field numbers from onnx.proto.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace siskin {

struct OnnxTensor {
  std::string_view name, floats, raw, integers, halves;  // the numbers are in one of the four
  std::vector<int64_t> dims;
  uint64_t type = 0;
  bool elsewhere = false;  // its numbers are in another file
};

struct OnnxNode {
  std::string_view op, output;                                            // of several outputs the first
  std::vector<std::string_view> inputs;                                   // the first 16; "" where one is left out
  std::vector<std::pair<std::string_view, std::string_view>> attributes;  // name, AttributeProto

  // An attribute of that name; `otherwise` (of lists and texts: empty) if there is none.
  int64_t Int(std::string_view name, int64_t otherwise) const;
  float Float(std::string_view name, float otherwise) const;
  std::vector<int64_t> Ints(std::string_view name) const;
  std::string_view Text(std::string_view name) const;
};

struct OnnxFile {
  std::map<std::string_view, OnnxTensor> initializers;  // also by what Constant and Identity call them
  std::vector<OnnxNode> nodes;                          // as in the file: ONNX wants each after those it reads
  std::vector<std::string_view> inputs;                 // initializers among them, in older files
};

// kModel if the bytes are no ONNX model, names are not UTF-8 or not unique, there is more than any network has, or
// numbers are kept in another file.
OnnxFile ParseOnnx(std::string_view bytes, std::string_view where);

// The tensor in fp32, widened if it is fp16 or bfloat16; kModel if it is of another type, larger than max_bytes, or its
// data does not have the size of its shape.
Tensor ReadOnnxTensor(std::string_view name, const OnnxTensor& tensor, uint64_t max_bytes, std::string_view where);

// Of a list of int64; empty if it is none, or one of more than 16.
std::vector<int64_t> ReadOnnxIntegers(const OnnxTensor& tensor);

// kModel: "WHERE: is not a valid ONNX model: REASON; ...".
[[noreturn]] void FailOnnx(std::string_view where, const std::string& reason);

}  // namespace siskin
