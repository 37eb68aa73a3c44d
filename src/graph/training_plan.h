// A graph compiled for training: logits forward, gradients of all parameters backward. Convolutions keep their raw
// output only; batch normalisation and activation are computed again where they are needed, the depthwise step of a
// separable convolution likewise. One arena for activations and their gradients, nothing allocated in a step. Sums have
// a fixed order: the same bits for any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "graph/backend.h"
#include "graph/dropout.h"
#include "graph/graph.h"
#include "graph/run_steps.h"
#include "graph/training_program.h"

namespace siskin {

struct TrainingPlanOptions {
  int max_batch = 32;
  // Batch normalisation by the statistics of the batch, moving averages following; false: by the moving averages,
  // which then do not change.
  bool batch_statistics = false;
  const Backend* backend = &CpuBackend();
};

class TrainingPlan {
 public:
  // The graph must end in logits [1, 1, classes]. `threads` must outlive the plan.
  TrainingPlan(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads);
  ~TrainingPlan();
  TrainingPlan(TrainingPlan&&) noexcept;
  TrainingPlan& operator=(TrainingPlan&&) noexcept;

  const std::vector<TrainingParameter>& parameters() const;  // trained by gradients
  const std::vector<TrainingParameter>& statistics() const;  // moving means and variances
  size_t num_parameters() const;                             // floats of all
  size_t num_statistics() const;

  // input: [n, h, w, c] dense, n <= max_batch; returns logits [n, classes], valid until the next call. statistics are
  // moved if the options say so. dropout: nullptr lets everything through. All spans must stay until Backward is done.
  std::span<const float> Forward(std::span<const float> parameters, std::span<float> statistics,
                                 std::span<const float> input, int n, const DropoutKey* dropout);

  // After Forward: dlogits [n, classes] to the gradient of all parameters, overwritten.
  void Backward(std::span<const float> dlogits, std::span<float> gradient);

  // Called after every step of both passes from now on; an empty one: nobody. When it sees a step, step.finishes is
  // the part of `gradient` that is final; all of them together are the whole, each float once.
  void SetHook(StepHook hook);

  size_t arena_bytes() const;    // activations and gradients
  size_t scratch_bytes() const;  // packed weights and the kernels' scratch

  struct Step {
    std::string layer, what;  // "block2_sepconv1", "weight gradient"
    double seconds = 0;       // of the last Forward or Backward
  };
  const std::vector<Step>& steps() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The named tensors into / out of the flat array. kModel if one is missing or has another shape or type.
void GatherParameters(std::span<const TrainingParameter> parameters, const TensorMap& tensors, std::span<float> flat);
void ScatterParameters(std::span<const TrainingParameter> parameters, std::span<const float> flat, TensorMap* tensors);

}  // namespace siskin
