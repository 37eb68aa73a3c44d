// What long work needs from its caller: threads, somewhere to report progress, a way to be stopped. Passed by reference
// into every function that may take longer than a blink; the library itself prints nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/threads.h"

namespace siskin {

// Receives what a person may want to see. All calls come from the thread that called the library. The base class
// ignores everything.
class Progress {
 public:
  virtual ~Progress() = default;
  // A task of `total` units ("features", "photos") begins; Advance(n) follows, Finish() ends it. Tasks do not nest.
  virtual void Begin(std::string_view /*task*/, std::string_view /*unit*/, size_t /*total*/) {}
  virtual void Advance(size_t /*count*/) {}
  virtual void Finish() {}
  // A line worth reading (an epoch's result, a file that was reused); a warning is worth acting on.
  virtual void Note(std::string_view /*line*/) {}
  virtual void Warn(std::string_view /*line*/) {}
  // One of many results of a task that is soon over (an epoch of the head): a line of its own in a log; on a terminal
  // it stands in for the bar and makes room for the next one.
  virtual void Status(std::string_view /*line*/) {}
};

struct RunContext {
  ThreadPool& threads;
  Progress& progress;
  const std::atomic<bool>& stop;  // set by the signal handler; long loops look at it between steps

  bool stopped() const { return stop.load(std::memory_order_relaxed); }
};

}  // namespace siskin
