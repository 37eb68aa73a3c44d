// The frozen network that turns photos into features, with its weights, wherever those are: the cache of published
// weights, or a file.
#pragma once

#include <cstdint>
#include <string>

#include "base/run_context.h"
#include "networks/catalogue.h"
#include "tensor/tensor.h"
#include "weights/store/store.h"

namespace siskin {

struct Backbone {
  NetworkOptions network;    // without classifier, complete
  std::string weights_name;  // the catalogue's name, or the file's
  TensorMap weights;         // exactly the parameters of BuildNetwork(network)
  std::string digest;        // TensorDigest of the weights: part of every key and card
};

// The ImageNet weights of the network that LoadBackbone takes if it is told none; null if none are published.
const WeightsCard* PublishedWeights(const NetworkOptions& network);

// weights: a catalogue name, a file of it without classifier (any format ImportWeights reads), "none" for random ones
// (a function of the seed), or empty for the network's ImageNet weights. kUsage: a name that neither the catalogue nor
// the disk knows; kModel: weights that have not been pulled yet, or of another network. What ImportWeights notes of a
// file becomes a warning.
Backbone LoadBackbone(const NetworkOptions& network, const std::string& weights, Progress& progress, uint64_t seed = 0,
                      const WeightStore& store = WeightStore());

}  // namespace siskin
