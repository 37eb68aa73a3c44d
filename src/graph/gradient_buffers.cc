#include "graph/gradient_buffers.h"

#include <algorithm>

namespace siskin {

void GradientBuffers::Own(int value, const Slot& slot) {
  const auto buffer = static_cast<size_t>(slot.buffer);
  owners_.resize(std::max(owners_.size(), buffer + 1), 0);
  ++owners_[buffer];
  slots_[static_cast<size_t>(value)] = slot;
}

GradientBuffers::Target GradientBuffers::Contribute(int value) {
  const Slot old = Of(value);
  if (old.exists() && HasOneOwner(old)) return {old, old};
  if (old.exists()) Release(value);
  const Slot fresh = list_.NewSlot(shapes_[static_cast<size_t>(value)]);
  Own(value, fresh);
  return {fresh, old};
}

}  // namespace siskin
