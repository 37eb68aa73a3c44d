#include "graph/run_steps.h"

namespace siskin {

void RunSteps(std::span<const PlanStep> steps, std::span<const std::unique_ptr<BoundWeights>> bound, StepRunner& runner,
              const StepMemory& memory, const StepHook& after) {
  for (size_t i = 0; i < steps.size(); ++i) {
    runner.Run(steps[i], bound.empty() ? nullptr : bound[i].get(), memory);
    after(steps[i], memory);
  }
}

void StepTimer::Start(std::span<const PlanStep> steps) {
  for (const PlanStep& step : steps) seconds_[static_cast<size_t>(step.index)] = 0;
  before_ = Clock::now();
}

void StepTimer::Note(const PlanStep& step) {
  const auto now = Clock::now();
  seconds_[static_cast<size_t>(step.index)] += std::chrono::duration<double>(now - before_).count();
  before_ = now;
}

}  // namespace siskin
