// train/checkpoint.h. An input that begins with { is the state of a checkpoint whose checksum fits, then a NUL and its
// numbers; anything else is the file as it is, which seldom gets past the checksum.
#include <cstring>

#include "base/json.h"
#include "fuzz/target.h"
#include "train/checkpoint.h"

namespace siskin::fuzz {
namespace {

const Json kIdentity = {{"seed", 1}};

// Not a file: collects what would be written.
class CollectingOps : public FileOps {
 public:
  int Open(const std::filesystem::path&, int, unsigned) override { return 1000; }
  int64_t Write(int, const void* data, size_t size) override {
    bytes.append(static_cast<const char*>(data), size);
    return static_cast<int64_t>(size);
  }
  int Fsync(int) override { return 0; }
  int Close(int) override { return 0; }
  int Rename(const std::filesystem::path&, const std::filesystem::path&) override { return 0; }
  int Unlink(const std::filesystem::path&) override { return 0; }
  std::string bytes;
};

std::string WithChecksum(std::string_view input) {
  const Json state = ParseJson(TakeText(&input), "state");
  TensorMap arrays;
  for (const char* name : {"best", "optimizer_first", "optimizer_second", "parameters"}) {
    std::vector<float> values(std::min<size_t>(input.size() / sizeof(float), 4));
    if (!values.empty()) std::memcpy(values.data(), input.data(), values.size() * sizeof(float));
    input.remove_prefix(values.size() * sizeof(float));
    arrays.emplace(name, Tensor::FromFloats(Shape{static_cast<int64_t>(values.size())}, values));
  }
  CollectingOps ops;
  TryWriteCheckpoint("checkpoint", arrays, state, kIdentity, ops);
  return ops.bytes;
}

}  // namespace

void Run(std::string_view input) {
  const std::string fitting = input.starts_with('{') ? WithChecksum(input) : "";
  const InputFile file(fitting.empty() ? input : fitting);
  Checkpoint checkpoint;
  if (const std::optional<Error> error = TryReadCheckpoint(file.path(), &checkpoint)) return;
  CheckIdentity(file.path(), checkpoint.identity, kIdentity);
  TrainingState expected;
  for (const char* name : {"optimizer_first", "optimizer_second", "parameters"}) {
    expected.arrays.emplace(name, Tensor({4}));
  }
  const TrainingState& state = checkpoint.state;
  CheckArrays(file.path(), state, expected);
  Require(state.array("parameters").size() == 4, "arrays have the expected sizes");
  Require(state.best_epoch == 0 || state.array("best").size() == 4, "so have the best ones");
  Require(static_cast<size_t>(state.best_epoch) <= state.history.size(), "the best epoch is one of the history");
}

}  // namespace siskin::fuzz
