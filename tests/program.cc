#include "program.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/testing.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: only calls that are allowed there.
[[noreturn]] void Become(char** arguments, const RunOptions& options, const char* in, const char* out,
                         const char* err) {
  const auto redirect = [](const char* path, int flags, int to) {
    const int fd = ::open(path, flags, 0600);
    if (fd < 0 || ::dup2(fd, to) < 0) ::_exit(126);
    if (fd != to) ::close(fd);
  };
  redirect(in, O_RDONLY, STDIN_FILENO);
  if (options.reader_gone) {
    int ends[2];
    if (::pipe(ends) != 0 || ::close(ends[0]) != 0 || ::dup2(ends[1], STDOUT_FILENO) < 0) ::_exit(126);
  } else {
    redirect(out, O_WRONLY | O_CREAT, STDOUT_FILENO);
  }
  redirect(err, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
  if (options.file_size_limit >= 0) {
    const rlimit limit{static_cast<rlim_t>(options.file_size_limit), static_cast<rlim_t>(options.file_size_limit)};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) ::signal(signal, SIG_DFL);  // whatever the test runner ignores
  // Opened before: nobody may have no way into the folder that the program is in.
  const int program = ::open(arguments[0], O_RDONLY | O_CLOEXEC);
  constexpr uid_t kNobody = 65534;
  if (options.as_nobody && ::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(126);
  ::fexecve(program, arguments, environ);
  ::_exit(127);
}

pid_t Start(const std::vector<std::string>& arguments, const RunOptions& options, const fs::path& in,
            const fs::path& out, const fs::path& err) {
  std::vector<std::string> command = {SISKIN_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers = Pointers(command);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid > 0) return pid;
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  Become(pointers.data(), options, in.c_str(), out.c_str(), err.c_str());
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int WaitAtMost(pid_t pid, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return ExitCode(status);
}

// A terminal for the program to write to, and what it wrote.
class Terminal {
 public:
  Terminal() {
    const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    std::array<char, 64> name{};
    if (::openpty(&master_, &slave_, name.data(), nullptr, &size) != 0) throw std::runtime_error("openpty failed");
    device_ = name.data();
    reader_ = std::thread([this] {
      std::array<char, 4096> buffer{};
      for (ssize_t got = 0; (got = ::read(master_, buffer.data(), buffer.size())) > 0;) {
        text_.append(buffer.data(), static_cast<size_t>(got));
      }
    });
  }
  ~Terminal() {
    if (reader_.joinable()) Text();
    ::close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  const fs::path& device() const { return device_; }
  // All of it; nobody may write any more. Reading ends when no one has the other side open.
  const std::string& Text() {
    ::close(slave_);
    reader_.join();
    return text_;
  }

 private:
  int master_ = -1, slave_ = -1;
  fs::path device_;
  std::string text_;
  std::thread reader_;
};

}  // namespace

RunResult RunSiskin(const std::vector<std::string>& arguments, const RunOptions& options) {
  const TemporaryFolder scratch;
  const fs::path in = scratch.path() / "in", out = scratch.path() / "out", err = scratch.path() / "err";
  WriteText(in, options.standard_input);
  const bool captured = options.standard_output.empty();
  std::optional<Terminal> terminal;
  if (options.terminal) terminal.emplace();
  const pid_t pid =
      Start(arguments, options, in, captured ? out : options.standard_output, terminal ? terminal->device() : err);
  RunResult result;
  result.exit_code = WaitAtMost(pid, options.seconds);
  if (captured) result.out = ReadText(out);
  result.err = terminal ? terminal->Text() : ReadText(err);
  return result;
}

BackgroundSiskin::BackgroundSiskin(const std::vector<std::string>& arguments, const fs::path& log)
    : pid_(Start(arguments, {}, "/dev/null", log, log)) {}

BackgroundSiskin::~BackgroundSiskin() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void BackgroundSiskin::Signal(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

int BackgroundSiskin::Wait() {
  const int code = WaitAtMost(pid_, RunOptions().seconds);
  pid_ = -1;
  return code;
}

std::string ReadText(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteText(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

size_t CountLines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace siskin::testing
