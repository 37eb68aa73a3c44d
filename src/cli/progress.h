// How long work shows itself: a bar with rate and time left on a terminal, a line at every tenth otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/run_context.h"
#include "cli/console.h"

namespace siskin::cli {

enum class Volume { kQuiet, kNormal, kVerbose };  // quiet: warnings and errors only

struct TaskState {
  std::string task, unit;
  size_t done = 0, total = 0;  // total 0: unknown
  double seconds = 0;
};

// "features [=====>     ]  45 %  2,700 of 6,000 photos  312/s  11 s left", at most `width` columns.
std::string BarText(const TaskState& state, size_t width);
// The same without a bar.
std::string LineText(const TaskState& state);

class ConsoleProgress : public Progress {
 public:
  ConsoleProgress(Console& console, Volume volume) : console_(console), volume_(volume) {}

  void Begin(std::string_view task, std::string_view unit, size_t total) override;
  void Advance(size_t count) override;
  void Finish() override;
  void Note(std::string_view line) override;
  void Warn(std::string_view line) override;
  void Status(std::string_view line) override;

 private:
  void Redraw();
  double SecondsSinceBegin() const;

  Console& console_;
  Volume volume_;
  TaskState state_;
  std::string status_;  // of the task; empty: the bar is shown
  bool active_ = false;
  std::chrono::steady_clock::time_point begin_;
  double last_shown_ = 0;    // seconds since begin_
  size_t tenths_shown_ = 0;  // lines: how many tenths were reported
};

}  // namespace siskin::cli
