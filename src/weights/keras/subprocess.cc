#include "weights/keras/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "base/error.h"

extern char** environ;  // POSIX: declared by the program itself

namespace siskin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxErrorBytes = 64 << 10;
constexpr size_t kReadBytes = 64 << 10;  // what a pipe holds
constexpr int kPollMs = 100;             // how soon a stop or a timeout is seen
constexpr size_t kShownErrorBytes = 400;

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void Set(int fd) { fd_ = fd; }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) Fail(ErrorKind::kIo, "cannot create a pipe: {}", ErrnoText(errno));
    read.Set(ends[0]);
    write.Set(ends[1]);
  }
  Descriptor read, write;
};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// 0 and the process id, or an errno value.
int Spawn(const ProcessOptions& options, int output, int errors, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
  if (posix_spawnattr_init(&attributes) != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return ENOMEM;
  }
  if (options.input >= 0) {
    posix_spawn_file_actions_adddup2(&actions, options.input, STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  // A group of its own, so that whatever it starts can be ended with it; signals as a fresh program expects them.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  const int error = posix_spawnp(pid, options.command[0].c_str(), &actions, &attributes,
                                 Pointers(options.command).data(), Pointers(options.environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// Appends what is there; closes the descriptor at its end. Bytes beyond `limit` are dropped, false tells so.
bool Drain(Descriptor& from, std::string* to, size_t limit) {
  char buffer[kReadBytes];
  const ssize_t got = ::read(from.get(), buffer, sizeof(buffer));
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) {
    from.Close();
    return true;
  }
  const size_t room = limit - std::min(limit, to->size());
  to->append(buffer, std::min(room, static_cast<size_t>(got)));
  return static_cast<size_t>(got) <= room;
}

// Reads both pipes until they are closed. kExited if they were, else why that was not waited for.
ProcessResult::End Collect(const ProcessOptions& options, Descriptor& output, Descriptor& errors,
                           ProcessResult* result) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(options.timeout_seconds));
  while (output.get() >= 0 || errors.get() >= 0) {
    if (options.stop != nullptr && options.stop->load(std::memory_order_relaxed)) return ProcessResult::End::kStopped;
    if (Clock::now() > deadline) return ProcessResult::End::kTimeout;
    pollfd polled[2] = {{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}};  // negative descriptors are ignored
    if (::poll(polled, 2, kPollMs) <= 0) continue;
    if (polled[0].revents != 0 && !Drain(output, &result->output, options.max_output_bytes)) {
      return ProcessResult::End::kTooMuchOutput;
    }
    if (polled[1].revents != 0) Drain(errors, &result->errors, kMaxErrorBytes);
  }
  return ProcessResult::End::kExited;
}

// Closed pipes do not mean that it ended: it gets what is left of a second, then it is killed.
int Reap(pid_t pid, bool at_once) {
  int status = 0;
  for (int waited_ms = 0; !at_once && waited_ms < 1000; waited_ms += 10) {
    const pid_t done = ::waitpid(pid, &status, WNOHANG);
    if (done == pid) {
      ::kill(-pid, SIGKILL);  // what it may have left behind
      return status;
    }
    ::usleep(10'000);
  }
  ::kill(-pid, SIGKILL);
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::string ProcessResult::Describe() const {
  std::string said = errors;
  while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
  if (said.size() > kShownErrorBytes) said = "..." + said.substr(said.size() - kShownErrorBytes);
  if (!said.empty()) said = ": " + Printable(said, kShownErrorBytes * 4);
  switch (end) {
    case End::kNotStarted:
      return "could not be started: " + ErrnoText(code);
    case End::kExited:
      return fmt::format("ended with exit code {}{}", code, said);
    case End::kSignal:
      return fmt::format("was stopped by signal {} ({}){}", code, ::strsignal(code), said);
    case End::kTimeout:
      return "took too long and was stopped" + said;
    case End::kTooMuchOutput:
      return "wrote more than is reasonable and was stopped";
    case End::kStopped:
      return "was stopped";
  }
  return "";
}

ProcessResult RunProcess(const ProcessOptions& options) {
  ProcessResult result;
  Pipe output, errors;
  pid_t pid = 0;
  result.code = Spawn(options, output.write.get(), errors.write.get(), &pid);
  if (result.code != 0) return result;
  output.write.Close();
  errors.write.Close();
  result.end = Collect(options, output.read, errors.read, &result);
  const int status = Reap(pid, result.end != ProcessResult::End::kExited);
  if (result.end != ProcessResult::End::kExited) return result;
  if (WIFSIGNALED(status)) {
    result.end = ProcessResult::End::kSignal;
    result.code = WTERMSIG(status);
  } else {
    result.code = WEXITSTATUS(status);
  }
  return result;
}

std::vector<std::string> EnvironmentWith(const std::string& name, const std::string& value) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::string_view(*entry).substr(0, name.size() + 1) != name + "=") environment.emplace_back(*entry);
  }
  environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace siskin
