// The one loop that runs a network, forward and backward.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "graph/backend.h"

namespace siskin {

// Called after every step, in the thread that runs them, with the memory as the step has left it: for times, for
// observers of activations (step.y), and for sending gradients away as soon as they are final (step.finishes).
using StepHook = std::function<void(const PlanStep& step, const StepMemory& memory)>;

// bound: by step, or empty.
void RunSteps(std::span<const PlanStep> steps, std::span<const std::unique_ptr<BoundWeights>> bound, StepRunner& runner,
              const StepMemory& memory, const StepHook& after);

// A hook's half of measuring times: the seconds that each step took.
class StepTimer {
 public:
  explicit StepTimer(size_t num_steps) : seconds_(num_steps) {}
  // These steps are about to run: their times are forgotten, the clock runs.
  void Start(std::span<const PlanStep> steps);
  void Note(const PlanStep& step);  // has just been run
  std::span<const double> seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds_;
  Clock::time_point before_;
};

}  // namespace siskin
