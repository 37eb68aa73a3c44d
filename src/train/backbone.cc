#include "train/backbone.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/error.h"
#include "train/initial_weights.h"
#include "weights/import.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// The network as its published weights have it: with the classifier they came with, at any size.
NetworkLayout PublishedLayout(const NetworkOptions& network, const WeightsCard& card) {
  NetworkOptions published = network;
  published.top = card.with_top;
  published.classes = card.classes;
  return BuildNetwork(published).Layout();
}

TensorMap LoadPublished(const NetworkOptions& network, const WeightsCard& card, const WeightStore& store) {
  TensorMap weights = store.Load(card, PublishedLayout(network, card));
  return card.with_top ? WithoutTop(std::move(weights), network) : std::move(weights);
}

const WeightsCard& OwnWeights(const NetworkOptions& network) {
  if (const WeightsCard* card = PublishedWeights(network)) return *card;
  Fail(ErrorKind::kUsage,
       "{} with a width multiplier (alpha) of {} has no published weights here; give a file with --weights",
       network.network, network.alpha);
}

const WeightsCard* NamedWeights(const NetworkOptions& network, const std::string& name) {
  for (const WeightsCard& card : FindNetwork(network.network).weights) {
    if (card.name == name) return &card;
  }
  return nullptr;
}

std::string DigestOf(const TensorMap& weights, const NetworkLayout& layout) {
  std::vector<std::string> order;
  for (const LayerLayout& layer : layout) {
    for (const ParameterSpec& parameter : layer.parameters) order.push_back(parameter.name);
  }
  return TensorDigest(weights, order);
}

}  // namespace

const WeightsCard* PublishedWeights(const NetworkOptions& network) {
  for (const WeightsCard& card : FindNetwork(network.network).weights) {
    if (card.alpha == network.alpha) return &card;
  }
  return nullptr;
}

Backbone LoadBackbone(const NetworkOptions& network, const std::string& weights, Progress& progress, uint64_t seed,
                      const WeightStore& store) {
  Backbone backbone{.network = network, .weights_name = weights, .weights = {}, .digest = {}};
  const NetworkLayout layout = BuildNetwork(network).Layout();
  std::error_code ignored;
  const WeightsCard* card = weights == "none" ? nullptr
                            : weights.empty() ? &OwnWeights(network)
                                              : NamedWeights(network, weights);
  if (weights == "none") {
    backbone.weights = InitialWeights(layout, seed);
  } else if (card != nullptr) {
    backbone.weights_name = card->name;
    backbone.weights = LoadPublished(network, *card, store);
  } else if (fs::exists(weights, ignored)) {
    backbone.weights_name = fs::path(weights).filename().string();
    std::string note;
    backbone.weights = ImportWeights(weights, layout, {.build = BuilderOf(network)}, &note);
    if (!note.empty()) progress.Warn(note);
  } else {
    Fail(ErrorKind::kUsage, "--weights {}: {} has no published weights of that name, and there is no such file",
         Printable(weights), network.network);
  }
  CheckWeights(backbone.weights, layout, backbone.weights_name);
  backbone.digest = DigestOf(backbone.weights, layout);
  return backbone;
}

}  // namespace siskin
