#include "train/checkpoint.h"

#include <fmt/ranges.h>

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "train/identity.h"
#include "weights/file/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr char kStateKey[] = "siskin_checkpoint", kChecksumKey[] = "sha256";
// 3: one form for all phases of a training, and a checksum of the whole file.
constexpr int kVersion = 3;

// How every checkpoint begins, whatever its version, after the eight bytes of the header's length.
constexpr std::string_view kBeforeChecksum = R"({"__metadata__":{"sha256":")";
constexpr std::string_view kBeforeVersion = R"(","siskin_checkpoint":"{\"version\":)";
constexpr size_t kChecksumAt = 8 + kBeforeChecksum.size();
// The file is hashed with these in the checksum's place.
const std::string kNoChecksum(64, '0');

// None: this is no checkpoint, or its first bytes are damaged.
std::optional<int> VersionOf(std::string_view bytes) {
  const size_t version_at = kChecksumAt + kNoChecksum.size() + kBeforeVersion.size();
  if (bytes.size() < version_at || !bytes.substr(0, kChecksumAt).ends_with(kBeforeChecksum)) return std::nullopt;
  if (!bytes.substr(0, version_at).ends_with(kBeforeVersion)) return std::nullopt;
  int version = 0;
  const auto [end, error] = std::from_chars(bytes.data() + version_at, bytes.data() + bytes.size(), version);
  return error == std::errc() ? std::optional(version) : std::nullopt;
}

bool ChecksumFits(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes.substr(0, kChecksumAt));
  hash.Update(kNoChecksum);
  hash.Update(bytes.substr(kChecksumAt + kNoChecksum.size()));
  return hash.HexDigest() == bytes.substr(kChecksumAt, kNoChecksum.size());
}

Error Damage(std::string_view where, std::string_view reason) {
  return {ErrorKind::kModel,
          fmt::format("{}: the checkpoint is damaged ({}); delete it, or train without --resume", where, reason)};
}

Json ToJson(const TrainingState& state) {
  Json history = Json::array();
  for (const EpochResult& epoch : state.history) history.push_back(ToJson(epoch));
  return {{"best_epoch", state.best_epoch},
          {"epoch", state.epoch},
          {"step", state.step},
          {"steps", state.steps},
          {"sum", {{"loss", state.sum.loss}, {"photos", state.sum.photos}, {"correct", state.sum.correct}}},
          {"lr", state.lr},
          {"lr_factor", state.lr_factor},
          {"rollbacks", state.rollbacks},
          {"history", history}};
}

// All but the arrays.
TrainingState StateFromJson(const Json& json, std::string_view where) {
  TrainingState state;
  for (const Json& epoch : Member(json, "history", where)) {
    state.history.push_back(EpochFromJson(epoch, static_cast<int>(state.history.size()) + 1, where));
  }
  const auto epochs = static_cast<int64_t>(state.history.size());
  const auto integer = [&](const char* key, int64_t low, int64_t high) {
    return static_cast<int>(IntegerMember(json, key, where, low, high));
  };
  state.best_epoch = integer("best_epoch", 0, epochs);
  state.epoch = integer("epoch", epochs + 1, epochs + 1);
  state.step = integer("step", 0, INT32_MAX);
  state.steps = IntegerMember(json, "steps", where, 0, INT64_MAX);
  const Json& sum = Member(json, "sum", where);
  state.sum = {.loss = NumberMember(sum, "loss", where),
               .photos = IntegerMember(sum, "photos", where, 0, INT64_MAX),
               .correct = IntegerMember(sum, "correct", where, 0, INT64_MAX)};
  state.lr = NumberMember(json, "lr", where);
  state.lr_factor = NumberMember(json, "lr_factor", where);
  state.rollbacks = integer("rollbacks", 0, INT32_MAX);
  return state;
}

// Elements of an array of fp32; 0 if there is none.
int64_t SizeOfArray(const TrainingState& state, const std::string& name) {
  const auto array = state.arrays.find(name);
  const bool there = array != state.arrays.end() && array->second.dtype() == DType::kF32;
  return there ? array->second.num_elements() : 0;
}

}  // namespace

std::string TryWriteCheckpoint(const fs::path& file, const TrainingState& state, const Json& identity, FileOps& ops) {
  return TryWriteCheckpoint(file, state.arrays, ToJson(state), identity, ops);
}

std::string TryWriteCheckpoint(const fs::path& file, const TensorMap& arrays, const Json& state, const Json& identity,
                               FileOps& ops) {
  const std::string text = ToText({{"version", kVersion}, {"identity", identity}, {"state", state}});
  std::map<std::string, std::string> metadata = {{kChecksumKey, kNoChecksum}, {kStateKey, text}};
  Sha256 hash;
  SerializeSafetensors(arrays, metadata, [&](std::string_view bytes) { hash.Update(bytes); });
  metadata[kChecksumKey] = hash.HexDigest();
  std::string problem;
  AtomicFile out(file, ops, &problem);
  SerializeSafetensors(arrays, metadata, [&](std::string_view bytes) { out.Write(bytes); });
  out.Commit();
  return problem;
}

std::optional<Error> TryReadCheckpoint(const fs::path& file, Checkpoint* checkpoint) {
  constexpr size_t kMaxBytes = size_t{4} << 30;  // of any safetensors file
  const std::string where = Printable(file.native());
  std::string bytes, reason;
  if (!TryReadFile(file, kMaxBytes, &bytes, &reason)) {
    return Error(ErrorKind::kIo, fmt::format("{}: {}", where, reason));
  }
  const std::optional<int> version = VersionOf(bytes);
  if (version && *version != kVersion) {
    Fail(ErrorKind::kModel,
         "{}: was written by another version of Siskin (form {}, expected {}); train without --resume", where, *version,
         kVersion);
  }
  if (!version || !ChecksumFits(bytes)) return Damage(where, "its checksum does not fit");
  SafetensorsFile content = ParseSafetensors(bytes, where);
  const Json json = ParseJson(content.metadata[kStateKey], where);
  *checkpoint = {StateFromJson(Member(json, "state", where), where), Member(json, "identity", where)};
  checkpoint->state.arrays = std::move(content.tensors);
  return std::nullopt;
}

void CheckIdentity(const fs::path& file, const Json& saved, const Json& now) {
  const std::vector<std::string> differences = Differences(saved, now);
  if (differences.empty()) return;
  Fail(ErrorKind::kUsage, "{}: is of another training: {}; train without --resume, or with another --run-dir",
       Printable(file.native()), fmt::join(differences, "; "));
}

void CheckArrays(const fs::path& file, const TrainingState& saved, const TrainingState& expected) {
  const auto check = [&](const std::string& name, const std::string& like) {
    if (SizeOfArray(saved, name) == SizeOfArray(expected, like)) return;
    const Error error = Damage(Printable(file.native()), fmt::format("{} has not the right size", name));
    Fail(error.kind(), error.what());
  };
  for (const auto& [name, tensor] : expected.arrays) {
    if (name != arrays::kBest && name != arrays::kBestStatistics) check(name, name);
  }
  if (saved.best_epoch == 0) return;
  check(arrays::kBest, arrays::kParameters);
  check(arrays::kBestStatistics, arrays::kStatistics);
}

}  // namespace siskin
