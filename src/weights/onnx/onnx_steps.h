// The nodes of an ONNX file as the steps of a network (structure.h), and where their weights are.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weights/match/structure.h"
#include "weights/onnx/onnx_file.h"

namespace siskin {

// More in a convolution or matrix is beyond reason.
constexpr uint64_t kMaxOnnxKernelBytes = uint64_t{1} << 30;

// What scales and shifts the channels after a convolution or matrix: BatchNormalization with gamma, beta, mean and
// variance, or Mul, Div, Add, Sub with one operand.
struct OnnxAffine {
  const OnnxNode* node = nullptr;
  std::array<const OnnxTensor*, 4> operands = {};
  bool is_norm() const { return node->op == "BatchNormalization"; }
};

// The weights of one step, borrowed from the file. Every tensor has as many elements as its step wants.
struct OnnxWeights {
  const OnnxTensor* kernel = nullptr;  // null: a step without weights
  const OnnxTensor* bias = nullptr;    // null: none
  bool channels_first = true;          // the kernel is [out, in, ...]
  std::vector<OnnxAffine> affines = {};
};

struct OnnxSteps {
  std::vector<Step> steps;           // the first is the input, whatever has been done to its pixels
  std::vector<OnnxWeights> weights;  // by step
  bool scales_pixels = false;        // something has
};

// Those nodes that our networks consist of, one after the other: a node that reads what comes later, or is of another
// kind, is no step, and neither is what is computed from it. kModel if there are more than any network has.
OnnxSteps StepsOfOnnx(const OnnxFile& file, std::string_view where);

}  // namespace siskin
