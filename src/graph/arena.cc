#include "graph/arena.h"

#include <algorithm>
#include <utility>

namespace siskin {

namespace {

MemoryPlan PlanImages(std::vector<Lifetime> buffers, int images, std::span<const Lifetime> scratch) {
  for (Lifetime& buffer : buffers) buffer.bytes *= static_cast<size_t>(images);
  buffers.insert(buffers.end(), scratch.begin(), scratch.end());
  return PlanMemory(buffers);
}

}  // namespace

Arena::Arena(const std::vector<Lifetime>& buffers, int images, std::span<const Lifetime> scratch) {
  MemoryPlan one = PlanImages(buffers, 1, scratch), all = PlanImages(buffers, images, scratch);
  of_one_image_ = std::move(one.offsets);
  of_all_images_ = std::move(all.offsets);
  memory_ = Tensor(Shape{static_cast<int64_t>(std::max(one.total_bytes, all.total_bytes))}, DType::kU8);
}

}  // namespace siskin
