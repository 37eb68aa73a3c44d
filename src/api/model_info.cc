#include "api/model_info.h"

#include "base/json.h"

namespace siskin {

ModelInfo InfoOf(const ModelCard& card) {
  return {.network = card.network.network,
          .height = card.preprocessing.height,
          .width = card.preprocessing.width,
          .class_names = card.class_names,
          .threshold = card.threshold,
          .card = ToText(ToJson(card))};
}

}  // namespace siskin
