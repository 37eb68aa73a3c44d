#include "graph/session.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/error.h"
#include "graph/arena.h"
#include "graph/executor.h"

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
  Impl(std::shared_ptr<const CompiledModel> of, const PlanOptions& options, ThreadPool& pool);
  void RunPass(const float* in, int n, float* out);

  std::shared_ptr<const CompiledModel> model;
  ThreadPool& threads;
  int max_batch;
  int images_per_pass;  // of a batch, how many go through the network together
  Arena arena;
  Tensor scratch;               // of the kernels
  std::vector<double> seconds;  // what the steps took
};

Session::Impl::Impl(std::shared_ptr<const CompiledModel> of, const PlanOptions& options, ThreadPool& pool)
    : model(std::move(of)),
      threads(pool),
      max_batch(options.max_batch),
      images_per_pass(ImagesPerPass(options, model->buffers())),
      arena(model->buffers(), images_per_pass),
      seconds(model->ops().size()) {
  size_t floats = 0;
  for (const BoundOp& op : model->ops()) floats = std::max(floats, ScratchFloats(op, threads.num_threads()));
  scratch = Tensor(Shape{static_cast<int64_t>(floats)});
}

void Session::Impl::RunPass(const float* in, int n, float* out) {
  const Places places{arena.data(), arena.offsets(), scratch.values<float>(), in, out};
  const std::span<const BoundOp> ops = model->ops();
  auto before = Clock::now();
  for (size_t i = 0; i < ops.size(); ++i) {
    Execute(ops[i], places, n, threads);
    const auto after = Clock::now();
    seconds[i] += std::chrono::duration<double>(after - before).count();
    before = after;
  }
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
  std::fill(session.seconds.begin(), session.seconds.end(), 0.0);
  for (int first = 0; first < n; first += session.images_per_pass) {
    const auto done = static_cast<size_t>(first);
    session.RunPass(input.data() + done * in, std::min(session.images_per_pass, n - first), output.data() + done * out);
  }
}

size_t Session::arena_bytes() const {
  return impl_->arena.num_bytes() + impl_->scratch.num_bytes();
}

std::span<const double> Session::step_seconds() const {
  return impl_->seconds;
}

}  // namespace siskin
