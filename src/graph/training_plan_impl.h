// The inside of a TrainingPlan: writes the steps of both passes, once (training_forward.cc, training_backward.cc), and
// holds what they share when they run.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/training_plan.h"
#include "graph/training_schedule.h"
#include "kernels/batchnorm/training.h"
#include "kernels/gemm/gemm.h"
#include "kernels/separable/separable.h"

namespace siskin {

class TrainingPlan::Impl {
 public:
  Impl(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads);

  std::span<const float> Forward(std::span<const float> parameters, std::span<float> statistics,
                                 std::span<const float> input, int n, const DropoutKey* dropout);
  void Backward(std::span<const float> dlogits, std::span<float> gradient);

  const TrainingProgram& program() const { return program_; }
  const TrainingSchedule& schedule() const { return schedule_; }
  size_t scratch_bytes() const { return scratch_.num_bytes() + packed_.num_bytes(); }
  static size_t Total(const std::vector<TrainingParameter>& list) {
    return list.empty() ? 0 : list.back().offset + list.back().size;
  }

 private:
  // What a batch normalisation knows between forward and backward, [C] each.
  struct NormState {
    explicit NormState(int channels) {
      for (auto* values : {&mean, &variance, &scale, &shift, &sum_dy, &sum_dy_x, &a, &b, &c}) {
        values->resize(static_cast<size_t>(channels));
      }
    }
    std::vector<float> mean, variance, scale, shift, sum_dy, sum_dy_x;
    std::vector<float> a, b, c;  // of dx = a * dy + b * x + c
  };

  // y = factor * x as scale and shift.
  struct Factor {
    Factor(float factor, int channels) : scale(static_cast<size_t>(channels), factor), zero(scale.size(), 0.0f) {}
    std::vector<float> scale, zero;
  };

  // Where a gradient goes: `to` becomes the contribution plus `base` (kNoBuffer: the contribution alone).
  struct Target {
    BufferId to = kNoBuffer, base = kNoBuffer;
  };

  static size_t Index(int value) { return static_cast<size_t>(value); }
  const FeatureShape& ShapeOf(int value) const { return program_.values[Index(value)]; }
  // Computed again in the backward pass instead of being kept.
  bool IsCheap(int value) const {
    const TrainingOp* op = producer_[Index(value)];
    return op != nullptr && (op->kind == LayerKind::kBatchNorm || op->kind == LayerKind::kActivation);
  }
  // The shape of a value for the largest batch, no memory: what scratch depends on.
  ConstView LargestBatch(const FeatureShape& shape) const {
    return {.n = options_.max_batch, .h = shape.h, .w = shape.w, .c = shape.c};
  }
  void NeedScratch(size_t floats) { scratch_floats_ = std::max(scratch_floats_, floats); }
  void NeedChannelSums(const FeatureShape& shape) { NeedScratch(ChannelSumsScratch(LargestBatch(shape))); }
  // Filters of a convolution, packed for the forward pass and turned round for the backward pass.
  void NeedFilters(int taps, int cin, int cout) {
    packed_.Reserve(taps * cin, cout);
    packed_.Reserve(taps * cout, cin);
  }
  std::span<float> scratch() { return scratch_.values<float>(); }
  View At(BufferId buffer, const TrainingPass& pass) const {
    return buffer == kNoBuffer ? View() : schedule_.At(buffer, pass.n);
  }
  static size_t Pixels(const FeatureShape& shape) {
    return static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w);
  }
  static SeparableParams SeparableOf(const TrainingOp& op) {
    return {.window = op.window, .relu_input = op.relu_input};
  }

  // Forward.
  void BuildForward();
  void BuildForward(const TrainingOp& op);
  BufferId Ensure(int value);
  BufferId NewActivation(const TrainingOp& op);
  void ForwardConvolution(const TrainingOp& op);
  void ForwardStatistics(const TrainingOp& op);
  static void MoveStatistics(const TrainingOp& op, NormState& norm, int channels, const TrainingPass& pass);
  void ForwardPool(const TrainingOp& op);
  bool IsNormOnlyAdded(int value) const;
  void ForwardScaledAdd(const TrainingOp& op);
  void ForwardAdd(const TrainingOp& op);
  void ForwardConcat(const TrainingOp& op);
  void ForwardDropout(const TrainingOp& op);
  void Drop(const TrainingOp& op, ConstView x, View y, const TrainingPass& pass) const;

  // Backward.
  void BuildBackward();
  void BackwardOfUnread(const TrainingOp& op);
  void BuildBackward(const TrainingOp& op);
  void Own(int value, BufferId buffer);
  void Release(int value) { --owners_[Index(gradients_[Index(value)])]; }
  bool SoleOwner(BufferId buffer) const { return owners_[Index(buffer)] == 1; }
  bool WantsGradient(int value) const { return value != 0; }  // nobody trains the input
  Target Contribute(int value);
  void Share(int value, BufferId dy, const TrainingOp& op);
  void ShareScaled(int value, BufferId dy, const TrainingOp& op);
  template <class Kernel>
  void WriteContribution(int value, const TrainingOp& op, const char* what, std::vector<BufferId> uses,
                         const Kernel& kernel);
  void BiasGradient(const TrainingOp& op, BufferId dy);
  void BackwardConv(const TrainingOp& op, BufferId dy);
  void BackwardStridedPointwise(const TrainingOp& op, BufferId dy);
  void BackwardSeparable(const TrainingOp& op, BufferId dy);
  void BackwardDepthwise(const TrainingOp& op, BufferId dy);
  void BackwardDepthwiseStep(const TrainingOp& op, BufferId x, BufferId slope);
  void BackwardNorm(const TrainingOp& op, BufferId dy);
  void NormSums(const TrainingOp& op, NormState& norm, BufferId dy, BufferId x, const TrainingPass& pass);
  void BackwardActivation(const TrainingOp& op, BufferId dy);
  void BackwardPool(const TrainingOp& op, BufferId dy);
  void BackwardConcat(const TrainingOp& op, BufferId dy);
  void BackwardDropout(const TrainingOp& op, BufferId dy);

  TrainingPlanOptions options_;
  ThreadPool& threads_;
  TrainingProgram program_;
  TrainingSchedule schedule_;
  std::vector<const TrainingOp*> producer_;  // of every value
  std::vector<BufferId> activations_;        // of every value, where it is at this point of the schedule
  std::vector<BufferId> gradients_;          // likewise
  std::vector<int> owners_;                  // of every buffer of gradients: values that it belongs to
  std::map<size_t, NormState> norms_;        // by output value
  std::map<size_t, Factor> factors_;         // of scaled additions, by output value
  std::map<size_t, BufferId> taps_;          // of max pooling, by output value
  BufferId input_ = kNoBuffer, logits_ = kNoBuffer, dlogits_ = kNoBuffer;

  size_t scratch_floats_ = 0;
  Tensor scratch_;       // of the kernels
  PackedMatrix packed_;  // the weights of the step that runs
  std::vector<float> dense_logits_;
  TrainingPass pass_;
};

}  // namespace siskin
