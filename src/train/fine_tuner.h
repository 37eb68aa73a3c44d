// Trains the network itself, from the weights and the head that the first phase left, on augmented photos. Step by
// step; the state between any two steps can be saved and restored, and what comes out is the same bits: for any number
// of threads, interrupted or not. Pure computing: reads photos, writes nothing.
//
// Whatever is frozen (`--finetune last-block|half`) runs as a folded inference plan and keeps nothing for a backward
// pass.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/run_context.h"
#include "data/prefetch_loader.h"
#include "graph/plan.h"
#include "graph/training_plan.h"
#include "model/model_card.h"
#include "train/checkpoint.h"
#include "train/epoch.h"
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/recipe.h"

namespace siskin {

// Photos by their complete paths, with their classes. Every one must be readable.
struct LabelledPhotos {
  std::vector<std::filesystem::path> files;
  std::vector<int> labels;
};

struct FineTuneState {
  // "parameters", "statistics" (moving averages of batch normalisation), "optimizer_first", "optimizer_second",
  // "average" (with `ema`), "best", "best_statistics". Those that a recipe does not need are empty.
  TensorMap arrays;
  int best_epoch = 0;                // 0: the head alone is better
  int epoch = 1, step = 0;           // position: epoch in progress, steps of it that are done
  int64_t steps = 0;                 // of all epochs
  LossSum sum;                       // of the epoch in progress
  double lr = 0;                     // of the last step
  double lr_factor = 1;              // halved when a training diverges
  int rollbacks = 0;                 // how often that was
  std::vector<EpochResult> history;  // of the epochs that are done

  std::span<float> array(const std::string& name) { return arrays.at(name).values<float>(); }
  std::span<const float> array(const std::string& name) const { return arrays.at(name).values<float>(); }
};

class FineTuner {
 public:
  // card: of the model as it will be (network, head, preprocessing, classes). weights: of the network with the trained
  // head. `head` is how good these are on the validation photos (CalibratedLoss): nothing worse is kept, unless the
  // recipe says so.
  FineTuner(const Recipe& recipe, uint64_t seed, const ModelCard& card, const TensorMap& weights,
            const LabelledPhotos& train, const LabelledPhotos& validation, const EpochResult& head,
            const RunContext& context);
  ~FineTuner();

  const FineTuneState& state() const { return state_; }
  void Restore(FineTuneState state);
  // The state of a checkpoint of this training; kModel if it does not fit.
  FineTuneState FromCheckpoint(Checkpoint checkpoint, std::string_view where) const;
  Json StateJson() const;  // all of state() but the arrays

  bool finished() const;
  int steps_per_epoch() const;
  size_t photos_left() const;  // of this epoch

  enum class Event {
    kStep,      // a step was done
    kEpoch,     // the epoch was validated, and its result stands in the history
    kStopped,   // asked to stop: nothing was done
    kDiverged,  // loss or gradient is no number: state() is of no further use, photos() are those of the batch
  };
  Event Advance();

  std::vector<std::filesystem::path> photos() const;  // of the last step
  size_t photos_in_step() const { return batch_photos_.size(); }
  double seconds_waited() const;  // for photos, since construction

  // The network's weights with those of the best epoch in place of the ones that were trained.
  TensorMap BestWeights() const;

 private:
  void StartEpoch();
  std::span<const float> TrainedInput(std::span<const float> pixels, int n);
  // Pixels of the batch, mixed, and the share of a photo that is left of itself.
  std::pair<std::vector<float>, double> Mixed(const Batch& batch) const;
  bool TrainingStep(const Batch& batch);  // false: diverged
  double LearningRateNow() const;
  TensorMap WeightsOf(std::span<const float> parameters, std::span<const float> statistics) const;
  std::optional<LossSum> Validate() const;  // none: stopped
  void FinishEpoch(const LossSum& validation);

  const Recipe recipe_;
  const uint64_t seed_;
  const ModelCard card_;
  const LabelledPhotos train_, validation_;
  const EpochResult head_;
  const RunContext& context_;
  TensorMap weights_;             // that are not trained
  std::unique_ptr<Plan> frozen_;  // the part in front of the trained one, if there is one
  std::unique_ptr<TrainingPlan> plan_;
  std::vector<ParameterRange> ranges_;
  LossOptions loss_;
  PrefetchLoader loader_;
  bool loading_ = false;  // the loader is at the state's position
  double waited_ = 0;
  double epoch_seconds_ = 0;
  FineTuneState state_;
  std::vector<uint32_t> batch_photos_;
  std::vector<float> features_, gradient_, dlogits_;
  std::vector<double> norm_scratch_;
};

}  // namespace siskin
