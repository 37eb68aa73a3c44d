// `siskin train` as a function: photos in, one tested model file out.
#pragma once

#include <filesystem>

#include "base/run_context.h"
#include "train/train_job.h"

namespace siskin {

// Scans, splits, computes (or reads) the features, trains the head, fine-tunes the network if the recipe says so and
// keeps that if it is better on the validation photos, tests once, writes the model.
// Everything else goes into the run folder, which only one training may use at a time (kUsage). Progress: task
// "features" in photos, "training" in epochs, a note per epoch. Stopped: kInterrupted, and the same job with
// `resume` end in the same bits.
TrainReport TrainClassifier(const TrainJob& job, const RunContext& context);

// Scans and splits as TrainClassifier does, and writes a PNG of some training photos, plain and in their first epochs
// (data/preview.h). Touches neither the run folder nor the model.
void PreviewAugmentation(const TrainJob& job, const std::filesystem::path& file, Progress& progress);

}  // namespace siskin
