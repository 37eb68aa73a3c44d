// siskin/work.h for the library: starts the threads that the caller wants, and stands in for whom it did not bring.
#pragma once

#include <atomic>
#include <optional>

#include "base/run_context.h"

namespace siskin {

// Work must outlive it.
class WorkContext {
 public:
  explicit WorkContext(const Work& work) : work_(work) {}

  Progress& progress() { return work_.progress != nullptr ? *work_.progress : nobody_; }
  // Starts the threads at the first call. kUsage and kIo as ThreadPool.
  RunContext context();

 private:
  const Work& work_;
  std::optional<ThreadPool> threads_;
  Progress nobody_;
  const std::atomic<bool> never_ = false;
};

}  // namespace siskin
