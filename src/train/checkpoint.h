// What a training leaves behind, so that it can go on bit for bit: a .safetensors with weights, optimizer and best
// weights so far, and the history as JSON in its metadata, under one checksum.
#pragma once

#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "train/head_trainer.h"

namespace siskin {

// Arrays and the rest of a state as they stand in a file. Which those are is the trainers' business.
struct Checkpoint {
  TensorMap arrays;  // fp32
  Json state = Json::object();
  Json identity;  // of the training that wrote it
};

void WriteCheckpoint(const std::filesystem::path& file, const TensorMap& arrays, const Json& state,
                     const Json& identity, FileOps& ops = FileOps::System());
// kModel if the file is damaged, or of another version of Siskin.
Checkpoint ReadCheckpoint(const std::filesystem::path& file);
// kUsage if a training of this identity cannot go on from a checkpoint of that one: says all that changed.
void CheckIdentity(const std::filesystem::path& file, const Json& saved, const Json& now);
// Both.
Checkpoint ReadCheckpoint(const std::filesystem::path& file, const Json& identity);

// An array of a checkpoint. kModel unless it is there with this size.
std::span<const float> ArrayOf(const Checkpoint& checkpoint, const std::string& name, size_t size,
                               std::string_view where);

// identity: what must be the same to go on (train/identity.h). Atomic.
void WriteCheckpoint(const std::filesystem::path& file, const HeadState& state, const Json& identity,
                     FileOps& ops = FileOps::System());

// `expected` is the state of a training that has not begun: its sizes are what the file must have. kUsage if the
// checkpoint is of another training, kModel if the file is damaged.
HeadState ReadCheckpoint(const std::filesystem::path& file, const HeadState& expected, const Json& identity);

}  // namespace siskin
