// Cross-entropy of logits and labels, with its gradient: one logit and a sigmoid for two classes, softmax for more.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace siskin {

struct LossOptions {
  double label_smoothing = 0;         // as in Keras: this share of the truth is spread over all classes alike
  std::vector<double> class_weights;  // factor of a photo's loss by its class; empty: all 1
};

struct LossSum {
  double loss = 0;  // sum over the photos, class weights applied
  int64_t photos = 0, correct = 0;

  void Add(const LossSum& other);
  double mean_loss() const { return loss / static_cast<double>(photos); }
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(photos); }
};

// What the logits of n photos are compared with.
struct Targets {
  std::span<const int> labels;  // [n], below 2 for one output, else below `outputs`
  // Below 1: photo i was mixed with photo n - 1 - i (mixing.h), whose label counts for the rest.
  double share = 1;
};

// The sum over the photos of a batch, one after the other. logits: [n, outputs]. A logit of exactly 0 decides for
// class 1.
LossSum CrossEntropy(std::span<const float> logits, const Targets& targets, const LossOptions& options);

// The same with its gradient, dlogits: [n, outputs], overwritten. It is that of the sum divided by num_photos: of the
// mean, where these n are the whole batch; of their part of it, where others have the rest.
LossSum CrossEntropy(std::span<const float> logits, const Targets& targets, const LossOptions& options,
                     int64_t num_photos, std::span<float> dlogits);

// Loss of logits [photos, outputs] at the temperature that suits them best, which is what a model gets in the end.
// Trained networks are too sure of themselves (Guo et al. 2017, "On calibration of modern neural networks"): without
// this, a network that makes fewer mistakes than another may still have the higher loss.
LossSum CalibratedLoss(std::vector<float> logits, std::span<const int> labels);

// For --class-weight balanced: photos / (classes * photos of the class), as in scikit-learn; 0 for a class without.
std::vector<double> BalancedClassWeights(std::span<const int> labels, int classes);

}  // namespace siskin
