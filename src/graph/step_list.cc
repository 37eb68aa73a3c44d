#include "graph/step_list.h"

#include <algorithm>
#include <utility>

namespace siskin {

Slot StepList::NewSlot(const FeatureShape& shape) {
  return NewSlot(shape, IsWorthPadding(shape.c, DType::kF32), DType::kF32);
}

Slot StepList::NewDenseSlot(const FeatureShape& shape, DType dtype) {
  return NewSlot(shape, false, dtype);
}

Slot StepList::NewSlot(const FeatureShape& shape, bool padded, DType dtype) {
  Slot slot;
  slot.buffer = static_cast<int>(buffers_.size());
  slot.shape = shape;
  slot.padded = padded;
  slot.stride = ArenaStride(shape.c, padded, dtype);
  slot.dtype = dtype;
  buffers_.push_back({ImageBytes(shape, slot.stride, dtype), static_cast<int>(steps_.size()), -1});
  return slot;
}

void StepList::Append(PlanStep step) {
  step.index = step.when = static_cast<int>(steps_.size());
  steps_.push_back(std::move(step));
  const PlanStep& added = steps_.back();
  for (const Slot* slot : {&added.x, &added.dy, &added.other, &added.y, &added.taps}) Use(*slot);
}

void StepList::Use(const Slot& slot) {
  if (!slot.exists() || slot.place != Place::kArena) return;
  const auto now = static_cast<int>(steps_.size()) - 1;
  Lifetime& lifetime = buffers_[static_cast<size_t>(slot.buffer)];
  if (lifetime.last < 0) lifetime.first = now;
  lifetime.last = now;
}

std::vector<Lifetime> StepList::buffers() const {
  std::vector<Lifetime> buffers = buffers_;
  for (Lifetime& buffer : buffers) buffer.last = std::max(buffer.last, buffer.first);
  return buffers;
}

}  // namespace siskin
