// What the caller of long work lends it (siskin/work.h), with threads that run. Passed by reference into every function
// that may take longer than a blink.
#pragma once

#include <atomic>

#include "base/threads.h"
#include "siskin/work.h"

namespace siskin {

struct RunContext {
  ThreadPool& threads;
  Progress& progress;
  const std::atomic<bool>& stop;  // long loops look at it between steps

  bool stopped() const { return stop.load(std::memory_order_relaxed); }
};

}  // namespace siskin
