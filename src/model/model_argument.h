// The argument "MODEL": a model file of `siskin train`, or the name of a network.
#pragma once

#include <string>

#include "model/classifier_model.h"
#include "networks/catalogue.h"

namespace siskin {

// The catalogue's card if `argument` is the name of a network and no file of that name is there; else nullptr.
const NetworkCard* NetworkNamed(const std::string& argument);

// Fails with kIo and the nearest network's name if `argument` is neither a file nor a network.
void RequireModelFile(const std::string& argument);

// Reads the model, or makes one of ImageNet's classes from the network's published weights.
ClassifierModel LoadModelOrNetwork(const std::string& argument);

}  // namespace siskin
