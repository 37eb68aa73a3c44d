#include "train/run_report.h"

#include <chrono>
#include <utility>

#include "base/files.h"
#include "evaluate/report/report.h"

namespace siskin {
namespace {

std::vector<ReportEpoch> EpochsOf(std::span<const TrainingPhase> phases) {
  std::vector<ReportEpoch> epochs;
  for (const TrainingPhase& phase : phases) {
    for (const EpochResult& e : phase.history) {
      epochs.push_back({.phase = phase.name,
                        .epoch = e.epoch,
                        .lr = e.lr,
                        .train_loss = e.train_loss,
                        .train_accuracy = e.train_accuracy,
                        .validation_loss = e.validation_loss,
                        .validation_accuracy = e.validation_accuracy,
                        .seconds = e.seconds,
                        .best = e.epoch == phase.best_epoch});
    }
  }
  return epochs;
}

}  // namespace

void WriteHtmlReport(const std::filesystem::path& file, const FinishedTraining& training, ScoredPhotos scored,
                     ThreadPool& threads) {
  const Dataset& dataset = training.dataset;
  ReportContent content;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  content.unix_time = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  content.command = training.job.command;
  content.scored = std::move(scored);
  if (training.report.test) {
    content.validation = training.report.validation;
  } else {
    content.scored_split = "validation";
  }
  content.epochs = EpochsOf(training.phases);
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    content.splits.push_back({kSplitNames[static_cast<size_t>(split)], dataset.CountByClass(split)});
  }
  content.skipped = dataset.skipped;
  content.skipped.insert(content.skipped.end(), training.features.skipped.begin(), training.features.skipped.end());
  DescribeModel(training.card, &content);
  CollectMistakes(dataset.root, threads, &content);
  WriteFileAtomic(file, HtmlReport(content));
}

}  // namespace siskin
