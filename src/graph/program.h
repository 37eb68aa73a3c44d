// What the compiler of plans works on: the layers of a graph as a list of kernel calls with their weights. Lower()
// makes one call of every layer; the passes (graph/passes.h) merge calls, move weights and delete what is not needed;
// at the end what is left is placed in memory (graph/storage.h) and executed (graph/run_steps.h). Inference only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/plan_step.h"
#include "kernels/conv_params.h"
#include "kernels/epilogue.h"
#include "tensor/tensor.h"

namespace siskin {

using ValueId = int;  // an activation: written by one op, read by any number of later ones
constexpr ValueId kNoValue = -1;

// y = activation(op(inputs) + bias + residual), and its weights. Which fields mean something depends on the kind.
struct Op : StepWeights {
  LayerKind kind = LayerKind::kInput;
  std::string name;                // of the layer that gave the op its kind
  std::vector<std::string> fused;  // of the layers that it swallowed
  std::vector<ValueId> inputs;
  ValueId output = kNoValue;
  WindowParams window;
  Activation between = Activation::kNone;
  bool relu_input = false;      // depthwise and separable convolutions
  ValueId residual = kNoValue;  // convolutions and dense layers
  Activation activation = Activation::kNone;
  int64_t multiply_adds = 0;  // of one image
};

struct Value {
  FeatureShape shape;
  DType dtype = DType::kF32;  // of an element in memory
};

struct Program {
  std::vector<Value> values;  // by id
  std::vector<Op> ops;        // in the order of execution
  ValueId input = kNoValue, output = kNoValue;
};

// The program borrows the filters of `weights`. kModel if a parameter of the graph's layout is missing there or has
// another shape or type.
Program Lower(const Graph& graph, const TensorMap& weights);

// How often a value is read; being the program's output counts as once.
int NumUses(const Program& program, ValueId value);
// The index of the op that writes `value`, -1 for the program's input.
int ProducerOf(const Program& program, ValueId value);
// Whoever reads `from` reads `to` instead.
void ReplaceUses(Program& program, ValueId from, ValueId to);
// Merges op `consumer` into op `producer`, whose output nobody else reads: the result stands in the consumer's place,
// writes its output and swallows its name. The caller merges what the two compute.
Op& Absorb(Program& program, int producer, int consumer);

}  // namespace siskin
