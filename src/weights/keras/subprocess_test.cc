#include "weights/keras/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/testing.h"

namespace siskin {
namespace {

ProcessResult RunShell(const std::string& script, ProcessOptions options = {}) {
  options.command = {"/bin/sh", "-c", script};
  if (options.max_output_bytes == 0) options.max_output_bytes = 1 << 20;
  if (options.timeout_seconds == 0) options.timeout_seconds = 20;
  return RunProcess(options);
}

TEST(Subprocess, GivesOutputErrorsAndCode) {
  const ProcessResult result = RunShell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.end, ProcessResult::End::kExited);
  EXPECT_EQ(result.code, 3);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(result.Describe(), "ended with exit code 3: err");
  EXPECT_TRUE(RunShell("exit 0").ok());
}

TEST(Subprocess, ReadsOnlyWhatItIsGiven) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "in") << "hello";
  const int input = ::open((folder.path() / "in").c_str(), O_RDONLY);
  ASSERT_GE(input, 0);
  ProcessOptions options;
  options.input = input;
  EXPECT_EQ(RunShell("read x; echo $x; ls /proc/self/fd | wc -l", options).output, "hello\n4\n");  // ls opens the 4th
  ::close(input);
  EXPECT_EQ(RunShell("cat").output, "");
}

TEST(Subprocess, EnvironmentIsAsGiven) {
  ASSERT_EQ(::setenv("SISKIN_SUBPROCESS_TEST", "leaked", 1), 0);
  EXPECT_EQ(RunShell("echo \"[$SISKIN_SUBPROCESS_TEST]\"").output, "[]\n");
  ProcessOptions options;
  options.environment = EnvironmentWith("SISKIN_SUBPROCESS_TEST", "new value");
  EXPECT_EQ(RunShell("echo \"[$SISKIN_SUBPROCESS_TEST]\"", options).output, "[new value]\n");
  ::unsetenv("SISKIN_SUBPROCESS_TEST");
}

TEST(Subprocess, TellsWhyItDidNotStart) {
  ProcessOptions options;
  options.command = {"no-such-program-of-siskin"};
  const ProcessResult result = RunProcess(options);
  EXPECT_EQ(result.end, ProcessResult::End::kNotStarted);
  EXPECT_EQ(result.Describe(), "could not be started: No such file or directory");
}

TEST(Subprocess, TellsTheSignal) {
  const ProcessResult result = RunShell("kill -SEGV $$");
  EXPECT_EQ(result.end, ProcessResult::End::kSignal);
  EXPECT_EQ(result.code, SIGSEGV);
}

TEST(Subprocess, StopsWhatTakesTooLong) {
  const auto start = std::chrono::steady_clock::now();
  ProcessOptions options;
  options.timeout_seconds = 0.2;
  // A grandchild keeps the pipe open: the whole group has to go.
  EXPECT_EQ(RunShell("sleep 30 & sleep 30", options).end, ProcessResult::End::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Subprocess, StopsWhatWritesTooMuch) {
  ProcessOptions options;
  options.max_output_bytes = 1000;
  const ProcessResult result = RunShell("while true; do echo 0123456789; done", options);
  EXPECT_EQ(result.end, ProcessResult::End::kTooMuchOutput);
  EXPECT_EQ(result.output.size(), 1000u);
}

TEST(Subprocess, StopsWhenAsked) {
  std::atomic<bool> stop{false};
  ProcessOptions options;
  options.stop = &stop;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop = true;
  });
  EXPECT_EQ(RunShell("sleep 30", options).end, ProcessResult::End::kStopped);
  later.join();
}

TEST(Subprocess, ManyErrorsDoNotBlock) {
  const ProcessResult result = RunShell(
      "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2; "
      "i=$((i+1)); done; echo done");
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.errors.size(), size_t{64} << 10);
  EXPECT_EQ(result.output, "done\n");
}

}  // namespace
}  // namespace siskin
