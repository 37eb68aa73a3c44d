#include "graph/arena.h"

#include <utility>

namespace siskin {

Arena::Arena(std::vector<Lifetime> buffers, int images, std::span<const Lifetime> scratch) {
  for (Lifetime& buffer : buffers) buffer.bytes *= static_cast<size_t>(images);
  buffers.insert(buffers.end(), scratch.begin(), scratch.end());
  MemoryPlan plan = PlanMemory(buffers);
  offsets_ = std::move(plan.offsets);
  memory_ = Tensor(Shape{static_cast<int64_t>(plan.total_bytes)}, DType::kU8);
}

}  // namespace siskin
