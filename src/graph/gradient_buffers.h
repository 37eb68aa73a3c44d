// Where the gradient of every value is while the backward pass is written, and who may write over it: a buffer may
// belong to several values (those that were added have one gradient), and only a sole owner may change it.
#pragma once

#include <vector>

#include "graph/step_list.h"

namespace siskin {

class GradientBuffers {
 public:
  // `list` gives new buffers, and must outlive this.
  GradientBuffers(const std::vector<FeatureShape>& shapes, StepList& list)
      : shapes_(shapes), list_(list), slots_(shapes.size()) {}

  bool Exists(int value) const { return Of(value).exists(); }
  const Slot& Of(int value) const { return slots_[static_cast<size_t>(value)]; }
  bool HasOneOwner(const Slot& slot) const { return owners_[static_cast<size_t>(slot.buffer)] == 1; }

  // The value's gradient is what is in the slot.
  void Own(int value, const Slot& slot);
  // The value's gradient has been used.
  void Release(int value) { --owners_[static_cast<size_t>(Of(value).buffer)]; }

  // Where a contribution to the value's gradient goes: `to` becomes the contribution plus `base`, which is the sum so
  // far, in the same place or another, or none.
  struct Target {
    Slot to, base;
  };
  Target Contribute(int value);

 private:
  const std::vector<FeatureShape>& shapes_;
  StepList& list_;
  std::vector<Slot> slots_;  // by value
  std::vector<int> owners_;  // by buffer
};

}  // namespace siskin
