// What is known of each kind of layer, in one row of one table: its name, parameters and cost, what the compiler of
// plans may do with it, and the steps that it becomes. A table of plain functions: what runs is in the steps.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "graph/layer.h"
#include "graph/plan_step.h"
#include "tensor/tensor.h"

namespace siskin {

class TrainingLowering;
struct TrainingOp;

using RoleShapes = std::vector<std::pair<const char*, Shape>>;

struct LayerRow {
  LayerKind kind = LayerKind::kInput;
  const char* keras_class = "";  // "SeparableConv2D"; also what people see

  // Parameters in Keras' order, the bias of layers that use one left out. null: none.
  RoleShapes (*parameters)(const Layer& layer, int input_channels) = nullptr;
  // Of one image. null: none, and the layer counts for nothing in a network's depth.
  int64_t (*multiply_adds)(const Layer& layer, int input_channels) = nullptr;
  // Which parameters are the matrix of its product, and the filter of its depthwise step. null: there is none.
  const char* matrix = nullptr;
  const char* depthwise = nullptr;

  // Inference. The passes may give it bias, residual and activation; zero padding before it; an output in the
  // place of its input, which it reads element by element. It sees activations as rows without gaps.
  bool has_epilogue = false, takes_padding = false, is_elementwise = false, wants_rows = false;
  StepKind step = StepKind::kNothing;
  const char* kernel = "none";

  // Training. Which kind it is a case of (of global pooling: with a window of the whole image), and that kind's steps,
  // forward and backward; null: it cannot be trained through.
  LayerKind trained_as = kind;
  // The second is called when the gradient of the op's output is complete.
  void (*forward)(TrainingLowering& net, const TrainingOp& op) = nullptr;
  void (*backward)(TrainingLowering& net, const TrainingOp& op) = nullptr;
};

const LayerRow& RowOf(LayerKind kind);

}  // namespace siskin
