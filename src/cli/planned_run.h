// What a training will write into its run folder, for the check of outputs.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/file_type.h"

namespace siskin::cli {

// In a folder that a training made, all its files may be replaced; in another one none. A split file that stands there
// already is read and stays.
std::vector<PlannedFile> PlannedRun(const std::filesystem::path& folder, const std::filesystem::path& split_file);

}  // namespace siskin::cli
