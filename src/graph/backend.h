// Who computes the steps of a network: the CPU's kernels, or the reference kernels. What a backend makes of weights is
// its own business.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/threads.h"
#include "graph/plan_step.h"
#include "graph/step_memory.h"

namespace siskin {

// StepWeights as a backend wants them. Nothing changes them while steps run.
class BoundWeights {
 public:
  virtual ~BoundWeights() = default;
  virtual size_t num_bytes() const = 0;
};

// Runs steps, one at a time.
class StepRunner {
 public:
  virtual ~StepRunner() = default;
  // bound: the step's; nullptr if it takes its weights from memory.parameters.
  virtual void Run(const PlanStep& step, const BoundWeights* bound, const StepMemory& memory) = 0;
  virtual size_t num_bytes() const = 0;  // of memory that it has for it
};

// Stateless: may be shared by any number of models and threads.
class Backend {
 public:
  virtual ~Backend() = default;
  // Copies what it needs: the tensors that lend the filters may go away.
  virtual std::unique_ptr<BoundWeights> Bind(StepWeights weights) const = 0;
  // Bytes of memory.scratch that the step needs for any number of images up to max_images.
  virtual size_t ScratchBytes(const PlanStep& step, int max_images, int num_threads) const = 0;
  // For the steps given; nothing is allocated later. `threads` must outlive the runner.
  virtual std::unique_ptr<StepRunner> NewRunner(std::span<const PlanStep> steps, ThreadPool& threads) const = 0;
};

const Backend& CpuBackend();        // src/kernels
const Backend& ReferenceBackend();  // src/kernels/reference: slow, sums in double, one thread; allocates

}  // namespace siskin
