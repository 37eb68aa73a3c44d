// model/classifier_model.h: the card of a model file, and the file as a whole.
#include "base/json.h"
#include "fuzz/target.h"
#include "model/classifier_model.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const InputFile file(input);
  const ModelCard card = ReadModelCard(file.path());
  const Json json = ToJson(card);
  Require(ToJson(ModelCardFromJson(json, "the copy")) == json, "a card survives writing and reading");
  ReadModel(file.path());
}

}  // namespace siskin::fuzz
