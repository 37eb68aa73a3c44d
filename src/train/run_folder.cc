#include "train/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "data/dataset.h"

namespace siskin {

namespace fs = std::filesystem;

fs::path RunPaths::fine_tune_slot(int slot) const {
  return path_ / fmt::format("fine-tune-{}.safetensors", slot);
}

std::vector<fs::path> RunPaths::All() const {
  std::vector<fs::path> files = {
      log(),         json_log(),   events(),          splits(),          skipped(),          report(),
      html_report(), checkpoint(), fine_tune_slot(0), fine_tune_slot(1), fine_tune_stopped()};
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(features(), none)) {
    const std::string name = entry.path().filename();
    const auto of_split = [&](const char* split) { return name.starts_with(std::string(split) + '-'); };
    if (std::ranges::any_of(kSplitNames, of_split)) files.push_back(entry.path());
  }
  return files;
}

RunFolder::RunFolder(fs::path path) : RunPaths(std::move(path)) {
  MakeFolder(this->path());
  const fs::path file = lock();
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) Fail(ErrorKind::kIo, "{}: cannot create: {}", Printable(file.native()), ErrnoText(errno));
  // The system lets go of the lock when the process ends, so a crash leaves nothing to clean up.
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(lock_);
  if (error == EWOULDBLOCK) {
    Fail(ErrorKind::kUsage, "{}: another training is using this folder; wait for it, or give another --run-dir",
         Printable(this->path().native()));
  }
  Fail(ErrorKind::kIo, "{}: cannot lock: {}", Printable(file.native()), ErrnoText(error));
}

RunFolder::~RunFolder() {
  ::close(lock_);
}

}  // namespace siskin
