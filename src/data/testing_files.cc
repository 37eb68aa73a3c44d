#include "data/testing_files.h"

#include <atomic>
#include <fstream>

#include "base/error.h"
#include "base/threads.h"
#include "data/demo.h"

namespace siskin::testing {

void PutFile(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) Fail(ErrorKind::kIo, "{}: cannot write", path.native());
}

void WriteDemoPhotos(const std::filesystem::path& folder, int photos_per_class) {
  ThreadPool threads(2);
  Progress progress;
  const std::atomic<bool> stop = false;
  WriteDemoData(folder, photos_per_class, 1, {threads, progress, stop});
}

}  // namespace siskin::testing
