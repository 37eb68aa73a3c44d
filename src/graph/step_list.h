// Steps as they are written one after the other, with the buffers that they work on: how long each of those lives
// follows from the operands.
#pragma once

#include <vector>

#include "graph/memory_plan.h"
#include "graph/plan_step.h"

namespace siskin {

class StepList {
 public:
  // Memory of its own in the arena, padded as kernels like it.
  Slot NewSlot(const FeatureShape& shape);
  // The same without gaps, for elements that are no activations.
  Slot NewDenseSlot(const FeatureShape& shape, DType dtype);

  void Append(PlanStep step);

  const std::vector<PlanStep>& steps() const { return steps_; }
  std::vector<Lifetime> buffers() const;  // bytes for one image

 private:
  Slot NewSlot(const FeatureShape& shape, bool padded, DType dtype);
  void Use(const Slot& slot);

  std::vector<PlanStep> steps_;
  std::vector<Lifetime> buffers_;  // last < 0: no step uses it yet
};

}  // namespace siskin
