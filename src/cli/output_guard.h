// No output of a run replaces one of its inputs, nor a file of another kind than the one it writes: a photo that the
// shell put after -o, a model, somebody's table. Looks at what the options of the verb name, before any work is done;
// writing itself is base/files.h.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cli/options.h"

namespace siskin::cli {

class OutputGuard {
 public:
  // Checks what the command line names. kUsage with the file, what it is and what to do.
  explicit OutputGuard(const OptionTable& options);

  // Further inputs, which no option names: the files of a list on standard input.
  void CheckInputs(std::span<const std::filesystem::path> inputs) const;
  // A further output, which no option names.
  void CheckOutput(const std::filesystem::path& output) const;

 private:
  struct Output {
    std::string option;  // "-o"
    PlannedFile file;
  };
  struct Input {
    std::string option;
    std::filesystem::path path;
  };

  void AddOutputs(const OptionTable::Entry& entry);
  bool AnyOutputExists() const;
  void CheckKind(const Output& output) const;
  void CheckTwice() const;
  void CheckRunFolder(const std::filesystem::path& folder) const;

  bool force_;
  std::vector<Output> outputs_;
  std::vector<Input> inputs_;
};

}  // namespace siskin::cli
