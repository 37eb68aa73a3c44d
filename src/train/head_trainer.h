// Trains the head on features, epoch by epoch; the state after every epoch can be saved and restored. Pure computing:
// touches no file. The same seed gives the same bits for any number of threads, stopped and resumed or not.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/run_context.h"
#include "train/epoch.h"
#include "train/features.h"
#include "train/head_network.h"
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/recipe.h"

namespace siskin {

struct HeadState {
  std::vector<float> parameters;
  int64_t steps = 0;
  std::vector<float> first, second;  // the optimizer's: OptimizerArrays
  std::vector<float> best;           // parameters after best_epoch
  int best_epoch = 0;                // 0: none yet
  std::vector<EpochResult> history;
};

// Shifts and scales that bring every channel to mean 0 and deviation 1 over the training photos.
struct Standardization {
  std::vector<float> mean, scale;  // x becomes (x - mean) * scale
};
// Identity if the recipe does not standardise.
Standardization FitStandardization(const FeatureSet& train, bool standardize, ThreadPool& threads);

class HeadTrainer {
 public:
  // The feature sets must outlive it; none may be empty.
  HeadTrainer(const Recipe& recipe, uint64_t seed, int num_classes, const FeatureSet& train,
              const FeatureSet& validation, const RunContext& context);

  const HeadState& state() const { return state_; }
  void Restore(HeadState state) { state_ = std::move(state); }

  bool finished() const;  // all epochs, or `patience` of them without improvement
  // kInterrupted if stopped on the way: state() is then that of no epoch and of no further use. kUsage if the training
  // diverges.
  void RunEpoch();

  // The best epoch's weights as a model holds them: names of HeadLayerNames, kernels [inputs, units] as in Keras,
  // standardisation folded into the first layer.
  TensorMap BestWeights() const;

 private:
  LossSum TrainOneEpoch(uint32_t epoch, double* lr);
  LossSum Validate();
  // Rows of `set` into batch_, standardised.
  std::span<const float> Gather(const FeatureSet& set, std::span<const uint32_t> photos);
  void KeepIfBest();

  const Recipe recipe_;
  const uint64_t seed_;
  const FeatureSet &train_, &validation_;
  const RunContext& context_;
  const Standardization standardization_;
  LossOptions loss_;
  HeadNetwork network_;
  std::vector<ParameterRange> ranges_;
  HeadState state_;
  std::vector<float> batch_, dlogits_, gradient_;
};

}  // namespace siskin
