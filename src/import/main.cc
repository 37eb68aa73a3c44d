// siskin-import: HDF5 on its standard input, safetensors on its standard output, in a sandbox; the other way round with
// --write-hdf5. The only program of Siskin that links libhdf5; `siskin` starts it to read and write Keras' .h5,
// .weights.h5 and .keras files. It opens nothing, writes nothing but its output, and does not map names: that is done
// by whoever started it, on checked tensors.
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/error.h"
#include "import/read_hdf5.h"
#include "import/sandbox.h"
#include "import/write_hdf5.h"

namespace siskin {
namespace {

constexpr size_t kMaxInputBytes = size_t{1} << 30;  // the largest file of the catalogue has 225 MB
constexpr size_t kReadBytes = 1 << 20;

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) Fail(ErrorKind::kIo, "cannot write: {}", ErrnoText(errno));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::string ReadInput() {
  std::string bytes;
  for (;;) {
    const size_t have = bytes.size();
    if (have > kMaxInputBytes)
      Fail(ErrorKind::kModel, "it is larger than the {} bytes that are reasonable", kMaxInputBytes);
    bytes.resize(have + kReadBytes);
    const ssize_t got = ::read(STDIN_FILENO, bytes.data() + have, kReadBytes);
    if (got < 0 && errno != EINTR) Fail(ErrorKind::kIo, "cannot read: {}", ErrnoText(errno));
    bytes.resize(have + static_cast<size_t>(got < 0 ? 0 : got));
    if (got == 0) return bytes;
  }
}

void Import() {
  const std::string sandbox = EnterSandbox();
  SafetensorsFile file = ReadHdf5(ReadInput());
  file.metadata["sandbox"] = sandbox;
  SerializeSafetensors(file.tensors, file.metadata, [](std::string_view bytes) { WriteAll(STDOUT_FILENO, bytes); });
}

void Export() {
  EnterSandbox();
  WriteAll(STDOUT_FILENO, WriteHdf5(ParseSafetensors(ReadInput(), "standard input")));
}

void CheckSandbox() {
  const std::string sandbox = EnterSandbox();
  WriteAll(STDOUT_FILENO, "sandbox: " + sandbox + "\n" + TrySandbox());
}

}  // namespace
}  // namespace siskin

int main(int argc, char** argv) {
  int code = 0;
  try {
    if (argc == 1) {
      siskin::Import();
    } else if (argc == 2 && std::string_view(argv[1]) == "--write-hdf5") {
      siskin::Export();
    } else if (argc == 2 && std::string_view(argv[1]) == "--check-sandbox") {
      siskin::CheckSandbox();
    } else {
      siskin::Fail(siskin::ErrorKind::kUsage,
                   "usage: siskin-import < WEIGHTS.h5 > TENSORS.safetensors, --write-hdf5 for the way back, or "
                   "--check-sandbox; use `siskin weights import` instead");
    }
  } catch (const std::exception& error) {
    const std::string text = error.what();
    code = ::write(STDERR_FILENO, text.data(), text.size()) < 0 ? 3 : 1;
  }
  ::_exit(code);  // without the exit handlers of the libraries: they have nothing left to do and fewer calls to do it
}
