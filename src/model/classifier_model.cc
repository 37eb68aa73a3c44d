#include "model/classifier_model.h"

#include "graph/parameters.h"
#include "model/card_metadata.h"
#include "weights/file/safetensors.h"

namespace siskin {

std::string WeightsDigest(const ClassifierModel& model) {
  return TensorDigest(model.weights, ParameterNames(BuildModelGraph(model.card).Layout()));
}

void SaveModel(const std::filesystem::path& file, const ClassifierModel& model, FileOps& ops) {
  ModelCard card = model.card;
  card.weights_sha256 = WeightsDigest(model);
  WriteSafetensors(file, model.weights, CardToMetadata(card), ops);
}

}  // namespace siskin
