#include "graph/filter.h"

#include <utility>

#include "base/error.h"

namespace siskin {

void Filter::Scale(std::vector<double> factors) {
  factors_.push_back(std::move(factors));
}

std::span<const float> Filter::Read(std::vector<float>* memory) const {
  if (dtype_ != DType::kF32) Fail(ErrorKind::kInternal, "a filter of type {} was read as F32", Name(dtype_));
  const std::span lent(reinterpret_cast<const float*>(lent_.data()), size());
  if (factors_.empty()) return lent;
  memory->assign(lent.begin(), lent.end());
  for (const std::vector<double>& factors : factors_) {
    for (size_t row = 0; row < memory->size(); row += factors.size()) {
      float* values = memory->data() + row;
      for (size_t c = 0; c < factors.size(); ++c) values[c] = static_cast<float>(values[c] * factors[c]);
    }
  }
  return *memory;
}

}  // namespace siskin
