// One run at a time of a compiled model: owns the arena, shares the weights. Nothing is allocated while it runs.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/threads.h"
#include "graph/compiled_model.h"
#include "graph/run_steps.h"

namespace siskin {

struct PlanOptions {
  int max_batch = 1;
  // How many images of a batch go through the network together: memory is planned for these. 0: chosen by the session.
  int images_per_pass = 0;
};

class Session {
 public:
  // `threads` must outlive the session. Sessions that run at the same time need thread pools of their own.
  Session(std::shared_ptr<const CompiledModel> model, const PlanOptions& options, ThreadPool& threads);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  const CompiledModel& model() const;
  int max_batch() const;

  // input: [n, h, w, c] dense floats   output: [n, h*w*c of the output shape], overwritten; 1 <= n <= max_batch. The
  // result for an image does not depend on n, on its neighbours or on the number of threads. One Run at a time.
  void Run(std::span<const float> input, int n, std::span<float> output);

  // Called after every step of every pass from now on; an empty one: nobody.
  void SetHook(StepHook hook);

  size_t arena_bytes() const;  // activations and scratch
  // Seconds spent in each step of the last Run.
  std::span<const double> step_seconds() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace siskin
