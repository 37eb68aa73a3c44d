// A photo in a folder, before anybody has opened it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "siskin/skipped_file.h"

namespace siskin {

enum class Split { kTrain = 0, kValidation = 1, kTest = 2 };
inline constexpr std::array<const char*, 3> kSplitNames = {"train", "validation", "test"};

struct Photo {
  std::string path;  // relative to Dataset::root, '/' between folders, bytes as the file system has them
  int label = 0;     // index into Dataset::class_names
  Split split = Split::kTrain;
  uint64_t bytes = 0;
  int64_t modified_ns = 0;  // since the epoch
};

}  // namespace siskin
