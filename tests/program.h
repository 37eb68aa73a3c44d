// Running the built `siskin` the way a shell does, for tests.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace siskin::testing {

struct RunOptions {
  std::string standard_input = {};
  std::map<std::string, std::string> environment = {};  // added to ours
  std::filesystem::path folder = {};                    // working folder; empty: ours
  std::filesystem::path standard_output = {};           // empty: captured in RunResult::out
  bool as_nobody = false;                               // if we are root: as a user who may not read every file
  bool terminal = false;                                // standard error is one, of 80 columns
  bool reader_gone = false;                             // standard output is a pipe that nobody reads
  int64_t file_size_limit = -1;  // bytes that a file may grow to (RLIMIT_FSIZE): a small full disk
  int seconds = 300;             // then it is killed, and exit_code is -SIGKILL
};

struct RunResult {
  int exit_code = 0;  // -signal if it was killed
  std::string out, err;
};

RunResult RunSiskin(const std::vector<std::string>& arguments, const RunOptions& options = {});

// A running program, for tests of signals. Its output goes to `log`.
class BackgroundSiskin {
 public:
  BackgroundSiskin(const std::vector<std::string>& arguments, const std::filesystem::path& log);
  ~BackgroundSiskin();  // kills it if it still runs
  BackgroundSiskin(const BackgroundSiskin&) = delete;
  BackgroundSiskin& operator=(const BackgroundSiskin&) = delete;

  void Signal(int signal);
  int Wait();  // exit code, -signal if it was killed

 private:
  pid_t pid_;
};

std::string ReadText(const std::filesystem::path& file);
void WriteText(const std::filesystem::path& file, const std::string& text);
size_t CountLines(const std::string& text);
bool Contains(const std::string& text, const std::string& part);

}  // namespace siskin::testing
