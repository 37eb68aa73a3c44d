// What work that takes longer than a blink shares with its caller: threads, somebody to tell, a way to be stopped.
//
//   struct Lines : siskin::Progress {
//     void Note(std::string_view line) override { std::cerr << line << "\n"; }
//   };
//   Lines lines;
//   std::atomic<bool> stop = false;  // set by a signal handler, a button, or the listener itself
//   siskin::Train(options, {.threads = 4, .progress = &lines, .stop = &stop});
#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>

#include "siskin/api.h"

namespace siskin {

// Receives what a person may want to see; the library itself prints nothing. All calls come from the thread that called
// the library. The base class ignores everything.
class SISKIN_API Progress {
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

struct Work {
  int threads = 0;                          // 0: all the processors that the process may use
  Progress* progress = nullptr;             // null: nobody is told
  const std::atomic<bool>* stop = nullptr;  // looked at between steps; once true the work ends with kInterrupted
};

}  // namespace siskin
