// An untrained classifier for tests that need a model file, but no published weights and no time.
#pragma once

#include <string>
#include <vector>

#include "model/classifier_model.h"

namespace siskin::testing {

// MobileNet 0.25 at 32 x 32 and one hidden layer of 8, with random weights; always the same ones.
ClassifierModel SmallModel(std::vector<std::string> class_names);

}  // namespace siskin::testing
