#include "graph/plan.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "graph/executor.h"
#include "graph/memory_plan.h"
#include "graph/passes.h"
#include "graph/program.h"
#include "graph/storage.h"

namespace siskin {
namespace {

using Clock = std::chrono::steady_clock;

// Activations of one pass. Enough images that the matrix products of the late layers fill all threads (8 of Xception at
// 150 px, 2 at 299 px), few enough that a batch of 32 costs a quarter of the memory at the same speed; the throughput
// of passes of 2 to 32 images was equal to 3 %.
constexpr size_t kPassBytes = size_t{64} << 20;

size_t NumFloats(const FeatureShape& shape) {
  return static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * static_cast<size_t>(shape.c);
}

// How many images of a batch fit into one pass, all passes being about equal.
int ImagesPerPass(const PlanOptions& options, const Storage& storage) {
  if (options.images_per_pass > 0) return std::min(options.images_per_pass, options.max_batch);
  const size_t image_bytes = std::max<size_t>(PlanMemory(storage.buffers).total_bytes, 1);
  const auto fit =
      static_cast<int>(std::clamp<size_t>(kPassBytes / image_bytes, 1, static_cast<size_t>(options.max_batch)));
  const int passes = (options.max_batch + fit - 1) / fit;
  return (options.max_batch + passes - 1) / passes;
}

}  // namespace

struct Plan::Impl {
  Impl(Program program, const PlanOptions& options, ThreadPool& pool);

  void Bind(Op& op, int index);
  void BindConcat(const Op& op, int index);
  void Append(const Op& op, BoundOp bound, int index);
  void PlanArena();
  void RunPass(const float* in, int n, float* out);

  const Slot& SlotOf(ValueId value) const { return storage.slots[static_cast<size_t>(value)]; }

  ThreadPool& threads;
  int max_batch;
  int images_per_pass = 1;  // of a batch, how many go through the network together
  FeatureShape input, output;
  Storage storage;
  std::vector<BoundOp> ops;
  std::vector<Step> steps;      // what `ops` do
  std::vector<double> seconds;  // what they took
  Tensor arena;
  std::vector<size_t> offsets;  // of the arena's buffers, in floats
};

Plan::Impl::Impl(Program program, const PlanOptions& options, ThreadPool& pool)
    : threads(pool), max_batch(options.max_batch) {
  if (max_batch < 1) Fail(ErrorKind::kUsage, "a batch of {} images: expected at least 1", max_batch);
  input = program.values[static_cast<size_t>(program.input)];
  output = program.values[static_cast<size_t>(program.output)];
  Optimize(program);
  storage = AssignStorage(program);
  images_per_pass = ImagesPerPass(options, storage);
  for (Lifetime& buffer : storage.buffers) buffer.bytes *= static_cast<size_t>(images_per_pass);
  for (size_t i = 0; i < program.ops.size(); ++i) Bind(program.ops[i], static_cast<int>(i));
  seconds.resize(ops.size());
  PlanArena();
}

void Plan::Impl::Bind(Op& op, int index) {
  if (op.kind == LayerKind::kConcat) return BindConcat(op, index);
  BoundOp bound = BindWeights(op);
  bound.input = SlotOf(op.inputs[0]);
  if (op.kind == LayerKind::kAdd) bound.other = SlotOf(op.inputs[1]);
  if (op.residual != kNoValue) bound.other = SlotOf(op.residual);
  bound.output = SlotOf(op.output);
  Append(op, std::move(bound), index);
}

// One copy for each part that was not computed in its place.
void Plan::Impl::BindConcat(const Op& op, int index) {
  const Slot& whole = SlotOf(op.output);
  int first_channel = 0;
  for (const ValueId part : op.inputs) {
    BoundOp copy;
    copy.kind = LayerKind::kConcat;
    copy.input = SlotOf(part);
    copy.output = whole;
    copy.first_channel = first_channel;
    first_channel += copy.input.shape.c;
    if (!IsSliceAt(copy.input, whole, copy.first_channel)) Append(op, std::move(copy), index);
  }
}

void Plan::Impl::Append(const Op& op, BoundOp bound, int index) {
  bound.scratch_floats = ScratchFloats(bound, threads.num_threads());
  if (bound.scratch_floats > 0) {
    bound.scratch_buffer = static_cast<int>(storage.buffers.size());
    storage.buffers.push_back({bound.scratch_floats * sizeof(float), index, index});
  }
  steps.push_back({op.name, KernelName(bound), op.fused, bound.output.shape, op.multiply_adds});
  ops.push_back(std::move(bound));
}

void Plan::Impl::PlanArena() {
  const MemoryPlan plan = PlanMemory(storage.buffers);
  for (const size_t offset : plan.offsets) offsets.push_back(offset / sizeof(float));
  arena = Tensor(Shape{static_cast<int64_t>(plan.total_bytes / sizeof(float))});
}

void Plan::Impl::RunPass(const float* in, int n, float* out) {
  const Places places{arena.data(), offsets, in, out};
  auto before = Clock::now();
  for (size_t i = 0; i < ops.size(); ++i) {
    Execute(ops[i], places, n, threads);
    const auto after = Clock::now();
    seconds[i] += std::chrono::duration<double>(after - before).count();
    before = after;
  }
}

Plan::Plan(const Graph& graph, const TensorMap& weights, const PlanOptions& options, ThreadPool& threads)
    : impl_(std::make_unique<Impl>(Lower(graph, weights), options, threads)) {}
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

FeatureShape Plan::input_shape() const {
  return impl_->input;
}
FeatureShape Plan::output_shape() const {
  return impl_->output;
}
int Plan::max_batch() const {
  return impl_->max_batch;
}

void Plan::Run(std::span<const float> input, int n, std::span<float> output) {
  Impl& plan = *impl_;
  const size_t in = NumFloats(plan.input), out = NumFloats(plan.output);
  if (n < 1 || n > plan.max_batch || input.size() != in * static_cast<size_t>(n) ||
      output.size() != out * static_cast<size_t>(n)) {
    Fail(ErrorKind::kInternal,
         "a batch of {} with {} floats in and {} out: expected 1 to {} images of {} and {} floats", n, input.size(),
         output.size(), plan.max_batch, in, out);
  }
  std::fill(plan.seconds.begin(), plan.seconds.end(), 0.0);
  for (int first = 0; first < n; first += plan.images_per_pass) {
    const auto done = static_cast<size_t>(first);
    plan.RunPass(input.data() + done * in, std::min(plan.images_per_pass, n - first), output.data() + done * out);
  }
}

size_t Plan::arena_bytes() const {
  return impl_->arena.num_bytes();
}

size_t Plan::weights_bytes() const {
  size_t bytes = 0;
  for (const BoundOp& op : impl_->ops) bytes += WeightsBytes(op);
  return bytes;
}

const std::vector<Plan::Step>& Plan::steps() const {
  return impl_->steps;
}

std::span<const double> Plan::step_seconds() const {
  return impl_->seconds;
}

}  // namespace siskin
