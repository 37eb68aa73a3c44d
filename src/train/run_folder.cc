#include "train/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/files.h"

namespace siskin {

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  MakeFolder(path_);
  const std::filesystem::path file = path_ / "lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) Fail(ErrorKind::kIo, "{}: cannot create: {}", Printable(file.native()), ErrnoText(errno));
  // The system lets go of the lock when the process ends, so a crash leaves nothing to clean up.
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(lock_);
  if (error == EWOULDBLOCK) {
    Fail(ErrorKind::kUsage, "{}: another training is using this folder; wait for it, or give another --run-dir",
         Printable(path_.native()));
  }
  Fail(ErrorKind::kIo, "{}: cannot lock: {}", Printable(file.native()), ErrnoText(error));
}

RunFolder::~RunFolder() {
  ::close(lock_);
}

}  // namespace siskin
