#include "train/initial_weights.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace siskin {

TensorMap InitialWeights(const NetworkLayout& layout, uint64_t seed) {
  TensorMap weights;
  uint32_t number = 0;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& spec : layer.parameters) {
      Tensor tensor(spec.shape);
      const std::string role = spec.name.substr(layer.name.size() + 1);
      if (role == "gamma" || role == "moving_variance") std::ranges::fill(tensor.values<float>(), 1.0f);
      if (role.find("kernel") != std::string::npos) {
        const auto& dims = spec.shape.dims();
        int64_t out = dims.back(), in = dims[dims.size() - 2];
        const int64_t taps = spec.shape.num_elements() / (in * out);
        if (role == "depthwise_kernel") in = out = 1;  // a channel sees only itself
        const float limit = std::sqrt(6.0f / static_cast<float>(taps * (in + out)));
        Random random(seed, RandomPurpose::kInitialize, number);
        for (float& value : tensor.values<float>()) value = random.Uniform(-limit, limit);
      }
      weights.emplace(spec.name, std::move(tensor));
      ++number;
    }
  }
  return weights;
}

}  // namespace siskin
