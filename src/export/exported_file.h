// Writing a file of an export.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/files.h"
#include "siskin/export.h"

namespace siskin {

inline ExportedFile WriteExportedFile(const std::filesystem::path& path, std::string_view bytes, FileOps& ops) {
  WriteFileAtomic(path, bytes, ops);
  return {path, bytes.size()};
}

}  // namespace siskin
