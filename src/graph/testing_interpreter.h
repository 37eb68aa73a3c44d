// Executes a graph layer by layer with the reference kernels, nothing folded or fused: what a plan must agree with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "tensor/tensor.h"

namespace siskin::testing {

// input: [n, h, w, c] dense. Returns the output of the last layer, dense.
std::vector<float> Interpret(const Graph& graph, const TensorMap& weights, std::span<const float> input, int n);

// Random weights for every parameter of the graph, a function of the seed: scaled so that activations keep their size,
// moving statistics and gammas away from their trivial values, betas that make ReLU cut on both sides.
TensorMap RandomWeights(const Graph& graph, uint64_t seed);

// Replaces the moving statistics by those of the n images: random weights of a deep network, whose answer hardly
// depends on its input, then behave like trained ones.
void SetBatchStatistics(const Graph& graph, std::span<const float> input, int n, TensorMap* weights);

// As many floats as n images of the graph's input have, in [-1, 1).
std::vector<float> RandomInput(const Graph& graph, int n, uint64_t seed);

}  // namespace siskin::testing
