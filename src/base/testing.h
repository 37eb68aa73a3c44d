// What tests of every folder share: a temporary folder, the golden files beside the project, one seed.
#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/run_context.h"
#include "siskin/error.h"

namespace siskin::testing {

// An empty folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// ../shared seen from the project's root ($SISKIN_SHARED overrides); empty if it is not there. Tests that need it do
//   const auto shared = SharedFolder("golden"); if (shared.empty()) GTEST_SKIP() << kNoShared;
std::filesystem::path SharedFolder(const std::string& name);
inline constexpr char kNoShared[] = "SKIPPED: ../shared is missing, nothing was compared";

// Whether this program runs under a sanitizer, 10 to 50 times slower. What takes minutes there and touches no line that
// smaller tests do not touch says kTooSlow.
bool UnderSanitizer();
inline constexpr char kTooSlow[] = "SKIPPED: too slow under a sanitizer, runs in release builds";

// Whether it is the one that looks for races, the slowest of all. What no thread takes part in says kNoThreads.
bool UnderThreadSanitizer();
inline constexpr char kNoThreads[] = "SKIPPED: has nothing to do with threads, runs with AddressSanitizer";

// Whether this program runs under an emulator of its processor, which says so with $SISKIN_EMULATED
// (cmake/toolchains/aarch64.cmake): arithmetic is 50 times slower there.
bool UnderEmulator();
inline constexpr char kTooSlowEmulated[] = "SKIPPED: takes minutes under an emulator, runs in release builds";

// The folder that an environment variable names; if it is not set, that one below the project's.
std::filesystem::path FolderFrom(const char* variable, const std::filesystem::path& otherwise);

// Python with the programs to compare with (Keras, tf2onnx, ONNX Runtime, OpenVINO): of $SISKIN_BENCH_VENV, or of
// build/bench-venv, which bench/lib/venv makes. Empty: not there, kNoBenchPython says so.
std::filesystem::path BenchPython();
inline constexpr char kNoBenchPython[] =
    "SKIPPED: no Python with Keras and the other runtimes; set SISKIN_BENCH_VENV or run bench/lib/venv once";

// The message of the error of that kind that `action` ends with. If it ends well, the test fails.
std::string MessageOf(ErrorKind kind, const std::function<void()>& action);
// EXPECTs such an error, its message with `part` in it.
void ExpectError(ErrorKind kind, const std::function<void()>& action);
void ExpectError(ErrorKind kind, const std::string& part, const std::function<void()>& action);

// What nobody has written yet: a result that keeps one was not computed.
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Keeps what it is told.
class NotingProgress : public Progress {
 public:
  void Note(std::string_view line) override { notes += std::string(line) + "\n"; }
  void Warn(std::string_view line) override { warnings.emplace_back(line); }
  std::string notes;
  std::vector<std::string> warnings;
};

// No write succeeds.
class FullDisk : public FileOps {
 public:
  int64_t Write(int, const void*, size_t) override { return -ENOSPC; }
};

// While it lives, no file of this process grows beyond so many bytes: to write more is an error, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uint64_t bytes);
  ~FileSizeLimit();
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  uint64_t old_limit_ = 0;
  void (*old_handler_)(int) = nullptr;
};

// The text in UTF-16 without a byte order mark, as Windows writes it (little endian) or with the bytes turned.
std::string Utf16(std::u16string_view text, bool big_endian = false);

// Golden formula `u(stream, i)` of the reference outputs: [0, 1), 24 bits; golden/README.md.
double FormulaUniform(uint64_t stream, uint64_t i);

}  // namespace siskin::testing
