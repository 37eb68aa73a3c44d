// The reading half of classifier_model.h: needs no plan and no kernel.
#include <string>

#include "base/error.h"
#include "model/card_metadata.h"
#include "model/classifier_model.h"
#include "weights/import.h"
#include "weights/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

}  // namespace

ModelCard ReadModelCard(const fs::path& file) {
  return CardFromMetadata(ReadSafetensorsMetadata(file), Printable(file.native()));
}

ClassifierModel ParseModel(std::string_view bytes, std::string_view where) {
  SafetensorsFile content = ParseSafetensors(bytes, where);
  ClassifierModel model{CardFromMetadata(content.metadata, where), std::move(content.tensors)};
  CheckWeights(model.weights, BuildModelGraph(model.card).Layout(), std::string(where));
  return model;
}

ClassifierModel ReadModel(const fs::path& file) {
  const MappedFile mapped(file);
  return ParseModel(mapped.text(), Printable(file.native()));
}

}  // namespace siskin
