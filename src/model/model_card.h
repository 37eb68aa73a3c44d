// The card of a trained classifier: everything but the weights. Stored as JSON in the metadata of the model file
// (card_metadata.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "images/preprocess.h"
#include "networks/catalogue.h"

namespace siskin {

// The small network on top of the pooled features: dense + ReLU + dropout for every entry of `hidden`, then one dense
// layer. Two classes: one logit and a sigmoid, the probability of class 1. More: softmax.
struct HeadSpec {
  std::vector<int> hidden = {256, 128};
  float dropout = 0.5f;

  bool operator==(const HeadSpec&) const = default;
};

// A small drawn picture with the answer given where the model was trained: `siskin verify` repeats it anywhere.
struct Reference {
  uint32_t picture = 0;       // ReferencePicture(picture)
  std::vector<float> scores;  // [classes]
};

struct ModelCard {
  static constexpr int kFormatVersion = 1;

  NetworkOptions network;    // the backbone; network.top: a bare ImageNet classifier without a head
  std::string weights_name;  // of the catalogue's card it started from, or "none"
  HeadSpec head;
  Preprocessing preprocessing;
  std::vector<std::string> class_names;  // in the order of the outputs
  double threshold = 0.5;                // two classes: class 1 if its score is at least this
  double temperature = 1;                // logits are divided by it before sigmoid or softmax
  Json recipe = Json::object();          // options of the training, enough to repeat it
  Json data = Json::object();            // fingerprint and counts of the photos
  Json metrics = Json::object();         // validation and test
  std::vector<Reference> references;
  std::string weights_sha256;  // WeightsDigest of the file that this card was read from; empty: it has none
};

Json ToJson(const ModelCard& card);
// kModel with `where` and the member that is wrong; unknown members are ignored, a newer format version is refused.
ModelCard ModelCardFromJson(const Json& json, std::string_view where);

// Names of the head's dense layers in order: head_dense_1, ..., head_logits.
std::vector<std::string> HeadLayerNames(const HeadSpec& head);
int NumHeadOutputs(size_t num_classes);  // 1 for two classes

// Adds the head to a graph that ends in the features; the last layer's outputs are logits.
void AppendHead(const ModelCard& card, Graph* graph);

// Backbone, pooling and head in one graph whose outputs are logits.
Graph BuildModelGraph(const ModelCard& card);

}  // namespace siskin
