// Every network on the same photos: what each is worth on them, and what it takes. Trains by `TrainClassifier`, the
// head alone, and measures; refuses to know anything about training itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/run_context.h"
#include "evaluate/metrics.h"
#include "networks/measure.h"
#include "train/train.h"

namespace siskin {

struct CompareOptions {
  std::vector<std::string> networks;  // names of the catalogue, each once; empty: all of it
  // As for one training. Its recipe's network is replaced by each in turn, and fine-tuning is off; run_folder gets a
  // folder for each network, with its features, reports and model file.
  TrainJob training;
};

struct ComparedNetwork {
  std::string name;  // of the catalogue
  int size = 0;      // side of its input, pixels
  Metrics validation;
  std::optional<Metrics> test;
  std::filesystem::path model;  // the file, ready for use
  uint64_t model_bytes = 0;
  int64_t parameters = 0;  // network and head
  InferenceCost cost;
  double seconds_features = 0, seconds_head = 0;
  bool features_from_cache = false;
  size_t num_skipped = 0;
};

struct AbsentNetwork {
  std::string name;
  std::string remedy;  // "siskin weights pull resnet50-imagenet"; empty if there are no weights to be had
};

struct NetworkComparison {
  std::vector<ComparedNetwork> networks;  // in the catalogue's order
  std::vector<AbsentNetwork> absent;      // those without weights here
};

// Runs every network once over the photos, trains a head on its features, scores that once on the test photos, and
// measures time and memory. Features are kept, so that after an interruption (kInterrupted) the next call goes on where
// this one stopped. kUsage if a name is unknown or a network cannot take the size, before any work is done; kModel if
// none has weights here.
NetworkComparison CompareNetworks(const CompareOptions& options, const RunContext& context);

struct NetworkLimits {
  std::optional<double> max_mb;        // of the model file, 10^6 bytes
  std::optional<double> max_ms;        // a photo
  std::optional<double> min_accuracy;  // on the validation photos, 0 to 1

  bool any() const { return max_mb || max_ms || min_accuracy; }
};

struct NetworkChoice {
  int best = -1;  // index; -1: none is within the limits
  // For each network what takes it out ("105 MB are more than 50"), empty if nothing does.
  std::vector<std::string> out;
};

// The most accurate within the limits, the faster of equals. Accuracy is that on the validation photos: the test
// photos choose nothing, so that their number stays honest.
NetworkChoice ChooseNetwork(std::span<const ComparedNetwork> networks, const NetworkLimits& limits);

}  // namespace siskin
