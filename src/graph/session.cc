#include "graph/session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "graph/arena.h"

namespace siskin {
namespace {

// Activations of one pass. Enough images that the matrix products of the late layers fill all threads (8 of Xception at
// 150 px, 2 at 299 px), few enough that a batch of 32 costs a quarter of the memory at the same speed; the throughput
// of passes of 2 to 32 images was equal to 3 %.
constexpr size_t kPassBytes = size_t{64} << 20;

size_t NumFloats(const FeatureShape& shape) {
  return static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * static_cast<size_t>(shape.c);
}

// How many images of a batch fit into one pass, all passes being about equal.
int ImagesPerPass(const PlanOptions& options, const std::vector<Lifetime>& buffers) {
  if (options.max_batch < 1) Fail(ErrorKind::kUsage, "a batch of {} images: expected at least 1", options.max_batch);
  if (options.images_per_pass > 0) return std::min(options.images_per_pass, options.max_batch);
  const size_t image_bytes = std::max<size_t>(PlanMemory(buffers).total_bytes, 1);
  const auto fit =
      static_cast<int>(std::clamp<size_t>(kPassBytes / image_bytes, 1, static_cast<size_t>(options.max_batch)));
  const int passes = (options.max_batch + fit - 1) / fit;
  return (options.max_batch + passes - 1) / passes;
}

}  // namespace

struct Session::Impl {
  Impl(std::shared_ptr<const CompiledModel> of, const PlanOptions& options, ThreadPool& threads);
  void PlanArena(int num_threads);
  void RunPass(const float* in, int n, float* out);

  std::shared_ptr<const CompiledModel> model;
  int max_batch;
  int images_per_pass;  // of a batch, how many go through the network together
  Arena arena;
  std::vector<size_t> scratch_bytes;          // by step
  std::vector<std::span<std::byte>> scratch;  // by step, in the arena, for the images of a pass
  std::unique_ptr<StepRunner> runner;
  StepTimer timer;
  StepHook hook;         // the caller's
  const StepHook after;  // the timer and that
};

Session::Impl::Impl(std::shared_ptr<const CompiledModel> of, const PlanOptions& options, ThreadPool& threads)
    : model(std::move(of)),
      max_batch(options.max_batch),
      images_per_pass(ImagesPerPass(options, model->buffers())),
      runner(model->backend().NewRunner(model->plan_steps(), threads)),
      timer(model->plan_steps().size()),
      after([this](const PlanStep& step, const StepMemory& memory) {
        timer.Note(step);
        if (hook) hook(step, memory);
      }) {
  PlanArena(threads.num_threads());
}

void Session::Impl::PlanArena(int num_threads) {
  std::vector<Lifetime> lifetimes;
  for (const PlanStep& step : model->plan_steps()) {
    const size_t bytes = model->backend().ScratchBytes(step, images_per_pass, num_threads);
    lifetimes.push_back({bytes, step.when, step.when});
  }
  arena = Arena(model->buffers(), images_per_pass, lifetimes);
  for (const Lifetime& lifetime : lifetimes) scratch_bytes.push_back(lifetime.bytes);
  scratch.resize(scratch_bytes.size());
}

void Session::Impl::RunPass(const float* in, int n, float* out) {
  StepMemory memory;
  memory.n = n;
  memory.arena = arena.data();
  memory.offsets = arena.offsets(n);
  const std::span<const size_t> scratch_offsets = memory.offsets.subspan(model->buffers().size());
  for (size_t i = 0; i < scratch.size(); ++i) scratch[i] = {arena.data() + scratch_offsets[i], scratch_bytes[i]};
  memory.scratch = scratch;
  memory.input = in;
  memory.output = out;
  RunSteps(model->plan_steps(), model->bound(), *runner, memory, after);
}

Session::Session(std::shared_ptr<const CompiledModel> model, const PlanOptions& options, ThreadPool& threads)
    : impl_(std::make_unique<Impl>(std::move(model), options, threads)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const CompiledModel& Session::model() const {
  return *impl_->model;
}
int Session::max_batch() const {
  return impl_->max_batch;
}

void Session::Run(std::span<const float> input, int n, std::span<float> output) {
  Impl& session = *impl_;
  const size_t in = NumFloats(model().input_shape()), out = NumFloats(model().output_shape());
  if (n < 1 || n > session.max_batch || input.size() != in * static_cast<size_t>(n) ||
      output.size() != out * static_cast<size_t>(n)) {
    Fail(ErrorKind::kInternal,
         "a batch of {} with {} floats in and {} out: expected 1 to {} images of {} and {} floats", n, input.size(),
         output.size(), session.max_batch, in, out);
  }
  session.timer.Start(model().plan_steps());
  for (int first = 0; first < n; first += session.images_per_pass) {
    const auto done = static_cast<size_t>(first);
    session.RunPass(input.data() + done * in, std::min(session.images_per_pass, n - first), output.data() + done * out);
  }
}

void Session::SetHook(StepHook hook) {
  impl_->hook = std::move(hook);
}

size_t Session::arena_bytes() const {
  return impl_->arena.num_bytes();
}

std::span<const double> Session::step_seconds() const {
  return impl_->timer.seconds();
}

}  // namespace siskin
