// The ops of a training and where their parameters are: graph/training_program.h makes them of a graph.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/layer.h"
#include "graph/plan_step.h"
#include "tensor/tensor.h"

namespace siskin {

// A tensor of the network and its place in the flat array of its kind.
struct TrainingParameter {
  std::string name;  // as in Graph::Layout
  Shape shape;
  size_t offset = 0, size = 0;  // floats
  bool decays = false;          // weight decay pulls at it: kernels, not biases, betas and gammas
};

struct TrainingOp {
  LayerKind kind = LayerKind::kInput;
  std::string name;
  std::vector<int> inputs;  // values
  int output = -1;
  WindowParams window;  // global pooling: the whole image
  bool relu_input = false;
  Activation activation = Activation::kNone;  // kBatchNorm, kActivation
  float epsilon = 0, momentum = 0;            // kBatchNorm
  float rate = 0;                             // kDropout
  float residual_scale = 1;                   // kAdd: factor of the second input
  ParameterOffsets at;
};

struct TrainingProgram {
  std::vector<FeatureShape> values;  // 0 is the input
  std::vector<TrainingOp> ops;       // in the order of execution
  int output = 0;
  std::vector<TrainingParameter> parameters, statistics;  // in Keras' order
};

}  // namespace siskin
