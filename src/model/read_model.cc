// The reading half of classifier_model.h: needs no plan and no kernel.
#include "base/error.h"
#include "model/classifier_model.h"
#include "weights/import.h"
#include "weights/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

ModelCard CardFromMetadata(const std::map<std::string, std::string>& metadata, const std::string& where) {
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

ClassifierModel ReadModel(const fs::path& file) {
  const std::string where = Printable(file.native());
  SafetensorsFile content = ReadSafetensors(file);
  ClassifierModel model{CardFromMetadata(content.metadata, where), std::move(content.tensors)};
  CheckWeights(model.weights, BuildModelGraph(model.card).Layout(), where);
  return model;
}

}  // namespace siskin
