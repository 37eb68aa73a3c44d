// Networks with the formula weights of the reference outputs (golden/README.md): no file carries the weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "graph/layout.h"
#include "networks/catalogue.h"
#include "tensor/tensor.h"

namespace siskin::testing {

TensorMap FormulaWeights(const NetworkLayout& layout, uint64_t seed);
// 2 * u - 1, as many floats as asked for.
std::vector<float> FormulaInput(size_t count, uint64_t seed);

// One golden file: what was run and what Keras answered.
struct GoldenCase {
  NetworkOptions options;  // with top, logits
  int batch = 0;
  uint64_t seed = 0;
  std::vector<float> logits;  // [batch, classes]
};
GoldenCase ReadGoldenCase(const std::filesystem::path& json_file);

}  // namespace siskin::testing
