#include "train/train_job.h"

namespace siskin {

TrainJob JobOf(const TrainOptions& options) {
  return {options, MakeRecipe(options.recipe, options.fields)};
}

}  // namespace siskin
