// What a training leaves behind, so that it can go on bit for bit: its state, in a .safetensors with weights, optimizer
// and best weights so far and the rest as JSON in the metadata, under one checksum of the whole file. That a checkpoint
// cannot be written, or was damaged, is no reason to give up a training: both are values here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "siskin/error.h"
#include "tensor/tensor.h"
#include "train/epoch.h"
#include "train/loss.h"

namespace siskin {

// The arrays of a state, all fp32 and flat. Those that a training does not need have no elements; the best ones are
// there only after a best epoch.
namespace arrays {
inline const std::string kParameters = "parameters";
inline const std::string kStatistics = "statistics";  // moving averages of batch normalisation
inline const std::string kFirst = "optimizer_first";  // OptimizerArrays
inline const std::string kSecond = "optimizer_second";
inline const std::string kAverage = "average";  // of the parameters over time
inline const std::string kBest = "best";        // what kParameters or kAverage were after the best epoch
inline const std::string kBestStatistics = "best_statistics";
}  // namespace arrays

// Between two steps.
struct TrainingState {
  TensorMap arrays;
  int best_epoch = 0;                // 0: none yet
  int epoch = 1, step = 0;           // position: epoch in progress, steps of it that are done
  int64_t steps = 0;                 // of all epochs
  LossSum sum;                       // of the epoch in progress
  double lr = 0;                     // of the last step
  double lr_factor = 1;              // halved when a training diverges
  int rollbacks = 0;                 // how often that was
  std::vector<EpochResult> history;  // of the epochs that are done

  std::span<float> array(const std::string& name) { return arrays.at(name).values<float>(); }
  std::span<const float> array(const std::string& name) const { return arrays.at(name).values<float>(); }
};

// Atomic: what was there before stays until all is written. identity: what must be the same to go on
// (train/identity.h). Returns what went wrong, or nothing.
std::string TryWriteCheckpoint(const std::filesystem::path& file, const TrainingState& state, const Json& identity,
                               FileOps& ops = FileOps::System());

// The same with the state as it stands in the file.
std::string TryWriteCheckpoint(const std::filesystem::path& file, const TensorMap& arrays, const Json& state,
                               const Json& identity, FileOps& ops = FileOps::System());

struct Checkpoint {
  TrainingState state;
  Json identity;  // of the training that wrote it
};

// Returns why there is no checkpoint to be had: kIo if the file cannot be read, kModel if it is damaged. A file of
// another version of Siskin is neither: that is raised, as kModel.
std::optional<Error> TryReadCheckpoint(const std::filesystem::path& file, Checkpoint* checkpoint);

// kUsage if a training of this identity cannot go on from a checkpoint of that one: says all that changed.
void CheckIdentity(const std::filesystem::path& file, const Json& saved, const Json& now);

// kModel unless the arrays are those of this training: `expected` is its state before the first step.
void CheckArrays(const std::filesystem::path& file, const TrainingState& saved, const TrainingState& expected);

}  // namespace siskin
