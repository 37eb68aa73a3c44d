// What a training says about its epochs while it runs, for programs: log.csv, log.jsonl and TensorBoard's event file.
// All are made from the whole history after every epoch, so that neither a stop nor --resume can lose or double a line.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "train/epoch.h"
#include "train/run_folder.h"

namespace siskin {

// A part of the training that counts its epochs from 1: the head, then perhaps the whole network.
struct TrainingPhase {
  std::string name;  // "head"
  std::vector<EpochResult> history;
  int best_epoch = 0;  // 0: none yet
};

// phase,epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds
std::string CsvLog(std::span<const TrainingPhase> phases);

// One line of JSON an epoch, version 1: docs/formats.md.
std::string JsonLog(std::span<const TrainingPhase> phases);

// loss/train, loss/validation, accuracy/train, accuracy/validation and learning_rate; steps are epochs, counted through
// all phases.
std::string EventFileOf(std::span<const TrainingPhase> phases);

// All into the run folder: the logs atomically, the event file by TryExtendFile, because TensorBoard keeps reading the
// file that it once opened. Returns the first thing that went wrong, or nothing: what is missing comes with the next
// epoch.
std::string TryWriteRunLogs(const RunFolder& folder, std::span<const TrainingPhase> phases,
                            FileOps& ops = FileOps::System());

}  // namespace siskin
