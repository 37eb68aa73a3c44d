#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace siskin {

// Of at least one value; of an even number of them, the greater of the two in the middle.
inline double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace siskin
