// The one piece of memory that a run works in: buffers laid out by their lifetimes, for a number of images.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/memory_plan.h"
#include "tensor/tensor.h"

namespace siskin {

class Arena {
 public:
  Arena() = default;
  // buffers: bytes for one image. scratch: after them, bytes as they are.
  Arena(const std::vector<Lifetime>& buffers, int images, std::span<const Lifetime> scratch = {});

  std::byte* data() { return memory_.bytes().data(); }
  // Of every buffer, in bytes, while no more images than these are in the arena. One alone has a plan of its own: it
  // touches no more memory than it needs, whatever the batch that there is room for.
  std::span<const size_t> offsets(int images) const { return images == 1 ? of_one_image_ : of_all_images_; }
  size_t num_bytes() const { return memory_.num_bytes(); }

 private:
  std::vector<size_t> of_one_image_, of_all_images_;
  Tensor memory_;
};

}  // namespace siskin
