// The fine-tuning as a phase of `siskin train`: runs a FineTuner to its end, saves so that nothing is lost, goes back
// when it diverges.
//
// Two checkpoints are written in turns, every kStepsBetweenSaves steps and after every epoch, so that at any moment one
// of them is whole; a stop saves a third one. A training that is resumed goes on from the one that got furthest. One
// that diverges goes back to the newest of the first two, whose places do not depend on when somebody stopped it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/run_context.h"
#include "train/fine_tuner.h"

namespace siskin {

// About a minute of Xception at 150 px and 32 photos a step.
inline constexpr int kStepsBetweenSaves = 50;
inline constexpr int kMaxRollbacks = 3;

struct FineTunePhase {
  std::filesystem::path folder;  // of the checkpoints
  Json identity;                 // what must be the same to go on
  bool resume = false;           // else checkpoints that are there are removed
  // After every epoch.
  std::function<void(const FineTuneState&)> epoch_done;
  FileOps* ops = &FileOps::System();
};

// Stopped: saved, kInterrupted. kUsage if it diverges more than kMaxRollbacks times.
void RunFineTuning(const FineTunePhase& phase, FineTuner* tuner, const RunContext& context);

}  // namespace siskin
