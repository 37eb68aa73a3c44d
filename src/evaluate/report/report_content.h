// What a report tells, gathered from a training or an evaluation. Plain data; report.h makes a page of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/threads.h"
#include "data/dataset.h"
#include "evaluate/metrics.h"
#include "evaluate/scored_photos.h"
#include "model/model_card.h"

namespace siskin {

struct ReportEpoch {
  std::string phase;  // "head"; epochs of a phase follow each other
  int epoch = 0;      // from 1 in every phase
  double lr = 0;
  double train_loss = 0, train_accuracy = 0;
  double validation_loss = 0, validation_accuracy = 0;
  double seconds = 0;
  bool best = false;  // of its phase
};

struct ReportMistake {
  std::string path, truth, predicted;
  double score = 0, truth_score = 0;  // of the predicted and of the true class
  std::string jpeg;                   // a thumbnail; empty if the photo cannot be read any more
};

struct ReportSplit {
  std::string name;         // "train"
  std::vector<int> photos;  // [classes]
};

struct ReportContent {
  std::string kind = "Training report";
  int64_t unix_time = 0;  // when it was made, seconds since 1970; 0: not said
  std::string command;    // as typed, repeats the work

  ScoredPhotos scored;                // the photos that the numbers, ROC and calibration are about
  std::string scored_split = "test";  // which those are; of "validation" the page says that they chose the model
  std::optional<Metrics> validation;  // beside the test photos
  std::vector<ReportEpoch> epochs;    // may be empty: no curves
  std::vector<ReportMistake> mistakes;

  std::vector<ReportSplit> splits;                         // photos by split, in the order of scored.class_names
  std::vector<SkippedFile> skipped;                        // photos that could not be used
  std::vector<std::pair<std::string, std::string>> facts;  // about the model: name, value
  Json recipe = Json::object();                            // name to number, text or flag
};

// Facts and recipe from the card.
void DescribeModel(const ModelCard& card, ReportContent* content);

// The worst mistakes among content->scored with their thumbnails, which are made from the photos below `root`.
void CollectMistakes(const std::filesystem::path& root, ThreadPool& threads, ReportContent* content);

}  // namespace siskin
