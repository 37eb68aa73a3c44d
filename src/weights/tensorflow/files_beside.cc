#include "weights/tensorflow/files_beside.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  // O_NONBLOCK: a pipe of that name must not make us wait for somebody to write into it.
  explicit Descriptor(const fs::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string ReadPlainFile(const fs::path& path, uint64_t max_bytes) {
  const std::string where = Printable(path.native());
  const Descriptor fd(path);
  if (fd.get() < 0 && errno == ELOOP) Fail(ErrorKind::kModel, "{}: is a link; only files themselves are read", where);
  if (fd.get() < 0) Fail(ErrorKind::kIo, "{}: cannot open: {}; it must lie beside the model", where, ErrnoText(errno));
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) Fail(ErrorKind::kModel, "{}: is no file", where);
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > max_bytes) {
    Fail(ErrorKind::kModel, "{}: has {} bytes, expected at most {}; is it another model's?", where, size, max_bytes);
  }
  std::string bytes(size, '\0');
  for (size_t have = 0; have < size;) {
    const ssize_t got = ::read(fd.get(), bytes.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) Fail(ErrorKind::kIo, "{}: cannot read: {}", where, got < 0 ? ErrnoText(errno) : "it became shorter");
    have += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace

ReadBeside FilesBeside(const fs::path& file) {
  return [folder = file.parent_path()](const std::string& name, uint64_t max_bytes) {
    return ReadPlainFile(folder / name, max_bytes);
  };
}

}  // namespace siskin
