#include "graph/keras_order.h"

#include <algorithm>
#include <numeric>

namespace siskin {
namespace {

// The longest way of every layer to an output.
std::vector<int> Depths(const std::vector<std::vector<size_t>>& inputs) {
  std::vector<int> depths(inputs.size(), 0);
  for (size_t i = inputs.size(); i-- > 0;) {  // readers come after what they read
    for (const size_t input : inputs[i]) depths[input] = std::max(depths[input], depths[i] + 1);
  }
  return depths;
}

constexpr size_t kNotMet = static_cast<size_t>(-1);

// Numbers what can be reached from `output` as it is met first, inputs from left to right, each as deep as it goes.
void WalkBack(const std::vector<std::vector<size_t>>& inputs, size_t output, size_t* num_met,
              std::vector<size_t>* met) {
  std::vector<size_t> open = {output};
  while (!open.empty()) {
    const size_t index = open.back();
    open.pop_back();
    if ((*met)[index] != kNotMet) continue;
    (*met)[index] = (*num_met)++;
    open.insert(open.end(), inputs[index].rbegin(), inputs[index].rend());
  }
}

}  // namespace

std::vector<size_t> KerasOrder(const std::vector<std::vector<size_t>>& inputs) {
  const std::vector<int> depths = Depths(inputs);
  std::vector<size_t> met(inputs.size(), kNotMet);
  size_t num_met = 0;
  for (size_t i = inputs.size(); i-- > 0;) {
    if (met[i] == kNotMet) WalkBack(inputs, i, &num_met, &met);
  }
  std::vector<size_t> order(inputs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(
      order, [&](size_t a, size_t b) { return depths[a] != depths[b] ? depths[a] > depths[b] : met[a] < met[b]; });
  return order;
}

}  // namespace siskin
