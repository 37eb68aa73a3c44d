// A network as it was published, with ImageNet's classes, as if it were a trained model: `siskin predict mobilenet
// photo.jpg`.
#pragma once

#include <string_view>

#include "model/classifier_model.h"

namespace siskin {

// kUsage if there is no such network or no weights with its classifier, kModel if they have not been pulled.
ClassifierModel ImageNetModel(std::string_view network);

}  // namespace siskin
