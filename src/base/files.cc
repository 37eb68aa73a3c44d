#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace siskin {
namespace fs = std::filesystem;
namespace {

int Result(int value) {
  return value < 0 ? -errno : value;
}

// Closes a descriptor that is only read from.
class ReadDescriptor {
 public:
  explicit ReadDescriptor(const fs::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~ReadDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  ReadDescriptor(const ReadDescriptor&) = delete;
  ReadDescriptor& operator=(const ReadDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Where writing to `path` ends: the file that it, as a link or a chain of links, leads to, whether that exists or not.
// Empty if the links go in circles.
fs::path FollowLinks(const fs::path& path) {
  constexpr int kMaxLinks = 40;  // as Linux has it
  fs::path target = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code not_a_link;
    const fs::path next = fs::read_symlink(target, not_a_link);
    if (not_a_link) return target;
    target = target.parent_path() / next;  // an absolute `next` replaces the folder
  }
  return {};
}

// What a replaced file hands on. A file system that knows no modes or owners is no reason to fail: the temporary is
// readable by its owner only until here, so the file never becomes more public than it was.
void KeepOwnerAndMode(const struct stat& old, int fd, FileOps& ops) {
  struct stat now{};
  if (::fstat(fd, &now) == 0 && (now.st_uid != old.st_uid || now.st_gid != old.st_gid)) {
    ops.SetOwner(fd, old.st_uid, old.st_gid);
  }
  constexpr unsigned kPermissions = 0777;  // "run as its owner" is for the bytes that somebody gave it to
  ops.SetMode(fd, old.st_mode & kPermissions);
}

}  // namespace

int FileOps::Open(const fs::path& path, int flags, unsigned mode) {
  return Result(::open(path.c_str(), flags, mode));
}
int64_t FileOps::Write(int fd, const void* data, size_t size) {
  const ssize_t written = ::write(fd, data, size);
  return written < 0 ? -errno : written;
}
int FileOps::Fsync(int fd) {
  return Result(::fsync(fd));
}
int FileOps::Close(int fd) {
  return Result(::close(fd));
}
int FileOps::Rename(const fs::path& from, const fs::path& to) {
  return Result(::rename(from.c_str(), to.c_str()));
}
int FileOps::Unlink(const fs::path& path) {
  return Result(::unlink(path.c_str()));
}
int FileOps::SetOwner(int fd, unsigned user, unsigned group) {
  return Result(::fchown(fd, user, group));
}
int FileOps::SetMode(int fd, unsigned mode) {
  return Result(::fchmod(fd, mode));
}

FileOps& FileOps::System() {
  static FileOps ops;  // stateless
  return ops;
}

AtomicFile::AtomicFile(fs::path path, FileOps& ops, std::string* problem)
    : path_(std::move(path)), ops_(ops), problem_(problem) {
  struct stat old{};
  const bool exists = ::stat(path_.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) {
    FailFile(fmt::format("is {}, not a file that could be written; give another name",
                         S_ISDIR(old.st_mode) ? "a folder" : "a device or pipe"));
    return;
  }
  target_ = FollowLinks(path_);
  if (target_.empty()) {
    FailFile(ErrnoText(ELOOP) + "; give another name");
    return;
  }
  static std::atomic<unsigned> counter{0};  // two writers of one process never share a temporary
  temporary_ = target_;
  temporary_ += fmt::format(".tmp-{}-{}", ::getpid(), counter.fetch_add(1));
  fd_ = ops_.Open(temporary_, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, exists ? 0600 : 0644);
  if (fd_ < 0) {
    FailWrite("create", -std::exchange(fd_, -1));
  } else if (exists) {
    KeepOwnerAndMode(old, fd_, ops_);
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ops_.Close(fd_);
  if (!committed_ && !failed()) ops_.Unlink(temporary_);
}

void AtomicFile::FailFile(const std::string& what) {
  const std::string message = fmt::format("{}: {}", Printable(path_.native()), what);
  if (problem_ == nullptr) Fail(ErrorKind::kIo, message);
  *problem_ = message;
}

void AtomicFile::FailWrite(const char* doing, int error_number) {
  const char* remedy = error_number == ENOSPC || error_number == EDQUOT
                           ? "; free some space and try again, an existing file is untouched"
                           : "";
  // The destructor does not run when the constructor throws.
  if (fd_ >= 0) ops_.Close(std::exchange(fd_, -1));
  if (!committed_) ops_.Unlink(temporary_);
  FailFile(fmt::format("cannot {}: {}{}", doing, ErrnoText(error_number), remedy));
}

void AtomicFile::Write(std::string_view bytes) {
  while (!bytes.empty() && !failed()) {
    const int64_t written = ops_.Write(fd_, bytes.data(), bytes.size());
    if (written == -EINTR) continue;
    if (written <= 0) return FailWrite("write", written == 0 ? EIO : static_cast<int>(-written));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void AtomicFile::Write(std::span<const std::byte> bytes) {
  Write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicFile::Commit() {
  if (failed()) return;
  if (const int r = ops_.Fsync(fd_); r < 0) return FailWrite("flush", -r);
  if (const int r = ops_.Close(std::exchange(fd_, -1)); r < 0) return FailWrite("close", -r);
  if (const int r = ops_.Rename(temporary_, target_); r < 0) return FailWrite("rename into place", -r);
  committed_ = true;
  // The rename itself survives a power cut only once the folder is on disk. Some file systems cannot fsync a folder;
  // the file is complete either way.
  const fs::path folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
  if (const int fd = ops_.Open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); fd >= 0) {
    ops_.Fsync(fd);
    ops_.Close(fd);
  }
}

void WriteFileAtomic(const fs::path& path, std::string_view bytes, FileOps& ops) {
  AtomicFile file(path, ops);
  file.Write(bytes);
  file.Commit();
}

std::string TryWriteFileAtomic(const fs::path& path, std::string_view bytes, FileOps& ops) {
  std::string problem;
  AtomicFile file(path, ops, &problem);
  file.Write(bytes);
  file.Commit();
  return problem;
}

std::string TryExtendFile(const fs::path& path, std::string_view bytes, FileOps& ops) {
  std::string present, reason;
  if (!TryReadFile(path, bytes.size(), &present, &reason) || present.empty() || !bytes.starts_with(present)) {
    return TryWriteFileAtomic(path, bytes, ops);
  }
  bytes.remove_prefix(present.size());
  if (bytes.empty()) return "";
  const auto problem = [&](const char* doing, int64_t result) {
    return fmt::format("{}: cannot {}: {}", Printable(path.native()), doing, ErrnoText(static_cast<int>(-result)));
  };
  const int fd = ops.Open(path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
  if (fd < 0) return problem("open", fd);
  int64_t written = 0;
  while (!bytes.empty()) {
    written = ops.Write(fd, bytes.data(), bytes.size());
    if (written == -EINTR) continue;
    if (written <= 0) break;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  const int closed = ops.Close(fd);
  if (!bytes.empty()) return problem("append", written == 0 ? -EIO : written);
  return closed < 0 ? problem("close", closed) : "";
}

bool TryReadFile(const fs::path& path, size_t max_bytes, std::string* bytes, std::string* reason) {
  const ReadDescriptor fd(path);
  struct stat info{};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) {
    *reason = "cannot open: " + ErrnoText(errno);
    return false;
  }
  if (!S_ISREG(info.st_mode)) {
    *reason = S_ISDIR(info.st_mode) ? "is a folder, not a file" : "is not a regular file";
    return false;
  }
  if (static_cast<uint64_t>(info.st_size) > max_bytes) {
    *reason = fmt::format("is {} bytes large, more than the {} that are reasonable here", info.st_size, max_bytes);
    return false;
  }
  bytes->resize(static_cast<size_t>(info.st_size));
  size_t done = 0;
  while (done < bytes->size()) {
    const ssize_t got = ::read(fd.get(), bytes->data() + done, bytes->size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      *reason = "cannot read: " + ErrnoText(errno);
      return false;
    }
    if (got == 0) break;  // it shrank while being read
    done += static_cast<size_t>(got);
  }
  bytes->resize(done);
  return true;
}

std::string ReadFile(const fs::path& path, size_t max_bytes) {
  std::string bytes, reason;
  if (!TryReadFile(path, max_bytes, &bytes, &reason)) {
    Fail(ErrorKind::kIo, "{}: {}", Printable(path.native()), reason);
  }
  return bytes;
}

MappedFile::MappedFile(const fs::path& path) {
  const ReadDescriptor fd(path);
  struct stat info{};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) {
    Fail(ErrorKind::kIo, "{}: cannot open: {}", Printable(path.native()), ErrnoText(errno));
  }
  if (!S_ISREG(info.st_mode)) Fail(ErrorKind::kIo, "{}: is not a regular file", Printable(path.native()));
  size_ = static_cast<size_t>(info.st_size);
  if (size_ == 0) return;
  void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (map == MAP_FAILED) Fail(ErrorKind::kIo, "{}: cannot map: {}", Printable(path.native()), ErrnoText(errno));
  data_ = static_cast<const std::byte*>(map);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

bool SameFile(const fs::path& a, const fs::path& b) {
  struct stat first{}, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

void MakeFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) Fail(ErrorKind::kIo, "{}: cannot create the folder: {}", Printable(path.native()), error.message());
}

void RequireWritable(const fs::path& file) {
  if (file.has_parent_path()) MakeFolder(file.parent_path());
  const AtomicFile probe(file);  // without Commit nothing is left on disk
}

}  // namespace siskin
