#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/error.h"

namespace siskin::cli {
namespace {

// /dev/null, /dev/stdout, a named pipe: nothing that could be replaced by a finished file.
bool IsDeviceOrPipe(const std::string& file) {
  std::error_code absent;
  const std::filesystem::file_status status = std::filesystem::status(file, absent);
  return std::filesystem::is_character_file(status) || std::filesystem::is_fifo(status);
}

}  // namespace

Output::Output(const std::string& file) {
  if (file.empty() || file == "-" || IsStandardOutput(file)) return;
  name_ = Printable(file);
  if (!IsDeviceOrPipe(file)) {
    file_ = std::make_unique<AtomicFile>(file);
    return;
  }
  fd_ = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd_ < 0) Fail(ErrorKind::kIo, "{}: cannot open: {}", name_, ErrnoText(errno));
}

Output::~Output() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

void Output::FailWrite(int error_number) const {
  if (error_number == EPIPE) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  Fail(ErrorKind::kIo, "{}: cannot write: {}; the results are incomplete", name_, ErrnoText(error_number));
}

void Output::Flush() {
  if (file_ != nullptr) {
    file_->Write(pending_);
    pending_.clear();
    return;
  }
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) FailWrite(errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  pending_.clear();
}

void Output::Commit() {
  Flush();
  if (file_ != nullptr) file_->Commit();
  file_.reset();
}

bool IsStandardOutput(const std::filesystem::path& file) {
  struct stat named{}, standard{};
  // Of a terminal or pipe there is nothing to lose, and /dev/stdout opens it as well.
  return ::fstat(STDOUT_FILENO, &standard) == 0 && S_ISREG(standard.st_mode) && ::stat(file.c_str(), &named) == 0 &&
         named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

void KeepStandardDescriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // Opened the wrong way round on purpose: reading from 0 and writing to 1 and 2 keep failing. open() returns the
    // lowest free number, which is fd.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return;
  }
}

}  // namespace siskin::cli
