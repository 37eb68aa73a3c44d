// What a fuzz target is: a reader of Siskin and what must hold whatever it is given. docs/fuzzing.md.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace siskin::fuzz {

// Each target's own. Ends well or with Error of any kind but kInternal; everything else is a finding.
void Run(std::string_view input);

// A finding unless `holds`.
void Require(bool holds, const char* what);

// A finding unless `text` is one line of UTF-8 without control characters: it goes to terminals and logs.
void RequirePrintable(std::string_view text);

// The bytes as a file with a path, for readers that take one; in memory, gone with the object.
class InputFile {
 public:
  explicit InputFile(std::string_view bytes);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  std::filesystem::path path() const;

 private:
  int fd_;
};

// The part of the input before the next NUL, which is taken off it: texts side by side in one input.
std::string_view TakeText(std::string_view* input);

}  // namespace siskin::fuzz
