// From the ops of a training to its steps: forward and backward, written once as data. What is cheap to compute again
// (normalised and activated values) is not kept; what is kept, and until when, is seen from the steps.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "graph/gradient_buffers.h"
#include "graph/step_list.h"
#include "graph/step_memory.h"
#include "graph/training_program.h"

namespace siskin {

class TrainingLowering {
 public:
  // The program must outlive this.
  TrainingLowering(const TrainingProgram& program, bool batch_statistics);

  void LowerForward();
  void LowerBackward();

  const StepList& list() const { return list_; }
  std::vector<NormState>& norms() { return norms_; }
  size_t first_backward() const { return first_backward_; }  // step
  const Slot& input() const { return input_; }
  const Slot& logits() const { return logits_; }
  const Slot& dlogits() const { return dlogits_; }

 private:
  const FeatureShape& ShapeOf(int value) const { return program_.values[static_cast<size_t>(value)]; }
  const TrainingOp* ProducerOf(int value) const { return producer_[static_cast<size_t>(value)]; }
  Slot& ActivationOf(int value) { return activations_[static_cast<size_t>(value)]; }
  bool IsCheap(int value) const;

  PlanStep StepOf(StepKind kind, const TrainingOp& op, const char* what) const;
  void Mark(const char* layer, const char* what, const Slot& slot);
  FlatRange RangeOf(std::initializer_list<size_t> offsets) const;

  // Forward: training_forward.cc.
  void Forward(const TrainingOp& op);
  Slot Ensure(int value);
  Slot NewActivation(const TrainingOp& op);
  int NewNorm(int value, NormState state);
  void ForwardConvolution(const TrainingOp& op);
  void ForwardStatistics(const TrainingOp& op);
  void ForwardPool(const TrainingOp& op);
  bool IsNormOnlyAdded(int value);
  void ForwardScaledAdd(const TrainingOp& op);
  void ForwardAdd(const TrainingOp& op);
  void ForwardConcat(const TrainingOp& op);
  void ForwardDropout(const TrainingOp& op);

  // Backward: training_backward.cc.
  void Backward(const TrainingOp& op);
  void BackwardOfUnread(const TrainingOp& op);
  static bool WantsGradient(int value) { return value != 0; }  // nobody trains the input
  void Contribute(int value, PlanStep step);
  void ContributeByWriting(int value, PlanStep step);
  void AddGradients(const std::string& layer, const GradientBuffers::Target& target, const Slot& contribution);
  void Share(const TrainingOp& op, int value);
  void ShareScaled(const TrainingOp& op, int value);
  void BackwardBias(const TrainingOp& op);
  void BackwardConv(const TrainingOp& op);
  Slot PointwiseInputGradient(const TrainingOp& op);
  void BackwardStridedPointwise(const TrainingOp& op);
  void BackwardSeparable(const TrainingOp& op);
  void BackwardDepthwise(const TrainingOp& op);
  void BackwardDepthwiseStep(const TrainingOp& op, const Slot& x, const Slot& dy);
  void BackwardNorm(const TrainingOp& op);
  void BackwardActivation(const TrainingOp& op);
  void BackwardPool(const TrainingOp& op);
  void BackwardAdd(const TrainingOp& op);
  void BackwardConcat(const TrainingOp& op);
  void BackwardDropout(const TrainingOp& op);

  const TrainingProgram& program_;
  bool batch_statistics_;
  std::map<size_t, FlatRange> ranges_;  // of the parameters, by offset
  StepList list_;
  GradientBuffers gradients_;
  size_t first_backward_ = 0;
  std::vector<const TrainingOp*> producer_;  // of every value
  std::vector<Slot> activations_;            // of every value, where it is at this point of the list
  std::vector<NormState> norms_;
  std::map<int, int> norm_of_;   // of batch normalisations and scaled additions, by output value
  std::map<int, Slot> taps_of_;  // of max pooling, by output value
  Slot input_, logits_, dlogits_;
};

}  // namespace siskin
