// What one pass over the training photos came to, in every phase of a training.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "train/optimizer.h"

namespace siskin {

enum class SelectBy { kLoss, kAccuracy };  // which validation number picks the best epoch

struct EpochResult {
  int epoch = 0;                                        // from 1
  double lr = 0;                                        // of its last step
  double train_loss = 0, train_accuracy = 0;            // mean over its steps, with dropout, weights and smoothing
  double validation_loss = 0, validation_accuracy = 0;  // after the epoch, without these; CalibratedLoss
  double seconds = 0;
  double time = 0;  // when it ended, in seconds since 1970; for logs only
};

// For Schedule::kPlateau: what the learning rate is multiplied by after these epochs; a tenth after every three without
// a new best validation loss.
double PlateauFactor(std::span<const EpochResult> history);

// The first epoch that may be the best one: with a schedule whose learning rate falls to its end by itself, the first
// of the second half. Before, weights still move so much that the winner among many epochs is luck where validation
// photos are few (docs/training.md, "Which epoch").
int FirstCandidate(const OptimizerRecipe& recipe);

// Whether the validation of `a` is better than that of `b`.
bool IsBetter(const EpochResult& a, const EpochResult& b, SelectBy by);

Json ToJson(const EpochResult& epoch);
// kModel with `where` if a member is missing or wrong; `epoch` is the number that it must have.
EpochResult EpochFromJson(const Json& json, int epoch, std::string_view where);

}  // namespace siskin
