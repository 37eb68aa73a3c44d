#include "cli/session.h"

#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <utility>

#include "base/error.h"
#include "data/inputs.h"

namespace siskin::cli {
namespace {

// A signal handler can reach nothing else than a global.
std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void RequestStop(int) {
  stop_requested.store(true, std::memory_order_relaxed);
  if (::isatty(STDERR_FILENO) == 1) {
    constexpr char kText[] = "\nstopping after this step; once more to stop at once\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText, sizeof(kText) - 1);
  }
}

Volume VolumeOf(const CommonOptions& options) {
  if (options.quiet) return Volume::kQuiet;
  return options.verbose ? Volume::kVerbose : Volume::kNormal;
}

}  // namespace

const std::atomic<bool>& StopFlag() {
  return stop_requested;
}

void WatchSignals() {
  struct sigaction action{};
  action.sa_handler = RequestStop;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction old{};
    // Ignored by the caller (nohup, a background job): stays ignored.
    if (::sigaction(signal, nullptr, &old) == 0 && old.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
}

Session::Session(const CommonOptions& options, std::string command, const OutputGuard& guard, Console& console)
    : options_(options),
      command_(std::move(command)),
      guard_(guard),
      console_(console),
      progress_(console, VolumeOf(options)) {}

std::vector<std::filesystem::path> Session::ExpandPhotos(const std::vector<std::string>& arguments,
                                                         std::string_view command) const {
  std::vector<std::filesystem::path> files = ExpandInputs(arguments, std::cin, command);
  if (files.empty()) Fail(ErrorKind::kData, "the list of photos is empty; nothing to do");
  guard_.CheckInputs(files);
  return files;
}

bool Session::results_on_terminal() const {
  return options_.output.empty() && ::isatty(STDOUT_FILENO) == 1;
}

void Session::WatchSignalsOnce() {
  if (!signals_watched_) WatchSignals();
  signals_watched_ = true;
}

RunContext Session::context() {
  WatchSignalsOnce();
  if (!threads_) threads_.emplace(options_.threads);
  return {.threads = *threads_, .progress = progress_, .stop = StopFlag()};
}

Work Session::work() {
  WatchSignalsOnce();
  return {.threads = options_.threads, .progress = &progress_, .stop = &StopFlag()};
}

}  // namespace siskin::cli
