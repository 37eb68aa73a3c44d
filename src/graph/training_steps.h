// Both passes of a training as steps, and the memory that they need.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/memory_plan.h"
#include "graph/plan_step.h"
#include "graph/step_memory.h"
#include "graph/training_op.h"

namespace siskin {

struct TrainingSteps {
  std::vector<PlanStep> steps;
  size_t first_backward = 0;      // of them
  std::vector<Lifetime> buffers;  // bytes for one image
  std::vector<NormState> norms;
  Slot input, logits, dlogits;  // what is written and read from outside; the input may be the caller's
};

TrainingSteps LowerToSteps(const TrainingProgram& program, bool batch_statistics);

}  // namespace siskin
