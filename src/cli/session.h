// One run of one verb: its common options, where results and messages go, threads and signals when the work begins.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/run_context.h"
#include "cli/console.h"
#include "cli/output.h"
#include "cli/output_guard.h"
#include "cli/progress.h"
#include "siskin/work.h"

namespace siskin::cli {

struct CommonOptions {
  int threads = 0;  // 0: all the processors that the process may use
  // Batch size: 8 are enough for the matrix product to reach its full speed; more only take
  // memory.
  int batch = 8;
  bool quiet = false, verbose = false;
  std::string format = "text";
  std::string output;  // empty: standard output
};

class Session {
 public:
  // command: the command line as typed. guard: has checked what the command line names.
  Session(const CommonOptions& options, std::string command, const OutputGuard& guard, Console& console);

  Console& console() { return console_; }
  Progress& progress() { return progress_; }
  bool verbose() const { return options_.verbose && !options_.quiet; }
  const std::string& command() const { return command_; }
  const std::string& format() const { return options_.format; }
  const OutputGuard& guard() const { return guard_; }
  // What a person typed for photos after `command`, as in data/inputs.h; none of them is an output. kData if there are
  // none.
  std::vector<std::filesystem::path> ExpandPhotos(const std::vector<std::string>& arguments,
                                                  std::string_view command) const;
  Output OpenOutput() const { return Output(options_.output); }
  // Results appear on the terminal while the work goes on: a progress bar would get between them.
  bool results_on_terminal() const;

  // Starts the threads and the handling of signals at the first call: a verb that is done in a blink needs neither.
  RunContext context();
  // The same for functions of the public API, which start threads of their own.
  Work work();

 private:
  void WatchSignalsOnce();  // after the first signal the second one ends the process

  const CommonOptions& options_;
  const std::string command_;
  const OutputGuard& guard_;
  Console& console_;
  ConsoleProgress progress_;
  std::optional<ThreadPool> threads_;
  bool signals_watched_ = false;
};

// Set by the first SIGINT or SIGTERM after WatchSignals; the second one ends the process as if it were not handled.
const std::atomic<bool>& StopFlag();
void WatchSignals();

}  // namespace siskin::cli
