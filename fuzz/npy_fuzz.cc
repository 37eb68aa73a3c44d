// base/npy.h
#include "base/npy.h"
#include "fuzz/target.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const NpyArray array = ParseNpy(input, "input");
  size_t elements = 1;
  for (const int64_t dim : array.shape) elements *= static_cast<size_t>(dim);
  Require(elements == array.values.size(), "there are as many values as the shape says");
}

}  // namespace siskin::fuzz
