// What a training leaves behind, so that it can go on bit for bit: a .safetensors with weights, optimizer and best
// weights so far, and the rest of the state as JSON in its metadata, under one checksum of the whole file. That a
// checkpoint cannot be written, or was damaged, is no reason to give up a training: both are values here.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/json.h"
#include "siskin/error.h"
#include "tensor/tensor.h"
#include "train/head_trainer.h"

namespace siskin {

// Arrays and the rest of a state as they stand in a file. Which those are is the trainer's business.
struct Checkpoint {
  TensorMap arrays;  // fp32
  Json state = Json::object();
  Json identity;  // of the training that wrote it (train/identity.h)
};

// Atomic: what was there before stays until all is written. Returns what went wrong, or nothing.
std::string TryWriteCheckpoint(const std::filesystem::path& file, const TensorMap& arrays, const Json& state,
                               const Json& identity, FileOps& ops = FileOps::System());

// Returns why there is no checkpoint to be had: kIo if the file cannot be read, kModel if it is damaged. A file of
// another version of Siskin is neither: that is raised, as kModel.
std::optional<Error> TryReadCheckpoint(const std::filesystem::path& file, Checkpoint* checkpoint);

// kUsage if a training of this identity cannot go on from a checkpoint of that one: says all that changed.
void CheckIdentity(const std::filesystem::path& file, const Json& saved, const Json& now);

// The checkpoint of a training of this identity. All errors of the two above are raised.
Checkpoint ReadCheckpoint(const std::filesystem::path& file, const Json& identity);

// An array of a checkpoint. kModel unless it is there with this size.
std::span<const float> ArrayOf(const Checkpoint& checkpoint, const std::string& name, size_t size,
                               std::string_view where);

// The state of the head's training, in the same way.
std::string TryWriteCheckpoint(const std::filesystem::path& file, const HeadState& state, const Json& identity,
                               FileOps& ops = FileOps::System());

// `expected` is the state of a training that has not begun: its sizes are what the file must have. kUsage if the
// checkpoint is of another training, kModel if the file is damaged.
HeadState ReadCheckpoint(const std::filesystem::path& file, const HeadState& expected, const Json& identity);

}  // namespace siskin
