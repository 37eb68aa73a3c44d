#include "graph/keras_order.h"

#include <algorithm>
#include <numeric>

namespace siskin {
namespace {

// The longest way of every layer to an output.
std::vector<int> Depths(const std::vector<Layer>& layers) {
  std::vector<int> depths(layers.size(), 0);
  for (size_t i = layers.size(); i-- > 0;) {  // readers come after what they read
    for (const NodeId input : layers[i].inputs) {
      int& depth = depths[static_cast<size_t>(input.index)];
      depth = std::max(depth, depths[i] + 1);
    }
  }
  return depths;
}

constexpr size_t kNotMet = static_cast<size_t>(-1);

// Numbers what can be reached from `output` as it is met first, inputs from left to right, each as deep as it goes.
void WalkBack(const std::vector<Layer>& layers, size_t output, size_t* num_met, std::vector<size_t>* met) {
  std::vector<size_t> open = {output};
  while (!open.empty()) {
    const size_t index = open.back();
    open.pop_back();
    if ((*met)[index] != kNotMet) continue;
    (*met)[index] = (*num_met)++;
    const std::vector<NodeId>& inputs = layers[index].inputs;
    for (auto input = inputs.rbegin(); input != inputs.rend(); ++input) {
      open.push_back(static_cast<size_t>(input->index));
    }
  }
}

}  // namespace

std::vector<size_t> KerasOrder(const std::vector<Layer>& layers) {
  const std::vector<int> depths = Depths(layers);
  std::vector<size_t> met(layers.size(), kNotMet);
  size_t num_met = 0;
  for (size_t i = layers.size(); i-- > 0;) {
    if (met[i] == kNotMet) WalkBack(layers, i, &num_met, &met);
  }
  std::vector<size_t> order(layers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(
      order, [&](size_t a, size_t b) { return depths[a] != depths[b] ? depths[a] > depths[b] : met[a] < met[b]; });
  return order;
}

}  // namespace siskin
