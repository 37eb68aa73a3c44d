// report.html: what a person looks at after a training.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "base/threads.h"
#include "data/dataset.h"
#include "evaluate/scored_photos.h"
#include "model/model_card.h"
#include "train/features.h"
#include "train/run_log.h"
#include "train/train_job.h"

namespace siskin {

// What the training was given and what came of it. The card is complete, metrics included.
struct FinishedTraining {
  const TrainJob& job;
  const Dataset& dataset;
  const Features& features;
  const ModelCard& card;
  const TrainReport& report;
  std::span<const TrainingPhase> phases;
};

// scored: the test photos, or those of the validation if there are none. Reads the photos of the worst mistakes.
// Atomic.
void WriteHtmlReport(const std::filesystem::path& file, const FinishedTraining& training, ScoredPhotos scored,
                     ThreadPool& threads);

}  // namespace siskin
