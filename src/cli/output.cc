#include "cli/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/error.h"

namespace siskin::cli {
namespace {

[[noreturn]] void FailStandardOutput(int error_number) {
  if (error_number == EPIPE) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  Fail(ErrorKind::kIo, "standard output: cannot write: {}; the results are incomplete", ErrnoText(error_number));
}

}  // namespace

Output::Output(const std::string& file) {
  if (!file.empty() && file != "-") file_ = std::make_unique<AtomicFile>(file);
}

void Output::Flush() {
  if (file_ != nullptr) {
    file_->Write(pending_);
    pending_.clear();
    return;
  }
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) FailStandardOutput(errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  pending_.clear();
}

void Output::Commit() {
  Flush();
  if (file_ != nullptr) file_->Commit();
  file_.reset();
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
