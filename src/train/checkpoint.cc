#include "train/checkpoint.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "tensor/tensor.h"
#include "weights/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr char kStateKey[] = "siskin_checkpoint", kChecksumKey[] = "sha256";
constexpr int kVersion = 1;

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

Json ToJson(const EpochResult& e) {
  return {{"epoch", e.epoch},
          {"lr", e.lr},
          {"train_loss", e.train_loss},
          {"train_accuracy", e.train_accuracy},
          {"validation_loss", e.validation_loss},
          {"validation_accuracy", e.validation_accuracy},
          {"seconds", e.seconds},
          {"time", e.time}};
}

EpochResult EpochFromJson(const Json& json, int epoch, std::string_view where) {
  return {.epoch = static_cast<int>(IntegerMember(json, "epoch", where, epoch, epoch)),
          .lr = NumberMember(json, "lr", where),
          .train_loss = NumberMember(json, "train_loss", where),
          .train_accuracy = NumberMember(json, "train_accuracy", where),
          .validation_loss = NumberMember(json, "validation_loss", where),
          .validation_accuracy = NumberMember(json, "validation_accuracy", where),
          .seconds = NumberMember(json, "seconds", where),
          .time = NumberMember(json, "time", where)};
}

std::string Checksum(const TensorMap& tensors, const std::string& state) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return Sha256Hex(TensorDigest(tensors, names) + state);
}

[[noreturn]] void FailDamaged(const std::string& where, std::string_view reason) {
  Fail(ErrorKind::kModel, "{}: the checkpoint is damaged ({}); delete it, or train without --resume", where, reason);
}

// kUsage with the first difference, as a person would look for it.
void CheckIdentity(const Json& found, const Json& expected, const std::string& where) {
  for (const auto& [key, value] : expected.items()) {
    const auto other = found.find(key);
    if (other != found.end() && *other == value) continue;
    if (value.is_object() && other != found.end() && other->is_object()) CheckIdentity(*other, value, where);
    Fail(ErrorKind::kUsage,
         "{}: is of another training: its {} is {}, now it is {}; train without --resume, or with another --run-dir",
         where, key, other == found.end() ? "missing" : ToText(*other), ToText(value));
  }
}

}  // namespace

void WriteCheckpoint(const fs::path& file, const HeadState& state, const Json& identity, FileOps& ops) {
  TensorMap tensors;
  HeadState copy = state;
  for (const NamedArray& array : ArraysOf(&copy)) {
    tensors.emplace(array.name, Tensor::FromFloats(Shape{static_cast<int64_t>(array.values->size())}, *array.values));
  }
  Json history = Json::array();
  for (const EpochResult& epoch : state.history) history.push_back(ToJson(epoch));
  const std::string text = ToText({{"version", kVersion},
                                   {"identity", identity},
                                   {"steps", state.optimizer.steps},
                                   {"best_epoch", state.best_epoch},
                                   {"history", history}});
  WriteSafetensors(file, tensors, {{kStateKey, text}, {kChecksumKey, Checksum(tensors, text)}}, ops);
}

HeadState ReadCheckpoint(const fs::path& file, const HeadState& expected, const Json& identity) {
  const std::string where = Printable(file.native());
  SafetensorsFile content = ReadSafetensors(file);
  const std::string& text = content.metadata[kStateKey];
  if (text.empty() || content.metadata[kChecksumKey] != Checksum(content.tensors, text)) {
    FailDamaged(where, "its checksum does not fit");
  }
  const Json json = ParseJson(text, where);
  IntegerMember(json, "version", where, kVersion, kVersion);
  CheckIdentity(Member(json, "identity", where), identity, where);

  HeadState state = expected;
  state.best.resize(state.parameters.size());
  for (const NamedArray& array : ArraysOf(&state)) {
    const auto tensor = content.tensors.find(array.name);
    if (tensor == content.tensors.end() || tensor->second.dtype() != DType::kF32 ||
        static_cast<size_t>(tensor->second.num_elements()) != array.values->size()) {
      FailDamaged(where, fmt::format("{} has not the right size", array.name));
    }
    const std::span<const float> values = tensor->second.values<float>();
    array.values->assign(values.begin(), values.end());
  }
  const Json& history = Member(json, "history", where);
  for (const Json& epoch : history) {
    state.history.push_back(EpochFromJson(epoch, static_cast<int>(state.history.size()) + 1, where));
  }
  state.optimizer.steps = IntegerMember(json, "steps", where, 0, INT64_MAX);
  state.best_epoch =
      static_cast<int>(IntegerMember(json, "best_epoch", where, 1, static_cast<int64_t>(history.size())));
  return state;
}

void WriteLog(const fs::path& file, const std::vector<EpochResult>& history, FileOps& ops) {
  std::string csv = "epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds\n";
  for (const EpochResult& e : history) {
    csv += fmt::format("{},{:.6g},{:.6f},{:.6f},{:.6f},{:.6f},{:.3f}\n", e.epoch, e.lr, e.train_loss, e.train_accuracy,
                       e.validation_loss, e.validation_accuracy, e.seconds);
  }
  WriteFileAtomic(file, csv, ops);
}

}  // namespace siskin
