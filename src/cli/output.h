// Results: standard output, or a file that appears under its name only when everything is in it (a device or pipe gets
// them as they come). A full disk, a closed descriptor and a reader that went away are noticed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"

namespace siskin::cli {

class Output {
 public:
  // file: empty or "-" for standard output.
  explicit Output(const std::string& file);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(std::string_view text) { pending_ += text; }
  // Hands everything written so far on. kIo if that fails; when the reader of a pipe went away the process ends as any
  // filter does, by SIGPIPE.
  void Flush();
  // The last call: without it a file does not appear.
  void Commit();

 private:
  [[noreturn]] void FailWrite(int error_number) const;

  std::unique_ptr<AtomicFile> file_;
  std::string name_ = "standard output";  // for messages
  int fd_ = 1;                            // without file_
  std::string pending_;
};

// Whether the name is that of standard output: /dev/stdout, or the file that it goes to.
bool IsStandardOutput(const std::filesystem::path& file);

// Opens descriptors 0, 1 and 2 if the caller closed them, so that no file of ours gets their numbers; writing to a
// descriptor opened here fails as writing to a closed one does.
void KeepStandardDescriptors();

}  // namespace siskin::cli
