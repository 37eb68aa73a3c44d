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
  Arena(std::vector<Lifetime> buffers, int images, std::span<const Lifetime> scratch = {});

  std::byte* data() { return memory_.bytes().data(); }
  std::span<const size_t> offsets() const { return offsets_; }  // of every buffer, in bytes
  size_t num_bytes() const { return memory_.num_bytes(); }

 private:
  std::vector<size_t> offsets_;
  Tensor memory_;
};

}  // namespace siskin
