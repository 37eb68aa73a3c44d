// What `siskin train` is told, and what it answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evaluate/metrics.h"
#include "train/recipe.h"

namespace siskin {

struct TrainOptions {
  std::filesystem::path photos;
  std::filesystem::path output = "model.safetensors";
  // Gets report.html, report.json, log.csv, log.jsonl, an event file, split.csv, skipped.csv, the checkpoint and the
  // cache of features.
  std::filesystem::path run_folder = "runs/train";
  Recipe recipe;
  // Of the backbone: a catalogue name, a file, "none" for random ones, or empty for what the recipe says.
  std::string weights;
  uint64_t seed = 0;
  int batch = 0;  // photos at once through the backbone; 0: a good size
  double validation_fraction = 0.15, test_fraction = 0.15;
  uint64_t max_photos = 0;           // DrawPhotos; 0: all of them
  std::filesystem::path split_file;  // as split.csv; empty: splits from folders, or AssignSplits
  bool resume = false;               // go on from the run folder's checkpoint, if there is one
  std::string command;               // as typed, for the reports
};

struct TrainReport {
  Metrics validation;
  std::optional<Metrics> test;         // none with a test fraction of 0
  int best_epoch = 0, epochs_run = 0;  // of the head; epochs count from 1
  // Of the fine-tuning; best epoch 0: the head alone was better on the validation photos and is what was kept.
  int fine_tune_best_epoch = 0, fine_tune_epochs_run = 0;
  size_t num_skipped = 0;  // photos that could not be used: skipped.csv in the run folder
  bool features_from_cache = false;
  double seconds_features = 0, seconds_head = 0, seconds_fine_tune = 0;
  double seconds_waited = 0;  // of the fine-tuning's, for photos that were not ready: the first of every epoch at least
  std::vector<std::filesystem::path> files;  // what was written
};

}  // namespace siskin
