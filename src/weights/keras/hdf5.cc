#include "weights/keras/hdf5.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "weights/keras/subprocess.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "siskin-import";
constexpr size_t kMaxOutputBytes = size_t{1} << 30;  // the largest network of the catalogue takes 225 MB
constexpr double kTimeoutSeconds = 120;              // it takes less than one; the program's own limit is 20 s of work

// A file in memory that is gone when its descriptor is closed.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("siskin-weights", MFD_CLOEXEC)) {
    if (fd_ < 0) Fail(ErrorKind::kIo, "cannot hold a file in memory: {}", ErrnoText(errno));
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) Fail(ErrorKind::kIo, "cannot hold a file in memory: {}", ErrnoText(errno));
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
  // To be read from its beginning.
  int fd() const {
    ::lseek(fd_, 0, SEEK_SET);
    return fd_;
  }

 private:
  int fd_;
};

ProcessResult RunImportProgram(const std::vector<std::string>& arguments, const MemoryFile& input,
                               std::string_view where) {
  ProcessOptions options;
  options.command = {ImportProgram().native()};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.input = input.fd();
  options.max_output_bytes = kMaxOutputBytes;
  options.timeout_seconds = kTimeoutSeconds;
  ProcessResult result = RunProcess(options);  // with an empty environment: nothing steers libhdf5
  if (result.end == ProcessResult::End::kNotStarted) {
    Fail(ErrorKind::kIo,
         "{}: for HDF5 the program {} is needed, which {}; it is installed with siskin, unless that was built without "
         "libhdf5 or libseccomp",
         where, kProgram, result.Describe());
  }
  return result;
}

}  // namespace

fs::path ImportProgram() {
  std::error_code ignored;
  const fs::path beside = fs::read_symlink("/proc/self/exe", ignored).parent_path() / kProgram;
  return ::access(beside.c_str(), X_OK) == 0 ? beside : fs::path(kProgram);
}

SafetensorsFile ReadHdf5InSandbox(std::string_view bytes, std::string_view where) {
  MemoryFile input;
  input.Write(bytes);
  const ProcessResult result = RunImportProgram({}, input, where);
  if (!result.ok()) {
    Fail(ErrorKind::kModel, "{}: cannot be read as Keras weights; the HDF5 reader {}", where, result.Describe());
  }
  return ParseSafetensors(result.output, fmt::format("{} (as converted by {})", where, kProgram));
}

std::string WriteHdf5InSandbox(const TensorMap& tensors, const Json& attributes) {
  MemoryFile input;
  SerializeSafetensors(tensors, {{"attributes", ToText(attributes)}},
                       [&](std::string_view bytes) { input.Write(bytes); });
  ProcessResult result = RunImportProgram({"--write-hdf5"}, input, "weights");
  if (!result.ok()) Fail(ErrorKind::kModel, "the weights cannot be written as HDF5; the writer {}", result.Describe());
  return std::move(result.output);
}

}  // namespace siskin
