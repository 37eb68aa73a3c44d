// Training a classifier from C++, as `siskin train` does: folders of photos in, one tested model file out.
//
//   siskin::TrainOptions options;
//   options.photos = "photos";  // one folder per class
//   options.output = "pets.safetensors";
//   options.Set("network", "mobilenet");
//   const siskin::TrainReport report = siskin::Train(options);
//   if (report.test) std::cout << 100 * report.test->accuracy << " %\n";
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "siskin/api.h"
#include "siskin/error.h"
#include "siskin/metrics.h"
#include "siskin/work.h"

namespace siskin {

// What a training is told besides its recipe.
struct TrainSettings {
  std::filesystem::path photos;  // one folder per class, or train/validation/test with these in them
  std::filesystem::path output = "model.safetensors";
  // Gets report.html, report.json, log.csv, log.jsonl, an event file, split.csv, skipped.csv, the checkpoint and the
  // cache of features. One training at a time.
  std::filesystem::path run_folder = "runs/train";
  // Of the network: a catalogue name, a file, "none" for random ones, or empty for what the recipe says.
  std::string weights;
  uint64_t seed = 0;  // the same seed, photos and recipe give the same bytes, for any number of threads
  int batch = 0;      // photos at once through the network; 0: a good size
  double validation_fraction = 0.15, test_fraction = 0.15;  // unless the folders or split_file say which
  uint64_t max_photos = 0;                                  // drawn evenly from all classes; 0: all of them
  std::filesystem::path split_file;  // path,class,split of every photo to use, as in split.csv; empty: none
  bool resume = false;               // go on from the run folder's checkpoint, if there is one
  std::string command;               // what repeats the training, for its reports; may be empty
};

struct TrainOptions : TrainSettings {
  std::string recipe = "default";             // "default", "article" or "scratch": where the fields' values come from
  std::map<std::string, std::string> fields;  // of the recipe, with other values than its own

  // fields[field] = value. Their names are those of the options that `siskin train --help` shows and of the recipe in a
  // model's card ("network", "epochs", "finetune"); switches are "true" or "false". kUsage: there is no such field, and
  // which is nearest; or this is no value for it, and which ones are.
  SISKIN_API void Set(std::string_view field, std::string_view value);
};

struct TrainReport {
  std::filesystem::path model;         // the options' output
  Metrics validation;                  // of the photos that chose the best epoch
  std::optional<Metrics> test;         // of photos never seen before, scored once; none with a test fraction of 0
  int best_epoch = 0, epochs_run = 0;  // of the head; epochs count from 1
  // Of the fine-tuning; best epoch 0: the head alone was better on the validation photos and is what was kept.
  int fine_tune_best_epoch = 0, fine_tune_epochs_run = 0;
  size_t num_skipped = 0;  // photos that could not be used: skipped.csv in the run folder
  bool features_from_cache = false;
  double seconds_features = 0, seconds_head = 0, seconds_fine_tune = 0;
  double seconds_waited = 0;  // of the fine-tuning's, for photos that were not ready: the first of every epoch at least
  std::vector<std::filesystem::path> files;  // what was written, the model first
};

// What `siskin train --format json` prints (docs/formats.md): one line, or indented.
SISKIN_API std::string ToJsonText(const TrainReport& report, int indent = -1);

// Trains. Progress: tasks "features", "scoring" (photos), "training", "fine-tuning", a line per epoch. Throws Error:
// kUsage (options that contradict each other, weights of another network, a run folder in use), kData (photos that
// cannot be learned from), kIo, kModel, and kInterrupted when `stop` was set: the same options with `resume` then end
// in the same bytes. A single photo that cannot be read is left out and counted.
SISKIN_API TrainReport Train(const TrainOptions& options, const Work& work = {});

// Draws some training photos, plain and as the network would see them in its first epochs, and trains nothing. Writes
// only the picture. No threads are started. Throws as Train does.
SISKIN_API void PreviewAugmentation(const TrainOptions& options, const std::filesystem::path& png,
                                    const Work& work = {});

}  // namespace siskin
