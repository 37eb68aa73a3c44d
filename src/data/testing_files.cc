#include "data/testing_files.h"

#include <fstream>

#include "base/error.h"

namespace siskin::testing {

void PutFile(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) Fail(ErrorKind::kIo, "{}: cannot write", path.native());
}

}  // namespace siskin::testing
