#include "import/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"

namespace siskin {
namespace {

// The sanitizers reserve terabytes of address space for their tables, so a limit would stop them at once.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitMemory = false;
#else
constexpr bool kLimitMemory = true;
#endif

// A file of 1 GiB is held twice (as it came, and HDF5's image of it) beside at most 1 GiB of tensors; the largest of
// the catalogue has 225 MB.
constexpr rlim_t kMemoryBytes = rlim_t{4} << 30;
constexpr rlim_t kProcessorSeconds = 20;  // the 92 MB of Xception take 0.1 s
constexpr rlim_t kOutputBytes = rlim_t{2} << 30;

bool Limit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit{value, value};
  return ::setrlimit(resource, &limit) == 0;
}

// Empty, or why not.
std::string SetLimits() {
  const bool done = Limit(RLIMIT_CPU, kProcessorSeconds) && Limit(RLIMIT_FSIZE, kOutputBytes) &&
                    Limit(RLIMIT_CORE, 0) && Limit(RLIMIT_NPROC, 0) && Limit(RLIMIT_NOFILE, STDERR_FILENO + 1) &&
                    (!kLimitMemory || Limit(RLIMIT_AS, kMemoryBytes));
  return done ? "" : ErrnoText(errno);
}

// All that a kernel of this version of Landlock can forbid about files, and no rule that allows anything.
// https://docs.kernel.org/userspace-api/landlock.html
std::string ForbidFiles() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return ErrnoText(errno);
  landlock_ruleset_attr rules{};
  // Version 1 knows the 13 rights up to MAKE_SYM, 2 adds REFER, 3 adds TRUNCATE.
  const int num_rights = version == 1 ? 13 : version == 2 ? 14 : 15;
  rules.handled_access_fs = (uint64_t{1} << num_rights) - 1;
  const long fd = ::syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules.handled_access_fs), 0);
  if (fd < 0) return ErrnoText(errno);
  const long result = ::syscall(SYS_landlock_restrict_self, fd, 0);
  const std::string reason = result == 0 ? "" : ErrnoText(errno);
  ::close(static_cast<int>(fd));
  return reason;
}

// Calls that a program with open descriptors and memory needs to compute, and nothing else. Every other one fails with
// EPERM: libraries that only ask (for a setting file, say) go on without.
constexpr int kAllowed[] = {
    SCMP_SYS(read),         SCMP_SYS(write),        SCMP_SYS(writev),
    SCMP_SYS(close),        SCMP_SYS(fstat),        SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),        SCMP_SYS(munmap),       SCMP_SYS(mremap),
    SCMP_SYS(madvise),      SCMP_SYS(brk),          SCMP_SYS(futex),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),  SCMP_SYS(getpid),       SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),  SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(exit),         SCMP_SYS(exit_group),
};

// Memory, but never memory that can be executed.
bool AllowWithoutExec(scmp_filter_ctx filter, int call) {
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                          SCMP_CMP(2, SCMP_CMP_MASKED_EQ, static_cast<scmp_datum_t>(PROT_EXEC), 0)) == 0;
}

// abort() of a library: a signal to itself only.
bool AllowAbort(scmp_filter_ctx filter) {
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                          SCMP_CMP(0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()), 0)) == 0;
}

std::string FilterCalls() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) return "not available";
  bool built =
      AllowWithoutExec(filter, SCMP_SYS(mmap)) && AllowWithoutExec(filter, SCMP_SYS(mprotect)) && AllowAbort(filter);
  for (const int call : kAllowed) built = built && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
  const int result = built ? seccomp_load(filter) : -EINVAL;
  seccomp_release(filter);
  return result == 0 ? "" : ErrnoText(-result);
}

bool OpensFile() {
  const int fd = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

bool CreatesFile() {
  const int fd = ::open("siskin-import-sandbox-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  ::close(fd);
  ::unlink("siskin-import-sandbox-test");
  return true;
}

bool OpensSocket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

bool StartsProcess() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  return pid > 0;
}

// If this works the process becomes `false`, and whoever reads its output misses the rest.
bool RunsProgram() {
  ::execl("/bin/false", "false", nullptr);
  return false;
}

bool TakesMemory(size_t bytes, int protection) {
  void* map = ::mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map != MAP_FAILED) ::munmap(map, bytes);
  return map != MAP_FAILED;
}

}  // namespace

std::string EnterSandbox() {
  std::string active, missing;
  const auto note = [&](const char* layer, const std::string& reason) {
    std::string& list = reason.empty() ? active : missing;
    list += (list.empty() ? "" : ", ") + std::string(layer) + (reason.empty() ? "" : " (" + reason + ")");
  };
  const bool no_new_privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  if (!no_new_privileges) note("no_new_privs", ErrnoText(errno));
  note("Landlock", ForbidFiles());  // needs a descriptor for its rules: before the limits
  note("limits", SetLimits());
  if (!kLimitMemory) note("a memory limit", "built with a sanitizer");
  note("seccomp", FilterCalls());  // last: the others need calls that it forbids
  return active + (missing.empty() ? "" : "; without " + missing);
}

std::string TrySandbox() {
  std::vector<std::pair<const char*, bool>> tries = {
      {"open a file", OpensFile()},     {"create a file", CreatesFile()},
      {"open a socket", OpensSocket()}, {"start a process", StartsProcess()},
      {"run a program", RunsProgram()}, {"take memory for code", TakesMemory(4096, PROT_READ | PROT_WRITE | PROT_EXEC)},
  };
  if (kLimitMemory) tries.emplace_back("take 8 GiB", TakesMemory(size_t{8} << 30, PROT_READ | PROT_WRITE));
  std::string report;
  for (const auto& [what, worked] : tries) report += fmt::format("{}: {}\n", what, worked ? "POSSIBLE" : "refused");
  return report;
}

}  // namespace siskin
