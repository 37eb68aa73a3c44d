#include "graph/training_plan.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "graph/arena.h"
#include "graph/parameters.h"
#include "graph/training_steps.h"
#include "kernels/elementwise/elementwise.h"

namespace siskin {
namespace {

size_t TotalFloats(const std::vector<TrainingParameter>& list) {
  return list.empty() ? 0 : list.back().offset + list.back().size;
}

}  // namespace

class TrainingPlan::Impl {
 public:
  Impl(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads);

  std::span<const float> Forward(std::span<const float> parameters, std::span<float> statistics,
                                 std::span<const float> input, int n, const DropoutKey* dropout);
  void Backward(std::span<const float> dlogits, std::span<float> gradient);

  const TrainingProgram& program() const { return program_; }
  const std::vector<Step>& steps() const { return infos_; }
  size_t arena_bytes() const { return arena_.num_bytes(); }
  size_t scratch_bytes() const { return scratch_.num_bytes() + runner_->num_bytes(); }
  void SetHook(StepHook hook) { hook_ = std::move(hook); }

 private:
  void Run(std::span<const PlanStep> steps);

  TrainingPlanOptions options_;
  ThreadPool& threads_;
  TrainingProgram program_;
  TrainingSteps lowered_;
  Arena arena_;
  Tensor scratch_;                                // of the kernels
  std::vector<std::span<std::byte>> scratch_of_;  // every step's: all of it
  std::unique_ptr<StepRunner> runner_;
  StepTimer timer_{0};
  std::vector<Step> infos_;  // of lowered_.steps
  StepHook hook_;            // the caller's
  const StepHook after_;     // the timer and that
  StepMemory memory_;        // of the pass that runs
  std::vector<float> dense_logits_;
};

TrainingPlan::Impl::Impl(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads)
    : options_(options),
      threads_(threads),
      program_(LowerForTraining(graph)),
      after_([this](const PlanStep& step, const StepMemory& memory) {
        timer_.Note(step);
        if (hook_) hook_(step, memory);
      }) {
  if (options.max_batch < 1) Fail(ErrorKind::kUsage, "a batch of {} images: expected at least 1", options.max_batch);
  const FeatureShape& logits = program_.values[static_cast<size_t>(program_.output)];
  if (logits.h != 1 || logits.w != 1) {
    Fail(ErrorKind::kInternal, "the graph ends in {}x{}x{}, expected logits of 1x1 pixels; pool before training",
         logits.h, logits.w, logits.c);
  }
  lowered_ = LowerToSteps(program_, options.batch_statistics);
  arena_ = Arena(lowered_.buffers, options.max_batch);
  runner_ = options.backend->NewRunner(lowered_.steps, threads);
  size_t scratch = 0;
  for (const PlanStep& step : lowered_.steps) {
    scratch = std::max(scratch, options.backend->ScratchBytes(step, options.max_batch, threads.num_threads()));
  }
  scratch_ = Tensor(Shape{static_cast<int64_t>(scratch)}, DType::kU8);
  scratch_of_.assign(lowered_.steps.size(), scratch_.bytes());
  timer_ = StepTimer(lowered_.steps.size());
  for (const PlanStep& step : lowered_.steps) infos_.push_back({step.layer, step.what});
  memory_.arena = arena_.data();
  memory_.offsets = arena_.offsets(options.max_batch);
  memory_.scratch = scratch_of_;
  memory_.norms = lowered_.norms;
  dense_logits_.resize(static_cast<size_t>(options.max_batch) * static_cast<size_t>(logits.c));
}

void TrainingPlan::Impl::Run(std::span<const PlanStep> steps) {
  timer_.Start(steps);
  RunSteps(steps, {}, *runner_, memory_, after_);
  for (const PlanStep& step : steps) {
    const auto index = static_cast<size_t>(step.index);
    infos_[index].seconds = timer_.seconds()[index];
  }
}

std::span<const float> TrainingPlan::Impl::Forward(std::span<const float> parameters, std::span<float> statistics,
                                                   std::span<const float> input, int n, const DropoutKey* dropout) {
  const FeatureShape& in = program_.values[0];
  const size_t floats =
      static_cast<size_t>(n) * static_cast<size_t>(in.h) * static_cast<size_t>(in.w) * static_cast<size_t>(in.c);
  if (n < 1 || n > options_.max_batch || input.size() != floats ||
      parameters.size() != TotalFloats(program_.parameters) || statistics.size() != TotalFloats(program_.statistics)) {
    Fail(ErrorKind::kInternal, "a training step of {} images with {} floats of input, {} parameters", n, input.size(),
         parameters.size());
  }
  memory_.n = n;
  memory_.parameters = parameters;
  memory_.statistics = statistics;
  memory_.gradient = {};
  memory_.dropout = dropout;
  memory_.input = input.data();
  if (lowered_.input.place == Place::kArena) {
    CopyActivations(DenseView(input.data(), n, in.h, in.w, in.c), memory_.Write(lowered_.input), threads_);
  }
  Run(std::span<const PlanStep>(lowered_.steps).first(lowered_.first_backward));
  const ConstView logits = memory_.Read(lowered_.logits);
  for (int i = 0; i < n; ++i) {
    std::copy_n(logits.pixel(i, 0, 0), logits.c, dense_logits_.data() + static_cast<ptrdiff_t>(i) * logits.c);
  }
  return std::span(dense_logits_).first(static_cast<size_t>(n) * static_cast<size_t>(logits.c));
}

void TrainingPlan::Impl::Backward(std::span<const float> dlogits, std::span<float> gradient) {
  const View to = memory_.Write(lowered_.dlogits);
  if (dlogits.size() != static_cast<size_t>(to.n) * static_cast<size_t>(to.c) ||
      gradient.size() != TotalFloats(program_.parameters)) {
    Fail(ErrorKind::kInternal, "{} gradients of logits and {} of parameters after a step of {} images of {} logits",
         dlogits.size(), gradient.size(), to.n, to.c);
  }
  for (int i = 0; i < to.n; ++i) {
    std::copy_n(dlogits.data() + static_cast<ptrdiff_t>(i) * to.c, to.c, to.pixel(i, 0, 0));
  }
  memory_.gradient = gradient;
  Run(std::span<const PlanStep>(lowered_.steps).subspan(lowered_.first_backward));
}

TrainingPlan::TrainingPlan(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads)
    : impl_(std::make_unique<Impl>(graph, options, threads)) {}
TrainingPlan::~TrainingPlan() = default;
TrainingPlan::TrainingPlan(TrainingPlan&&) noexcept = default;
TrainingPlan& TrainingPlan::operator=(TrainingPlan&&) noexcept = default;

const std::vector<TrainingParameter>& TrainingPlan::parameters() const {
  return impl_->program().parameters;
}
const std::vector<TrainingParameter>& TrainingPlan::statistics() const {
  return impl_->program().statistics;
}
size_t TrainingPlan::num_parameters() const {
  return TotalFloats(parameters());
}
size_t TrainingPlan::num_statistics() const {
  return TotalFloats(statistics());
}

std::span<const float> TrainingPlan::Forward(std::span<const float> parameters, std::span<float> statistics,
                                             std::span<const float> input, int n, const DropoutKey* dropout) {
  return impl_->Forward(parameters, statistics, input, n, dropout);
}

void TrainingPlan::Backward(std::span<const float> dlogits, std::span<float> gradient) {
  impl_->Backward(dlogits, gradient);
}

void TrainingPlan::SetHook(StepHook hook) {
  impl_->SetHook(std::move(hook));
}

size_t TrainingPlan::arena_bytes() const {
  return impl_->arena_bytes();
}
size_t TrainingPlan::scratch_bytes() const {
  return impl_->scratch_bytes();
}
const std::vector<TrainingPlan::Step>& TrainingPlan::steps() const {
  return impl_->steps();
}

void GatherParameters(std::span<const TrainingParameter> parameters, const TensorMap& tensors, std::span<float> flat) {
  for (const TrainingParameter& parameter : parameters) {
    const Tensor& tensor = FindParameter(tensors, parameter.name, parameter.shape);
    std::ranges::copy(tensor.values<float>(), flat.begin() + static_cast<ptrdiff_t>(parameter.offset));
  }
}

void ScatterParameters(std::span<const TrainingParameter> parameters, std::span<const float> flat, TensorMap* tensors) {
  for (const TrainingParameter& parameter : parameters) {
    (*tensors)[parameter.name] = Tensor::FromFloats(parameter.shape, flat.subspan(parameter.offset, parameter.size));
  }
}

}  // namespace siskin
