// The one trainer: takes a graph of layers from its first weights to its best ones, by batches from wherever photos
// come from. Step by step; the state between any two steps can be saved and restored, and what comes out is the same
// bits: for any number of threads, interrupted or not. Pure computing: writes nothing.
//
// Whatever is frozen runs as an inference plan and keeps nothing for a backward pass.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/run_context.h"
#include "graph/plan.h"
#include "graph/training_plan.h"
#include "tensor/tensor.h"
#include "train/batch_source.h"
#include "train/checkpoint.h"
#include "train/epoch.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace siskin {

// What is trained, and how.
struct TrainerOptions {
  Graph graph;                // ends in logits [1, 1, outputs]
  std::string first_trained;  // the layer; those before it are frozen. Empty: all are trained
  OptimizerRecipe optimizer;
  int batch = 32;             // photos in a step
  int validation_batch = 16;  // photos at once when nothing is learned
  LossOptions loss;
  double backbone_lr = 1;                                // factor of the learning rate for all but the head
  bool batch_statistics = false;                         // TrainingPlanOptions
  double clip_norm = 0, ema = 0, mixup = 0, cutmix = 0;  // as in FineTuneRecipe; 0: off
  // The best epoch: not before this one (FirstCandidate), by this number, and only if both numbers of the baseline are
  // at least reached, if there is one. Without a better one for `patience` epochs the training ends (0: it does not).
  int first_candidate = 1;
  SelectBy select_by = SelectBy::kLoss;
  std::optional<EpochResult> baseline = {};
  int patience = 0;
  uint64_t seed = 0;
  uint32_t shuffle_stream = 0;  // phases of a training with other streams take the photos in other orders
};

class Trainer {
 public:
  // weights: of the whole graph. The source and the context must outlive the trainer.
  Trainer(TrainerOptions options, const TensorMap& weights, BatchSource& source, const RunContext& context);
  ~Trainer();

  const TrainerOptions& options() const { return options_; }
  const BatchSource& source() const { return source_; }
  const TrainingState& state() const { return state_; }
  void Restore(TrainingState state);

  bool finished() const;  // all epochs, or `patience` of them without a better one
  int steps_per_epoch() const;
  size_t photos_left() const;  // of this epoch

  enum class Event {
    kStep,      // a step was done
    kEpoch,     // the epoch was validated, and its result stands in the history
    kStopped,   // asked to stop: nothing was done
    kDiverged,  // a loss or gradient is NaN or infinite: state() is of no further use
  };
  Event Advance();

  std::span<const uint32_t> photos_in_step() const { return step_photos_; }  // the last one

  // The weights of the graph after its best epoch. kInternal if there is none.
  TensorMap BestWeights() const;

 private:
  void KeepFrozen(const TensorMap& weights);
  TrainingState FirstState(const TensorMap& weights) const;
  void StartEpoch();
  bool RunStep();  // false: it diverged
  double MixPhotos(const BatchSource::Batch& batch) const;
  std::span<const float> TrainedInputs(std::span<const float> inputs, int n);
  double LearningRateNow() const;
  const std::string& ValidatedArray() const;
  TensorMap WeightsOf(const std::string& parameters, const std::string& statistics) const;
  Plan& ValidationPlan();
  std::optional<LossSum> Validate();  // none: stopped
  void FinishEpoch(const LossSum& validation);
  bool IsNewBest(const EpochResult& epoch) const;

  const TrainerOptions options_;
  BatchSource& source_;
  const RunContext& context_;
  TensorMap frozen_weights_;
  std::unique_ptr<Plan> frozen_;  // the part before the trained one, if there is one
  std::unique_ptr<TrainingPlan> plan_;
  std::vector<ParameterRange> ranges_;
  TrainingState state_;
  bool loading_ = false;  // the source is at the state's position
  double epoch_seconds_ = 0;
  // Of a step, allocated once.
  std::vector<uint32_t> step_photos_;
  std::vector<int> labels_;
  std::vector<float> trained_inputs_, dlogits_, gradient_;
  std::vector<double> norm_scratch_;
  // Of a validation.
  std::unique_ptr<Plan> validation_plan_;
  std::vector<float> validation_inputs_;
};

}  // namespace siskin
