#include "networks/testing_golden.h"

#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/testing.h"

namespace siskin::testing {
namespace {

std::pair<double, double> GoldenBounds(const ParameterSpec& parameter) {
  const std::string role = parameter.name.substr(parameter.name.rfind('/') + 1);
  const Shape& shape = parameter.shape;
  double bound = 0;
  if (role == "gamma" || role == "moving_variance") return {0.8, 1.2};
  if (role == "beta" || role == "moving_mean") return {-0.1, 0.1};
  if (role == "bias") return {-0.05, 0.05};
  if (role == "pointwise_kernel") {
    bound = std::sqrt(6.0 / static_cast<double>(shape[2]));
  } else if (role == "depthwise_kernel") {
    bound = std::sqrt(3.0 / static_cast<double>(shape[0] * shape[1]));
  } else {
    bound = std::sqrt(6.0 / static_cast<double>(shape.num_elements() / shape[shape.rank() - 1]));
  }
  return {-bound, bound};
}

}  // namespace

TensorMap FormulaWeights(const NetworkLayout& layout, uint64_t seed) {
  TensorMap weights;
  uint64_t stream = seed * 100000;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& parameter : layer.parameters) {
      const auto [low, high] = GoldenBounds(parameter);
      Tensor tensor(parameter.shape);
      const std::span<float> values = tensor.values<float>();
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(low + (high - low) * FormulaUniform(stream, i));
      }
      weights.emplace(parameter.name, std::move(tensor));
      ++stream;
    }
  }
  return weights;
}

std::vector<float> FormulaInput(size_t count, uint64_t seed) {
  std::vector<float> input(count);
  for (size_t i = 0; i < count; ++i) input[i] = static_cast<float>(2 * FormulaUniform(seed * 100000 + 99999, i) - 1);
  return input;
}

GoldenCase ReadGoldenCase(const std::filesystem::path& json_file) {
  const std::string where = json_file.filename().string();
  const Json json = ParseJson(ReadFile(json_file), where);
  GoldenCase golden;
  golden.options.network = StringMember(json, "network", where);
  golden.options.height = json["input"][1].get<int>();
  golden.options.width = json["input"][2].get<int>();
  golden.options.alpha = json["options"].value("alpha", 1.0);
  golden.options.top = true;
  golden.options.softmax = false;
  golden.batch = json["input"][0].get<int>();
  golden.seed = json["seed"].get<uint64_t>();
  golden.logits = ReadNpy(json_file.parent_path() / (json_file.stem().string() + ".logits.npy")).values;
  return golden;
}

}  // namespace siskin::testing
