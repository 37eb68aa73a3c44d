#include "model/testing_model.h"

#include <utility>

#include "graph/testing_interpreter.h"

namespace siskin::testing {

ClassifierModel SmallModel(std::vector<std::string> class_names) {
  ClassifierModel model;
  model.card.network = WithDefaults({.network = "mobilenet", .height = 32, .width = 32, .alpha = 0.25});
  model.card.weights_name = "none";
  model.card.head = {.hidden = {8}, .dropout = 0.5f};
  model.card.preprocessing = DefaultPreprocessing(model.card.network);
  model.card.class_names = std::move(class_names);
  model.card.recipe = {{"epochs", 3}};
  model.weights = RandomWeights(BuildModelGraph(model.card), 1);
  return model;
}

}  // namespace siskin::testing
