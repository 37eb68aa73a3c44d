// siskin/work.h for the library: starts the threads that the caller wants, and stands in for whom it did not bring.
#pragma once

#include <atomic>

#include "base/run_context.h"

namespace siskin {

// Work must outlive it. kUsage and kIo as ThreadPool.
class WorkContext {
 public:
  explicit WorkContext(const Work& work) : work_(work), threads_(work.threads) {}

  RunContext context();

 private:
  const Work& work_;
  ThreadPool threads_;
  Progress nobody_;
  const std::atomic<bool> never_ = false;
};

}  // namespace siskin
