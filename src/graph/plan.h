// A graph compiled for inference: batch normalisation folded into weights, activations and additions fused into
// epilogues, separable convolutions fused, one arena with offsets from lifetimes. Nothing is allocated while it runs.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace siskin {

struct PlanOptions {
  int max_batch = 1;
  // How many images of a batch go through the network together: memory is planned for these. 0: chosen by the plan.
  int images_per_pass = 0;
};

class Plan {
 public:
  // weights: every parameter of graph.Layout() by name; kModel if one is missing or has another shape. Copies (packs)
  // what it needs: graph and weights may go away. `threads` must outlive the plan.
  Plan(const Graph& graph, const TensorMap& weights, const PlanOptions& options, ThreadPool& threads);
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  FeatureShape input_shape() const;
  FeatureShape output_shape() const;
  int max_batch() const;

  // input: [n, h, w, c] dense floats   output: [n, h*w*c of the output shape], overwritten; 1 <= n <= max_batch. The
  // result for an image does not depend on n, on its neighbours or on the number of threads. One Run at a time.
  void Run(std::span<const float> input, int n, std::span<float> output);

  size_t arena_bytes() const;    // activations and scratch
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
  // Seconds spent in each step of the last Run.
  std::span<const double> step_seconds() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace siskin
