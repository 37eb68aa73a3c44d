#include "fuzz/target.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/utf8.h"
#include "siskin/error.h"

namespace siskin::fuzz {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "this does not hold: %s\n", what);
  std::abort();
}

void RequirePrintable(std::string_view text) {
  const bool control = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (control || !IsValidUtf8(text)) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
    Require(false, "a message is one line of UTF-8 without control characters");
  }
}

InputFile::InputFile(std::string_view bytes) : fd_(::memfd_create("fuzz-input", MFD_CLOEXEC)) {
  const bool written = fd_ >= 0 && ::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  Require(written, "the input can be held as a file in memory");
}

InputFile::~InputFile() {
  ::close(fd_);
}

std::filesystem::path InputFile::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

std::string_view TakeText(std::string_view* input) {
  const size_t end = std::min(input->find('\0'), input->size());
  const std::string_view text = input->substr(0, end);
  input->remove_prefix(std::min(end + 1, input->size()));
  return text;
}

}  // namespace siskin::fuzz

// What libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool verbose = std::getenv("SISKIN_FUZZ_VERBOSE") != nullptr;
  try {
    siskin::fuzz::Run({reinterpret_cast<const char*>(data), size});
    if (verbose) std::puts("read without an error");
  } catch (const siskin::Error& error) {
    if (verbose) std::puts(error.what());
    siskin::fuzz::RequirePrintable(error.what());
    siskin::fuzz::Require(error.kind() != siskin::ErrorKind::kInternal, error.what());
  }
  return 0;
}
