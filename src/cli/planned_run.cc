#include "cli/planned_run.h"

#include <system_error>

#include "base/files.h"
#include "train/run_folder.h"

namespace siskin::cli {

std::vector<PlannedFile> PlannedRun(const std::filesystem::path& folder, const std::filesystem::path& split_file) {
  const RunPaths paths(folder);
  std::error_code ignored;
  const bool of_training = std::filesystem::is_empty(paths.lock(), ignored) && !ignored;
  std::vector<PlannedFile> files = {{folder, &kFolder}};
  for (const std::filesystem::path& file : paths.All()) {
    if (file == paths.splits() && SameFile(file, split_file)) continue;
    files.push_back({file, of_training ? &kOwnRunFile : &kRunFile});
  }
  return files;
}

}  // namespace siskin::cli
