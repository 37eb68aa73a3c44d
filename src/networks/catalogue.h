// The closed set of networks: what each is called, how it is built, what it expects, where its weights are.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "graph/graph.h"
#include "images/preprocess.h"
#include "networks/network_options.h"
#include "tensor/tensor.h"
#include "weights/file/source.h"

namespace siskin {

struct NetworkCard {
  std::string name;   // "xception"
  std::string title;  // "Xception"
  std::string paper;  // "Chollet 2017, Xception: Deep learning with depthwise separable convolutions, arXiv:1610.02357"
  int default_size = 0, min_size = 0;
  std::vector<double> alphas;  // allowed width multipliers; {1} if there is no choice
  std::string scaling;         // preprocessing by name, see SetScaling
  // Where fine-tuning may begin, everything before it frozen: the layer that opens the last block, and the one
  // that opens the deeper half (of the blocks, not of the computation: the first blocks have the most pixels).
  std::string last_block, deeper_half;
  double top1 = 0, top5 = 0;  // published ImageNet accuracy in percent, 0: none
  std::vector<WeightsCard> weights;
  Graph (*build)(const NetworkOptions& options) = nullptr;
};

std::span<const NetworkCard> Catalogue();
// kUsage naming the nearest if there is none of that name.
const NetworkCard& FindNetwork(std::string_view name);
// Fills in defaults, checks size and alpha (kUsage with what is allowed).
NetworkOptions WithDefaults(const NetworkOptions& options);
Graph BuildNetwork(const NetworkOptions& options);
GraphBuilder BuilderOf(const NetworkOptions& options);
Preprocessing DefaultPreprocessing(const NetworkOptions& options);

// Weights that were published with the ImageNet classifier, for use in the same network without it: drops the tensors
// that only the top has. Everything else stays, so that a check against the layout still finds what does not belong.
TensorMap WithoutTop(TensorMap tensors, const NetworkOptions& options);

Json ToJson(const NetworkOptions& options);
NetworkOptions NetworkOptionsFromJson(const Json& json, std::string_view where);  // kModel

}  // namespace siskin
