// A training as the library runs it: what it was told (siskin/train.h), and its recipe with every field.
#pragma once

#include "siskin/train.h"
#include "train/recipe.h"

namespace siskin {

struct TrainJob : TrainSettings {
  Recipe recipe;
};

// The recipe is found and checked: kUsage as MakeRecipe.
TrainJob JobOf(const TrainOptions& options);

}  // namespace siskin
