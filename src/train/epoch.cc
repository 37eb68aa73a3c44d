#include "train/epoch.h"

#include <algorithm>
#include <limits>

#include "base/json.h"

namespace siskin {

double PlateauFactor(std::span<const EpochResult> history) {
  constexpr int kPatience = 3;
  double factor = 1, best = std::numeric_limits<double>::infinity();
  int waited = 0;
  for (const EpochResult& epoch : history) {
    const double loss = epoch.validation_loss;
    waited = loss < best ? 0 : waited + 1;
    best = std::min(best, loss);
    if (waited < kPatience) continue;
    factor /= 10;
    waited = 0;
  }
  return factor;
}

int FirstCandidate(const OptimizerRecipe& recipe) {
  const bool falls = recipe.schedule == Schedule::kCosine || recipe.schedule == Schedule::kStep;
  return falls ? recipe.epochs / 2 + 1 : 1;
}

bool IsBetter(const EpochResult& a, const EpochResult& b, SelectBy by) {
  if (by == SelectBy::kLoss || a.validation_accuracy == b.validation_accuracy) {
    return a.validation_loss < b.validation_loss;
  }
  return a.validation_accuracy > b.validation_accuracy;
}

Json ToJson(const EpochResult& e) {
  return {{"epoch", e.epoch},
          {"lr", e.lr},
          {"train_loss", e.train_loss},
          {"train_accuracy", e.train_accuracy},
          {"validation_loss", e.validation_loss},
          {"validation_accuracy", e.validation_accuracy},
          {"seconds", e.seconds},
          {"time", e.time}};
}

EpochResult EpochFromJson(const Json& json, int epoch, std::string_view where) {
  return {.epoch = static_cast<int>(IntegerMember(json, "epoch", where, epoch, epoch)),
          .lr = NumberMember(json, "lr", where),
          .train_loss = NumberMember(json, "train_loss", where),
          .train_accuracy = NumberMember(json, "train_accuracy", where),
          .validation_loss = NumberMember(json, "validation_loss", where),
          .validation_accuracy = NumberMember(json, "validation_accuracy", where),
          .seconds = NumberMember(json, "seconds", where),
          .time = NumberMember(json, "time", where)};
}

}  // namespace siskin
