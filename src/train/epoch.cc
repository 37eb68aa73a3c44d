#include "train/epoch.h"

#include "base/json.h"

namespace siskin {

std::vector<double> ValidationLosses(std::span<const EpochResult> history) {
  std::vector<double> losses;
  for (const EpochResult& epoch : history) losses.push_back(epoch.validation_loss);
  return losses;
}

int FirstCandidate(const Recipe& recipe) {
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
