#include "train/checkpoint.h"

#include <fmt/ranges.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "tensor/tensor.h"
#include "train/identity.h"
#include "weights/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr char kStateKey[] = "siskin_checkpoint", kChecksumKey[] = "sha256";
// 2: validation losses of the head are calibrated, and the identity says which classes there were.
constexpr int kVersion = 2;

// The arrays of a state by name: one list for writing, checking and reading.
struct NamedArray {
  const char* name;
  std::vector<float>* values;
};

std::vector<NamedArray> ArraysOf(HeadState* state) {
  return {{"best", &state->best},
          {"optimizer_first", &state->optimizer.first},
          {"optimizer_second", &state->optimizer.second},
          {"parameters", &state->parameters}};
}

std::string Checksum(const TensorMap& tensors, const std::string& state) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return Sha256Hex(TensorDigest(tensors, names) + state);
}

[[noreturn]] void FailDamaged(const std::string& where, std::string_view reason) {
  Fail(ErrorKind::kModel, "{}: the checkpoint is damaged ({}); delete it, or train without --resume", where, reason);
}

}  // namespace

void WriteCheckpoint(const fs::path& file, const TensorMap& arrays, const Json& state, const Json& identity,
                     FileOps& ops) {
  const std::string text = ToText({{"version", kVersion}, {"identity", identity}, {"state", state}});
  WriteSafetensors(file, arrays, {{kStateKey, text}, {kChecksumKey, Checksum(arrays, text)}}, ops);
}

Checkpoint ReadCheckpoint(const fs::path& file) {
  const std::string where = Printable(file.native());
  SafetensorsFile content = ReadSafetensors(file);
  const std::string& text = content.metadata[kStateKey];
  if (text.empty() || content.metadata[kChecksumKey] != Checksum(content.tensors, text)) {
    FailDamaged(where, "its checksum does not fit");
  }
  const Json json = ParseJson(text, where);
  if (const int64_t version = IntegerMember(json, "version", where, 0, INT64_MAX); version != kVersion) {
    Fail(ErrorKind::kModel,
         "{}: was written by another version of Siskin (form {}, expected {}); train without --resume", where, version,
         kVersion);
  }
  return {std::move(content.tensors), Member(json, "state", where), Member(json, "identity", where)};
}

void CheckIdentity(const fs::path& file, const Json& saved, const Json& now) {
  const std::vector<std::string> differences = Differences(saved, now);
  if (differences.empty()) return;
  Fail(ErrorKind::kUsage, "{}: is of another training: {}; train without --resume, or with another --run-dir",
       Printable(file.native()), fmt::join(differences, "; "));
}

Checkpoint ReadCheckpoint(const fs::path& file, const Json& identity) {
  Checkpoint checkpoint = ReadCheckpoint(file);
  CheckIdentity(file, checkpoint.identity, identity);
  return checkpoint;
}

std::span<const float> ArrayOf(const Checkpoint& checkpoint, const std::string& name, size_t size,
                               std::string_view where) {
  const auto tensor = checkpoint.arrays.find(name);
  if (tensor == checkpoint.arrays.end() || tensor->second.dtype() != DType::kF32 ||
      static_cast<size_t>(tensor->second.num_elements()) != size) {
    FailDamaged(std::string(where), fmt::format("{} has not the right size", name));
  }
  return tensor->second.values<float>();
}

void WriteCheckpoint(const fs::path& file, const HeadState& state, const Json& identity, FileOps& ops) {
  TensorMap tensors;
  HeadState copy = state;
  for (const NamedArray& array : ArraysOf(&copy)) {
    tensors.emplace(array.name, Tensor::FromFloats(Shape{static_cast<int64_t>(array.values->size())}, *array.values));
  }
  Json history = Json::array();
  for (const EpochResult& epoch : state.history) history.push_back(ToJson(epoch));
  WriteCheckpoint(file, tensors,
                  {{"steps", state.optimizer.steps}, {"best_epoch", state.best_epoch}, {"history", history}}, identity,
                  ops);
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
  state.optimizer.steps = IntegerMember(checkpoint.state, "steps", where, 0, INT64_MAX);
  state.best_epoch =
      static_cast<int>(IntegerMember(checkpoint.state, "best_epoch", where, 1, static_cast<int64_t>(history.size())));
  return state;
}

}  // namespace siskin
