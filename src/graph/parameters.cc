#include "graph/parameters.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace siskin {
namespace {

void CheckNoneIsMissing(const TensorMap& tensors, const std::vector<std::string>& expected, std::string_view where) {
  std::vector<std::string> missing;
  for (const std::string& name : expected) {
    if (!tensors.contains(name)) missing.push_back(name);
  }
  if (missing.empty()) return;
  Fail(ErrorKind::kModel, "{}: lacks {}; is this another network's file?", where, JoinSome(missing));
}

void CheckNoneIsExtra(const TensorMap& tensors, const std::vector<std::string>& expected, std::string_view where) {
  if (tensors.size() == expected.size()) return;
  std::vector<std::string> extra;
  for (const auto& [name, tensor] : tensors) {
    if (std::ranges::find(expected, name) == expected.end()) extra.push_back(name);
  }
  Fail(
      ErrorKind::kModel,
      "{}: has tensors that do not belong to the network: {}; is this another network's file, or the one with its top?",
      where, JoinSome(extra));
}

void CheckFinite(const Tensor& tensor, const std::string& name, std::string_view where) {
  if (std::ranges::all_of(tensor.values<float>(), [](float value) { return std::isfinite(value); })) return;
  Fail(ErrorKind::kModel,
       "{}: {} has numbers that are infinite or not numbers; the file is damaged or its training went wrong", where,
       name);
}

}  // namespace

std::vector<std::string> ParameterNames(const NetworkLayout& layout) {
  std::vector<std::string> names;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& parameter : layer.parameters) names.push_back(parameter.name);
  }
  return names;
}

const Tensor& FindParameter(const TensorMap& tensors, const std::string& name, const Shape& shape,
                            std::string_view where) {
  const std::string file = where.empty() ? "" : fmt::format("{}: ", where);
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    Fail(ErrorKind::kModel, "{}the weights have no {} (shape {}); are they another network's?", file, name,
         shape.ToString());
  }
  const Tensor& tensor = found->second;
  if (tensor.shape() != shape || tensor.dtype() != DType::kF32) {
    Fail(ErrorKind::kModel, "{}{} is {} of shape {}, expected F32 of shape {}; are these another network's weights?",
         file, name, Name(tensor.dtype()), tensor.shape().ToString(), shape.ToString());
  }
  return tensor;
}

void CheckWeights(const TensorMap& tensors, const NetworkLayout& layout, std::string_view where) {
  const std::vector<std::string> expected = ParameterNames(layout);
  CheckNoneIsMissing(tensors, expected, where);
  for (const LayerLayout& layer : layout) {
    for (const auto& [name, shape] : layer.parameters) {
      CheckFinite(FindParameter(tensors, name, shape, where), name, where);
    }
  }
  CheckNoneIsExtra(tensors, expected, where);
}

}  // namespace siskin
