#include "weights/match/torch.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "weights/match/channels_first.h"

namespace siskin {
namespace {

constexpr std::string_view kWeight = "weight", kCounter = "num_batches_tracked";
// In Keras' order of layer.weights.
constexpr std::array<std::string_view, 4> kRoles = {kWeight, "bias", "running_mean", "running_var"};

// The part before the last '.', and the part after it.
std::pair<std::string, std::string> SplitRole(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace

bool LooksLikeTorch(const TensorMap& tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [](const auto& named) {
    return SplitRole(named.first).second == kWeight && named.first.find('/') == std::string::npos;
  });
}

FileContents FromTorch(TensorMap tensors, std::string_view where) {
  FileContents contents;
  std::map<std::string, std::multimap<size_t, std::string>> layers;  // layer, role -> tensors
  for (auto& [name, tensor] : tensors) {
    const auto [layer, role] = SplitRole(name);
    if (role == kCounter) continue;
    if (tensor.dtype() != DType::kF32) {
      Fail(ErrorKind::kModel, "{}: {} is {}, expected F32; save the model in fp32", where, Printable(name),
           Name(tensor.dtype()));
    }
    const auto known = static_cast<size_t>(std::find(kRoles.begin(), kRoles.end(), role) - kRoles.begin());
    layers[layer].emplace(known, name);
    contents.tensors.emplace(name, FromChannelsFirst(std::move(tensor)));
  }
  FileModel model;
  for (const auto& [name, roles] : layers) {
    FileLayer layer{name, "", {}};
    for (const auto& [role, tensor] : roles) layer.tensors.push_back(tensor);
    model.layers.push_back(std::move(layer));
  }
  contents.models.push_back(std::move(model));
  return contents;
}

}  // namespace siskin
