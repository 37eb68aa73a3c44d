// Runs another program and collects what it says: the sandboxed HDF5 reader, and pip. No shell: the words of the
// command are passed as they are. Nothing but the three standard descriptors is inherited.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace siskin {

struct ProcessOptions {
  std::vector<std::string> command;      // a program's path, or a name to be found on PATH; then its arguments
  std::vector<std::string> environment;  // "NAME=value"
  int input = -1;                        // descriptor it reads from, borrowed; -1: nothing to read
  size_t max_output_bytes = 0;           // more than this on stdout and it is killed
  double timeout_seconds = 0;
  const std::atomic<bool>* stop = nullptr;  // when set, it is killed; may be null
};

struct ProcessResult {
  enum class End { kNotStarted, kExited, kSignal, kTimeout, kTooMuchOutput, kStopped };
  End end = End::kNotStarted;
  int code = 0;        // errno if not started, else exit code or number of the signal
  std::string output;  // stdout
  std::string errors;  // the first 64 KB of stderr

  bool ok() const { return end == End::kExited && code == 0; }
  // "ended with exit code 3: <its last words>", "was stopped by signal 11 (Segmentation fault)" ...
  std::string Describe() const;
};

// Returns when the program has ended and everything it left running in its process group was killed.
ProcessResult RunProcess(const ProcessOptions& options);

// This process's environment, with NAME=value added or replaced.
std::vector<std::string> EnvironmentWith(const std::string& name, const std::string& value);

}  // namespace siskin
