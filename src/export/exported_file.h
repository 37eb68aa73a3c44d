// A file that an export wrote.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/files.h"

namespace siskin {

struct ExportedFile {
  std::filesystem::path path;
  uint64_t bytes = 0;
};

inline ExportedFile WriteExportedFile(const std::filesystem::path& path, std::string_view bytes, FileOps& ops) {
  WriteFileAtomic(path, bytes, ops);
  return {path, bytes.size()};
}

}  // namespace siskin
