// An op with everything resolved: packed weights, places in memory. Execute() is one call of a kernel; it
// neither allocates nor decides.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "graph/program.h"
#include "graph/storage.h"
#include "kernels/gemm/gemm.h"
#include "kernels/separable/separable.h"

namespace siskin {

struct BoundOp {
  LayerKind kind = LayerKind::kInput;
  Slot input, output;
  std::optional<Slot> other;  // the residual, or the second addend
  WindowParams window;
  bool relu_input = false;
  Activation between = Activation::kNone, activation = Activation::kNone;
  int first_channel = 0;                  // of a part that is copied into a concatenation
  std::vector<float> depthwise;           // [KH, KW, Cin]
  PackedMatrix matrix;                    // the convolution, its pointwise part, or the dense layer
  std::vector<float> scale;               // [C], batch norm
  std::vector<float> bias, between_bias;  // or empty; batch norm: the shift
};

struct Places {
  std::byte* arena = nullptr;
  std::span<const size_t> offsets;  // of the arena's buffers, in bytes
  std::span<float> scratch;         // as much as ScratchFloats says
  const float* input = nullptr;
  float* output = nullptr;
};

// Takes the weights out of `op` (they are packed and dropped); slots are not set yet.
BoundOp BindWeights(Op& op);

// Floats of scratch that `op`, with its slots set, needs for any number of images up to `max_images`.
size_t ScratchFloats(const BoundOp& op, int num_threads);

// Bytes of the weights as they are kept.
size_t WeightsBytes(const BoundOp& op);

// The name of the kernel that Execute calls: "separable", "conv", "matmul" ...
std::string KernelName(const BoundOp& op);

void Execute(const BoundOp& op, const Places& places, int num_images, ThreadPool& threads);

}  // namespace siskin
