#include "train/checkpoint.h"

#include <fmt/ranges.h>

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "train/identity.h"
#include "weights/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr char kStateKey[] = "siskin_checkpoint", kChecksumKey[] = "sha256";
// 3: one form for all phases of a training, and a checksum of the whole file.
constexpr int kVersion = 3;

// The arrays of a state by name: one list for writing, checking and reading.
struct NamedArray {
  const char* name;
  std::vector<float>* values;
};

std::vector<NamedArray> ArraysOf(HeadState* state) {
  return {{"best", &state->best},
          {"optimizer_first", &state->first},
          {"optimizer_second", &state->second},
          {"parameters", &state->parameters}};
}

// How every checkpoint begins, whatever its version, behind the eight bytes of the header's length.
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

}  // namespace

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
  *checkpoint = {std::move(content.tensors), Member(json, "state", where), Member(json, "identity", where)};
  return std::nullopt;
}

void CheckIdentity(const fs::path& file, const Json& saved, const Json& now) {
  const std::vector<std::string> differences = Differences(saved, now);
  if (differences.empty()) return;
  Fail(ErrorKind::kUsage, "{}: is of another training: {}; train without --resume, or with another --run-dir",
       Printable(file.native()), fmt::join(differences, "; "));
}

Checkpoint ReadCheckpoint(const fs::path& file, const Json& identity) {
  Checkpoint checkpoint;
  if (const std::optional<Error> error = TryReadCheckpoint(file, &checkpoint)) Fail(error->kind(), error->what());
  CheckIdentity(file, checkpoint.identity, identity);
  return checkpoint;
}

std::span<const float> ArrayOf(const Checkpoint& checkpoint, const std::string& name, size_t size,
                               std::string_view where) {
  const auto tensor = checkpoint.arrays.find(name);
  if (tensor == checkpoint.arrays.end() || tensor->second.dtype() != DType::kF32 ||
      static_cast<size_t>(tensor->second.num_elements()) != size) {
    const Error error = Damage(where, fmt::format("{} has not the right size", name));
    Fail(error.kind(), error.what());
  }
  return tensor->second.values<float>();
}

std::string TryWriteCheckpoint(const fs::path& file, const HeadState& state, const Json& identity, FileOps& ops) {
  TensorMap tensors;
  HeadState copy = state;
  for (const NamedArray& array : ArraysOf(&copy)) {
    tensors.emplace(array.name, Tensor::FromFloats(Shape{static_cast<int64_t>(array.values->size())}, *array.values));
  }
  Json history = Json::array();
  for (const EpochResult& epoch : state.history) history.push_back(ToJson(epoch));
  return TryWriteCheckpoint(
      file, tensors, {{"steps", state.steps}, {"best_epoch", state.best_epoch}, {"history", history}}, identity, ops);
}

HeadState ReadCheckpoint(const fs::path& file, const HeadState& expected, const Json& identity) {
  const std::string where = Printable(file.native());
  const Checkpoint checkpoint = ReadCheckpoint(file, identity);
  HeadState state = expected;
  state.best.resize(state.parameters.size());
  for (const NamedArray& array : ArraysOf(&state)) {
    const std::span<const float> values = ArrayOf(checkpoint, array.name, array.values->size(), where);
    array.values->assign(values.begin(), values.end());
  }
  const Json& history = Member(checkpoint.state, "history", where);
  for (const Json& epoch : history) {
    state.history.push_back(EpochFromJson(epoch, static_cast<int>(state.history.size()) + 1, where));
  }
  state.steps = IntegerMember(checkpoint.state, "steps", where, 0, INT64_MAX);
  state.best_epoch =
      static_cast<int>(IntegerMember(checkpoint.state, "best_epoch", where, 1, static_cast<int64_t>(history.size())));
  return state;
}

}  // namespace siskin
