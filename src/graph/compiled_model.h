// A graph compiled for inference: batch normalisation folded into weights, activations and additions fused into
// epilogues, separable convolutions fused, weights packed once. It holds nothing that a run changes: any number of
// sessions (graph/session.h) in any threads share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/backend.h"
#include "graph/graph.h"
#include "graph/memory_plan.h"
#include "tensor/tensor.h"

namespace siskin {

class CompiledModel {
 public:
  // weights: every parameter of graph.Layout() by name; kModel if one is missing or has another shape. Copies (packs)
  // what it needs: graph and weights may go away.
  CompiledModel(const Graph& graph, const TensorMap& weights, const Backend& backend = CpuBackend());
  // The same for weights that nobody else needs: each filter is freed as soon as it is packed, so that there are never
  // two of all.
  CompiledModel(const Graph& graph, TensorMap&& weights, const Backend& backend = CpuBackend());
  ~CompiledModel();
  CompiledModel(const CompiledModel&) = delete;
  CompiledModel& operator=(const CompiledModel&) = delete;

  // Other weights of the same graph, for validating a network in training: sessions stay as they are
  // and run with the new ones. None of them may be running meanwhile; the caller sees to that. Only who made
  // the model can call it, since sessions share it as const. kModel as above; the old weights then stay.
  void ReplaceWeights(const TensorMap& weights);

  FeatureShape input_shape() const;
  FeatureShape output_shape() const;
  size_t weights_bytes() const;  // packed weights

  // One kernel call, in order: for `siskin info`, and for tests that check what was fused.
  struct Step {
    std::string name;                // of the layer that gives the step its weights
    std::string kernel;              // "separable", "conv", "matmul", "max_pool", ...
    std::vector<std::string> fused;  // names of the layers it swallowed
    FeatureShape output;
    int64_t multiply_adds = 0;  // of one image
  };
  const std::vector<Step>& steps() const;

  // What a session runs, and the memory that it needs to do so: bytes for one image.
  const Backend& backend() const;
  std::span<const PlanStep> plan_steps() const;
  std::span<const std::unique_ptr<BoundWeights>> bound() const;  // by step
  const std::vector<Lifetime>& buffers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace siskin
