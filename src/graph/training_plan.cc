#include "graph/training_plan.h"

#include <algorithm>

#include "base/error.h"
#include "graph/parameters.h"
#include "graph/training_plan_impl.h"
#include "kernels/elementwise/elementwise.h"

namespace siskin {

TrainingPlan::Impl::Impl(const Graph& graph, const TrainingPlanOptions& options, ThreadPool& threads)
    : options_(options), threads_(threads), program_(LowerForTraining(graph)), schedule_(options.max_batch) {
  if (options.max_batch < 1) Fail(ErrorKind::kUsage, "a batch of {} images: expected at least 1", options.max_batch);
  const FeatureShape& logits = ShapeOf(program_.output);
  if (logits.h != 1 || logits.w != 1) {
    Fail(ErrorKind::kInternal, "the graph ends in {}x{}x{}, expected logits of 1x1 pixels; pool before training",
         logits.h, logits.w, logits.c);
  }
  producer_.resize(program_.values.size(), nullptr);
  for (const TrainingOp& op : program_.ops) producer_[Index(op.output)] = &op;
  activations_.resize(program_.values.size(), kNoBuffer);
  gradients_.resize(program_.values.size(), kNoBuffer);
  BuildForward();
  BuildBackward();
  schedule_.PlanArena();
  scratch_ = Tensor(Shape{static_cast<int64_t>(scratch_floats_)});
  dense_logits_.resize(Index(options_.max_batch) * Index(logits.c));
}

std::span<const float> TrainingPlan::Impl::Forward(std::span<const float> parameters, std::span<float> statistics,
                                                   std::span<const float> input, int n, const DropoutKey* dropout) {
  const FeatureShape& in = program_.values[0];
  const size_t floats =
      static_cast<size_t>(n) * static_cast<size_t>(in.h) * static_cast<size_t>(in.w) * static_cast<size_t>(in.c);
  if (n < 1 || n > options_.max_batch || input.size() != floats || parameters.size() != Total(program_.parameters) ||
      statistics.size() != Total(program_.statistics)) {
    Fail(ErrorKind::kInternal, "a training step of {} images with {} floats of input, {} parameters", n, input.size(),
         parameters.size());
  }
  pass_ = {n, parameters, statistics, {}, dropout};
  Activate(DenseView(input.data(), n, in.h, in.w, in.c), Activation::kNone, schedule_.At(input_, n), threads_);
  schedule_.RunForward(pass_);
  const View logits = schedule_.At(logits_, n);
  for (int i = 0; i < n; ++i) {
    std::copy_n(logits.pixel(i, 0, 0), logits.c, dense_logits_.data() + static_cast<ptrdiff_t>(i) * logits.c);
  }
  return std::span(dense_logits_).first(static_cast<size_t>(n) * static_cast<size_t>(logits.c));
}

void TrainingPlan::Impl::Backward(std::span<const float> dlogits, std::span<float> gradient) {
  const View to = schedule_.At(dlogits_, pass_.n);
  if (dlogits.size() != Index(to.n) * Index(to.c) || gradient.size() != Total(program_.parameters)) {
    Fail(ErrorKind::kInternal, "{} gradients of logits and {} of parameters after a step of {} images of {} logits",
         dlogits.size(), gradient.size(), to.n, to.c);
  }
  for (int i = 0; i < to.n; ++i) {
    std::copy_n(dlogits.data() + static_cast<ptrdiff_t>(i) * to.c, to.c, to.pixel(i, 0, 0));
  }
  pass_.gradient = gradient;
  schedule_.RunBackward(pass_);
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
  return Impl::Total(parameters());
}
size_t TrainingPlan::num_statistics() const {
  return Impl::Total(statistics());
}

std::span<const float> TrainingPlan::Forward(std::span<const float> parameters, std::span<float> statistics,
                                             std::span<const float> input, int n, const DropoutKey* dropout) {
  return impl_->Forward(parameters, statistics, input, n, dropout);
}

void TrainingPlan::Backward(std::span<const float> dlogits, std::span<float> gradient) {
  impl_->Backward(dlogits, gradient);
}

size_t TrainingPlan::arena_bytes() const {
  return impl_->schedule().arena_bytes();
}
size_t TrainingPlan::scratch_bytes() const {
  return impl_->scratch_bytes();
}
const std::vector<TrainingPlan::Step>& TrainingPlan::steps() const {
  return impl_->schedule().steps();
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
