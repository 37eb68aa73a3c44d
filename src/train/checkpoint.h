// What a training leaves behind after every epoch, so that it can go on bit for bit: a .safetensors with weights,
// optimizer and best weights so far, and the history as JSON in its metadata, under one checksum.
#pragma once

#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "train/head_trainer.h"

namespace siskin {

// identity: what must be the same to go on (recipe, seed, photos, weights), an object. Atomic.
void WriteCheckpoint(const std::filesystem::path& file, const HeadState& state, const Json& identity,
                     FileOps& ops = FileOps::System());

// `expected` is the state of a training that has not begun: its sizes are what the file must have. kUsage if the
// checkpoint is of another training (the first member of the identity that differs is named), kModel if the file is
// damaged.
HeadState ReadCheckpoint(const std::filesystem::path& file, const HeadState& expected, const Json& identity);

// One line per epoch: epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds. Atomic.
void WriteLog(const std::filesystem::path& file, const std::vector<EpochResult>& history,
              FileOps& ops = FileOps::System());

}  // namespace siskin
