// What a model is, for the public API.
#pragma once

#include "model/model_card.h"
#include "siskin/classifier.h"

namespace siskin {

ModelInfo InfoOf(const ModelCard& card);

}  // namespace siskin
