// A graph as training sees it: batch normalisation with the activation after it is one op, ReLU before depthwise
// steps goes into their loads, zero padding into windows; parameters have places in flat arrays that an optimizer walks
// over. The plan (graph/training_plan.h) makes the steps of forward and backward out of it.
#pragma once

#include "graph/graph.h"
#include "graph/training_op.h"

namespace siskin {

// kInternal for layers that are no part of a training: softmax and sigmoid (train on logits), flattening.
TrainingProgram LowerForTraining(const Graph& graph);

}  // namespace siskin
