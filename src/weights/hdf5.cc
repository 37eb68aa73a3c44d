#include "weights/hdf5.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "weights/subprocess.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "siskin-import";
constexpr size_t kMaxOutputBytes = size_t{1} << 30;  // the largest network of the catalogue takes 225 MB
constexpr double kTimeoutSeconds = 120;              // it takes less than one; the program's own limit is 60 s of work

// A file in memory that is gone when its descriptor is closed.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("siskin-weights", MFD_CLOEXEC)) {
    if (fd_ < 0) Fail(ErrorKind::kIo, "cannot hold a file in memory: {}", ErrnoText(errno));
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        const int error = errno;
        ::close(fd_);  // the destructor does not run when the constructor throws
        Fail(ErrorKind::kIo, "cannot hold a file in memory: {}", ErrnoText(error));
      }
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    ::lseek(fd_, 0, SEEK_SET);
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

fs::path ImportProgram() {
  std::error_code ignored;
  const fs::path beside = fs::read_symlink("/proc/self/exe", ignored).parent_path() / kProgram;
  return ::access(beside.c_str(), X_OK) == 0 ? beside : fs::path(kProgram);
}

SafetensorsFile ReadHdf5InSandbox(std::string_view bytes, std::string_view where) {
  const MemoryFile input(bytes);
  ProcessOptions options;
  options.command = {ImportProgram().native()};
  options.input = input.fd();
  options.max_output_bytes = kMaxOutputBytes;
  options.timeout_seconds = kTimeoutSeconds;
  const ProcessResult result = RunProcess(options);  // with an empty environment: nothing steers libhdf5
  if (result.end == ProcessResult::End::kNotStarted) {
    Fail(ErrorKind::kIo, "{}: to read HDF5 the program {} is needed, which {}; it is installed with siskin", where,
         kProgram, result.Describe());
  }
  if (!result.ok()) {
    Fail(ErrorKind::kModel, "{}: cannot be read as Keras weights; the HDF5 reader {}", where, result.Describe());
  }
  return ParseSafetensors(result.output, fmt::format("{} (as converted by {})", where, kProgram));
}

}  // namespace siskin
