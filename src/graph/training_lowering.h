// What the steps of a training are written with, op by op: where each value and its gradient are at this point, and
// what comes next. What is cheap to compute again (normalised and activated values) is not kept; what is kept, and
// until when, is seen from the steps. The kinds of layers are in graph/layer_rows.cc, both passes in
// graph/training_steps.cc.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/gradient_buffers.h"
#include "graph/step_list.h"
#include "graph/step_memory.h"
#include "graph/training_op.h"

namespace siskin {

class TrainingLowering {
 public:
  // The program must outlive this.
  TrainingLowering(const TrainingProgram& program, bool batch_statistics);

  const FeatureShape& ShapeOf(int value) const { return program_.values[static_cast<size_t>(value)]; }
  const TrainingOp* ProducerOf(int value) const { return producer_[static_cast<size_t>(value)]; }

  // A step of an op, without operands, and the next one of the list.
  PlanStep StepOf(StepKind kind, const TrainingOp& op, const char* what) const;
  void Append(PlanStep step) { list_.Append(std::move(step)); }
  // The slot is read or written from outside at this point of the list.
  void Mark(const char* layer, const char* what, const Slot& slot);
  Slot NewSlot(const FeatureShape& shape) { return list_.NewSlot(shape); }
  Slot NewDenseSlot(const FeatureShape& shape, DType dtype) { return list_.NewDenseSlot(shape, dtype); }
  // The parameters that begin at these offsets (kNoParameter is left out): neighbours, as those of a layer are.
  FlatRange RangeOf(std::initializer_list<size_t> offsets) const;

  // Where the value is at this point of the list; computes it if it is a cheap one.
  Slot Ensure(int value);
  bool IsComputed(int value) const { return activations_[static_cast<size_t>(value)].exists(); }
  // Where the input is: where the caller has it, unless padding its pixels is worth a copy.
  Slot PlaceInput();
  // Memory for the value, which the next step computes.
  Slot NewActivation(int value);
  // Forgets where cheap values are: their buffers of the forward pass end here.
  void ForgetCheapOnes();

  // What belongs to the op that computes a value: the state of batch normalisations and scaled additions, and which
  // pixel won in max pooling.
  void NewNorm(int value, NormState state);
  int norm_of(int value) const { return norm_of_.at(value); }
  Slot& taps_of(int value) { return taps_of_[value]; }

  // Backward.
  static bool WantsGradient(int value) { return value != 0; }  // nobody trains the input
  GradientBuffers& gradients() { return gradients_; }
  // The step contributes to the gradient of `value`, adding what is there already.
  void Contribute(int value, PlanStep step);
  // The same for a step that can only write, not add: through a buffer of its own if there is something already.
  void ContributeByWriting(int value, PlanStep step);
  void AddGradients(const std::string& layer, const GradientBuffers::Target& target, const Slot& contribution);

  // The result.
  const StepList& list() const { return list_; }
  std::vector<NormState>& norms() { return norms_; }

 private:
  bool IsCheap(int value) const;

  const TrainingProgram& program_;
  bool batch_statistics_;
  std::map<size_t, FlatRange> ranges_;  // of the parameters, by offset
  StepList list_;
  GradientBuffers gradients_;
  std::vector<const TrainingOp*> producer_;  // of every value
  std::vector<Slot> activations_;            // of every value, where it is at this point of the list
  std::vector<NormState> norms_;
  std::map<int, int> norm_of_;
  std::map<int, Slot> taps_of_;
};

}  // namespace siskin
