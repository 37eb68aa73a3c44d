// `siskin train` as a function: photos in, one tested model file out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/run_context.h"
#include "model/model_card.h"

namespace siskin {

enum class Optimizer { kSgd, kAdam, kAdamW };
enum class Schedule { kConstant, kStep, kCosine };
enum class SelectBy { kLoss, kAccuracy };  // which validation number picks the best epoch

// One list of fields drives defaults, command line, printing and saving: see recipe.h.
struct Recipe {
  std::string name = "default";
  HeadSpec head;
  int epochs = 50;
  int batch = 32;
  Optimizer optimizer = Optimizer::kSgd;
  double lr = 0.01;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  Schedule schedule = Schedule::kConstant;
  double warmup = 0;             // epochs
  int patience = 0;              // epochs without improvement before stopping; 0: never
  bool balance_classes = false;  // --class-weight balanced: every class counts the same
  double label_smoothing = 0;
  SelectBy select_by = SelectBy::kLoss;
};

struct TrainOptions {
  std::filesystem::path photos;
  std::filesystem::path output = "model.safetensors";
  std::filesystem::path run_folder = "runs/train";  // log.csv, split.csv, skipped.csv, checkpoint; features cache
  NetworkOptions network;                           // backbone without top
  std::string weights;          // catalogue name, a file, "none"; empty: the network's own ImageNet weights
  Preprocessing preprocessing;  // complete
  Recipe recipe;
  uint64_t seed = 0;
  int batch = 0;  // photos at once through the backbone; 0: a good size
  double validation_fraction = 0.15, test_fraction = 0.15;
  std::filesystem::path split_file;  // empty: splits from folders, or AssignSplits
  bool resume = false;
  std::string command;  // as typed, for the card
};

struct TrainReport {
  Json validation, test;  // metrics of evaluate/metrics.h as JSON
  int best_epoch = 0, epochs_run = 0;
  size_t num_skipped = 0;
  double seconds_features = 0, seconds_head = 0;
  std::vector<std::filesystem::path> files;  // what was written
};

TrainReport TrainClassifier(const TrainOptions& options, const RunContext& context);

}  // namespace siskin
