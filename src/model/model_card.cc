#include "model/model_card.h"

#include <cmath>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace siskin {
namespace {

// Bounds on what a card may ask for: far above anything useful, far below what would exhaust memory.
constexpr size_t kMaxHeadLayers = 16;
constexpr int kMaxHeadUnits = 1 << 16;
constexpr size_t kMaxClasses = 100'000;
constexpr size_t kMaxReferences = 64;

const Json& ArrayMember(const Json& object, const char* key, std::string_view where, size_t max_size) {
  const Json& value = Member(object, key, where);
  if (!value.is_array() || value.size() > max_size) {
    Fail(ErrorKind::kModel, "{}: \"{}\" is not a list of at most {} entries", where, key, max_size);
  }
  return value;
}

double BoundedMember(const Json& object, const char* key, std::string_view where, double low, double high) {
  const double value = NumberMember(object, key, where);
  if (!(value >= low && value <= high)) {
    Fail(ErrorKind::kModel, "{}: \"{}\" is {}, expected a number from {} to {}", where, key, value, low, high);
  }
  return value;
}

HeadSpec HeadFromJson(const Json& json, std::string_view where) {
  HeadSpec head;
  head.hidden.clear();
  for (const Json& units : ArrayMember(json, "hidden", where, kMaxHeadLayers)) {
    if (!units.is_number_integer() || units < 1 || units > kMaxHeadUnits) {
      Fail(ErrorKind::kModel, "{}: a hidden layer must have 1 to {} units", where, kMaxHeadUnits);
    }
    head.hidden.push_back(units.get<int>());
  }
  head.dropout = static_cast<float>(BoundedMember(json, "dropout", where, 0, 0.99));
  return head;
}

std::vector<std::string> ClassNamesFromJson(const Json& json, std::string_view where) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Json& name : ArrayMember(json, "classes", where, kMaxClasses)) {
    if (!name.is_string()) Fail(ErrorKind::kModel, "{}: a class name is not a string", where);
    names.push_back(name.get<std::string>());
    if (!seen.insert(names.back()).second) {
      Fail(ErrorKind::kModel, "{}: two classes are named \"{}\"; answers could not tell them apart", where,
           Printable(names.back()));
    }
  }
  if (names.size() < 2) Fail(ErrorKind::kModel, "{}: a classifier has at least two classes", where);
  return names;
}

std::vector<Reference> ReferencesFromJson(const Json& json, size_t num_classes, std::string_view where) {
  std::vector<Reference> references;
  for (const Json& entry : ArrayMember(json, "references", where, kMaxReferences)) {
    Reference reference;
    reference.picture = static_cast<uint32_t>(IntegerMember(entry, "picture", where, 0, UINT32_MAX));
    for (const Json& score : ArrayMember(entry, "scores", where, kMaxClasses)) {
      if (!score.is_number()) Fail(ErrorKind::kModel, "{}: a reference score is not a number", where);
      reference.scores.push_back(score.get<float>());
    }
    if (reference.scores.size() != num_classes) {
      Fail(ErrorKind::kModel, "{}: a reference has {} scores, expected one for each of the {} classes", where,
           reference.scores.size(), num_classes);
    }
    references.push_back(std::move(reference));
  }
  return references;
}

Json ObjectOrEmpty(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : Json::object();
}

}  // namespace

Json ToJson(const ModelCard& card) {
  Json references = Json::array();
  for (const Reference& reference : card.references) {
    references.push_back({{"picture", reference.picture}, {"scores", reference.scores}});
  }
  Json json = {{"format", ModelCard::kFormatVersion},
               {"network", ToJson(card.network)},
               {"weights", card.weights_name},
               {"head", {{"hidden", card.head.hidden}, {"dropout", card.head.dropout}}},
               {"preprocessing", ToJson(card.preprocessing)},
               {"classes", card.class_names},
               {"threshold", card.threshold},
               {"temperature", card.temperature},
               {"recipe", card.recipe},
               {"data", card.data},
               {"metrics", card.metrics},
               {"references", references}};
  if (!card.weights_sha256.empty()) json["weights_sha256"] = card.weights_sha256;
  return json;
}

ModelCard ModelCardFromJson(const Json& json, std::string_view where) {
  const int64_t format = IntegerMember(json, "format", where, 1, INT32_MAX);
  if (format > ModelCard::kFormatVersion) {
    Fail(ErrorKind::kModel, "{}: the model has format {}, this program knows up to {}; use a newer siskin", where,
         format, ModelCard::kFormatVersion);
  }
  ModelCard card;
  card.network = NetworkOptionsFromJson(Member(json, "network", where), where);
  card.weights_name = StringMember(json, "weights", where);
  card.head = HeadFromJson(Member(json, "head", where), where);
  card.preprocessing = PreprocessingFromJson(Member(json, "preprocessing", where), where);
  if (card.preprocessing.height != card.network.height || card.preprocessing.width != card.network.width) {
    Fail(ErrorKind::kModel, "{}: photos are resized to {}x{}, but the network takes {}x{}", where,
         card.preprocessing.width, card.preprocessing.height, card.network.width, card.network.height);
  }
  card.class_names = ClassNamesFromJson(json, where);
  if (card.network.top && card.class_names.size() != static_cast<size_t>(card.network.classes)) {
    Fail(ErrorKind::kModel, "{}: {} class names for a network of {} classes", where, card.class_names.size(),
         card.network.classes);
  }
  card.threshold = BoundedMember(json, "threshold", where, 0, 1);
  card.temperature = BoundedMember(json, "temperature", where, 1e-3, 1e3);
  card.recipe = ObjectOrEmpty(json, "recipe");
  card.data = ObjectOrEmpty(json, "data");
  card.metrics = ObjectOrEmpty(json, "metrics");
  card.references = ReferencesFromJson(json, card.class_names.size(), where);
  if (json.contains("weights_sha256")) card.weights_sha256 = StringMember(json, "weights_sha256", where);
  return card;
}

std::vector<std::string> HeadLayerNames(const HeadSpec& head) {
  std::vector<std::string> names;
  for (size_t i = 1; i <= head.hidden.size(); ++i) names.push_back(fmt::format("head_dense_{}", i));
  names.emplace_back("head_logits");
  return names;
}

int NumHeadOutputs(size_t num_classes) {
  return num_classes == 2 ? 1 : static_cast<int>(num_classes);
}

void AppendHead(const ModelCard& card, Graph* graph) {
  const std::vector<std::string> names = HeadLayerNames(card.head);
  NodeId x = graph->output();
  for (size_t i = 0; i < card.head.hidden.size(); ++i) {
    x = graph->Dense(names[i], x, card.head.hidden[i]);
    x = graph->Activate(names[i] + "_relu", x, Activation::kRelu);
    x = graph->Dropout(names[i] + "_dropout", x, card.head.dropout);
  }
  graph->Dense(names.back(), x, NumHeadOutputs(card.class_names.size()));
}

Graph BuildModelGraph(const ModelCard& card) {
  NetworkOptions backbone = card.network;
  backbone.softmax = false;
  Graph graph = BuildNetwork(backbone);
  if (!card.network.top) AppendHead(card, &graph);
  return graph;
}

}  // namespace siskin
