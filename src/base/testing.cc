#include "base/testing.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "base/error.h"

namespace siskin::testing {
namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "siskin-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) Fail(ErrorKind::kIo, "{}: cannot create a temporary folder", pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path FolderFrom(const char* variable, const fs::path& otherwise) {
  const char* given = std::getenv(variable);
  return given != nullptr ? fs::path(given) : fs::path(SISKIN_SOURCE_DIR) / otherwise;
}

fs::path SharedFolder(const std::string& name) {
  const fs::path root = FolderFrom("SISKIN_SHARED", "../shared");
  return fs::is_directory(root / name) ? root / name : fs::path();
}

fs::path BenchPython() {
  const fs::path python = FolderFrom("SISKIN_BENCH_VENV", "build/bench-venv") / "bin" / "python";
  return ::access(python.c_str(), X_OK) == 0 ? python : fs::path();
}

bool UnderSanitizer() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

bool UnderThreadSanitizer() {
#ifdef __SANITIZE_THREAD__
  return true;
#else
  return false;
#endif
}

bool UnderEmulator() {
  return std::getenv("SISKIN_EMULATED") != nullptr;
}

namespace {

// The limit before.
uint64_t LimitFileSize(uint64_t bytes) {
  rlimit limit{};
  EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const uint64_t before = limit.rlim_cur;
  limit.rlim_cur = bytes;
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  return before;
}

}  // namespace

FileSizeLimit::FileSizeLimit(uint64_t bytes)
    : old_limit_(LimitFileSize(bytes)), old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {}

FileSizeLimit::~FileSizeLimit() {
  LimitFileSize(old_limit_);
  std::signal(SIGXFSZ, old_handler_);
}

std::string MessageOf(ErrorKind kind, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "no error";
}

void ExpectError(ErrorKind kind, const std::function<void()>& action) {
  MessageOf(kind, action);
}

void ExpectError(ErrorKind kind, const std::string& part, const std::function<void()>& action) {
  const std::string message = MessageOf(kind, action);
  EXPECT_NE(message.find(part), std::string::npos) << "expected: " << part << "\nmessage: " << message;
}

std::string Utf16(std::u16string_view text, bool big_endian) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xFF), high = static_cast<char>(unit >> 8);
    bytes += big_endian ? high : low;
    bytes += big_endian ? low : high;
  }
  return bytes;
}

double FormulaUniform(uint64_t stream, uint64_t i) {
  uint64_t z = i + (stream + 1) * 0x9E3779B97F4A7C15u;
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 40) * 0x1p-24;
}

}  // namespace siskin::testing
