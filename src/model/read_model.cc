// The reading half of classifier_model.h: needs no plan and no kernel.
#include "base/error.h"
#include "base/json.h"
#include "model/classifier_model.h"
#include "weights/import.h"
#include "weights/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

ModelCard CardFromMetadata(const std::map<std::string, std::string>& metadata, std::string_view where) {
  const auto found = metadata.find(kModelCardKey);
  if (found == metadata.end()) {
    Fail(ErrorKind::kModel,
         "{}: is a safetensors file, but no model of siskin (it has no \"{}\" card); `siskin train` makes one, weights "
         "go through `siskin weights import`",
         where, kModelCardKey);
  }
  return ModelCardFromJson(ParseJson(found->second, where), where);
}

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
