// Runs a trainer to its end as a phase of `siskin train`: saves so that nothing is lost, goes on where an earlier run
// stopped, goes back when the training diverges, and tells a person how it goes.
//
// Checkpoints are written in turns, so that at any moment one of them is whole. One that diverges goes back to the
// newest of those, whose places do not depend on when somebody stopped it: a stop has a file of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/run_context.h"
#include "train/trainer.h"

namespace siskin {

// About a minute of Xception at 150 px and 32 photos a step.
inline constexpr int kStepsBetweenSaves = 50;
inline constexpr int kMaxRollbacks = 3;

struct PhaseOptions {
  std::string name;    // in sentences: "head's training"
  std::string task;    // what is told to Progress: "training"
  std::string remedy;  // against divergence: "try --lr 0.001"
  // Epochs of seconds: they are saved and reported as wholes, and what a stop interrupts is done again. Otherwise also
  // every kStepsBetweenSaves steps, where one stops, and photo by photo.
  bool short_epochs = false;
  std::vector<std::filesystem::path> checkpoints;  // written in turns; at least one
  std::filesystem::path stopped;                   // of a stop; none with short epochs
  Json identity;                                   // what must be the same to go on
  bool resume = false;                             // else checkpoints that are there are removed
  // Called before the first epoch and after every one; returns what went wrong, or nothing.
  std::function<std::string(const TrainingState&)> log;
  FileOps* ops = &FileOps::System();
};

// Stopped: saved, kInterrupted. kUsage if it diverges more than kMaxRollbacks times.
void RunPhase(const PhaseOptions& options, Trainer* trainer, const RunContext& context);

}  // namespace siskin
