#include "model/imagenet_model.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "networks/catalogue.h"
#include "networks/imagenet_labels.h"
#include "weights/store/store.h"

namespace siskin {
namespace {

// ImageNet's 1,000 names in the networks' order; networks with 1,001 outputs have "background" first.
std::vector<std::string> ClassNames(int classes) {
  std::vector<std::string> names;
  if (classes == 1001) names.emplace_back("background");
  for (const ImageNetLabel& label : ImageNetLabels()) names.emplace_back(label.name);
  if (names.size() != static_cast<size_t>(classes)) {
    Fail(ErrorKind::kInternal, "no class names for a network of {} classes", classes);
  }
  return names;
}

const WeightsCard* WeightsWithTop(const NetworkCard& card) {
  const auto found = std::ranges::find_if(card.weights, &WeightsCard::with_top);
  return found == card.weights.end() ? nullptr : &*found;
}

std::string NetworksWithTop() {
  std::string names;
  for (const NetworkCard& card : Catalogue()) {
    if (WeightsWithTop(card) != nullptr) names += (names.empty() ? "" : ", ") + card.name;
  }
  return names;
}

}  // namespace

ClassifierModel ImageNetModel(std::string_view network) {
  const NetworkCard& card = FindNetwork(network);
  const WeightsCard* weights = WeightsWithTop(card);
  if (weights == nullptr) {
    Fail(ErrorKind::kUsage,
         "{} has no published weights with ImageNet's classifier here, only for features: train it on your photos with "
         "`siskin train`, or ask one of: {}",
         card.name, NetworksWithTop());
  }
  ClassifierModel model;
  model.card.network =
      WithDefaults({.network = card.name, .alpha = weights->alpha, .top = true, .classes = weights->classes});
  model.card.weights_name = weights->name;
  model.card.preprocessing = DefaultPreprocessing(model.card.network);
  model.card.class_names = ClassNames(weights->classes);
  model.weights = WeightStore().Load(*weights, BuildModelGraph(model.card).Layout());
  return model;
}

}  // namespace siskin
