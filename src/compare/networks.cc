#include "compare/networks.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "compare/cost.h"
#include "data/dataset.h"
#include "networks/catalogue.h"
#include "train/backbone.h"
#include "weights/store/store.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// Bars and warnings of all trainings, each warning once, without a line for each epoch.
class WithoutNotes : public Progress {
 public:
  explicit WithoutNotes(Progress& progress) : progress_(progress) {}
  void Begin(std::string_view task, std::string_view unit, size_t total) override {
    progress_.Begin(task, unit, total);
  }
  void Advance(size_t count) override { progress_.Advance(count); }
  void Finish() override { progress_.Finish(); }
  void Warn(std::string_view line) override {
    if (warned_.emplace(line).second) progress_.Warn(line);
  }

 private:
  Progress& progress_;
  std::set<std::string> warned_;
};

std::vector<std::string> NetworksOf(const CompareOptions& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.networks) FindNetwork(name);
  for (const NetworkCard& card : Catalogue()) {
    const auto& asked = options.networks;
    if (asked.empty() || std::ranges::find(asked, card.name) != asked.end()) names.push_back(card.name);
  }
  return names;
}

TrainJob TrainingOf(const TrainJob& common, const std::string& network) {
  TrainJob job = common;
  job.recipe.network = network;
  job.recipe.fine_tune.layers = FineTune::kOff;
  job.run_folder = common.run_folder / network;
  job.output = job.run_folder / "model.safetensors";
  CheckRecipe(job.recipe);
  return job;
}

// Whether the network's own weights are here; if not, what to do about it.
bool HasWeights(const TrainJob& job, std::string* remedy) {
  if (!job.weights.empty()) return true;  // a file, or random ones
  const WeightsCard* card = PublishedWeights(BackboneOf(job.recipe));
  if (card == nullptr) return false;
  if (WeightStore().Has(*card)) return true;
  *remedy = card->sources.empty() ? fmt::format("siskin weights import FILE --as {}", card->name)
                                  : fmt::format("siskin weights pull {}", card->name);
  return false;
}

// Some of the photos, spread over all of them.
std::vector<fs::path> SomePhotos(const fs::path& root) {
  constexpr size_t kMost = 48;
  const Dataset dataset = ScanFolder(root);
  std::vector<fs::path> files;
  const size_t count = std::min(dataset.photos.size(), kMost);
  for (size_t i = 0; i < count; ++i) {
    files.push_back(dataset.root / dataset.photos[i * dataset.photos.size() / count].path);
  }
  return files;
}

ComparedNetwork Compare(const TrainJob& job, std::span<const fs::path> photos, const RunContext& context) {
  ComparedNetwork result;
  result.name = job.recipe.network;
  result.size = PreprocessingOf(job.recipe).height;
  result.model = job.output;
  const TrainReport report = TrainClassifier(job, context);
  result.validation = report.validation;
  result.test = report.test;
  result.seconds_features = report.seconds_features;
  result.seconds_head = report.seconds_head;
  result.features_from_cache = report.features_from_cache;
  result.num_skipped = report.num_skipped;
  const ClassifierModel model = ReadModel(job.output);
  result.model_bytes = fs::file_size(job.output);
  result.parameters = BuildModelGraph(model.card).num_parameters();
  result.cost = MeasureCost(model, photos, context.threads);
  return result;
}

}  // namespace

NetworkComparison CompareNetworks(const CompareOptions& options, const RunContext& context) {
  NetworkComparison comparison;
  std::vector<TrainJob> trainings;
  for (const std::string& name : NetworksOf(options)) {
    TrainJob training = TrainingOf(options.training, name);
    std::string remedy;
    if (HasWeights(training, &remedy)) {
      trainings.push_back(std::move(training));
    } else {
      comparison.absent.push_back({name, remedy});
    }
  }
  if (trainings.empty()) {
    const std::string& remedy = comparison.absent.front().remedy;
    Fail(ErrorKind::kModel, "no network has its weights here{}",
         remedy.empty() ? "" : fmt::format("; `{}` fetches some", remedy));
  }
  const std::vector<fs::path> photos = SomePhotos(options.training.photos);
  WithoutNotes quiet(context.progress);
  for (size_t i = 0; i < trainings.size(); ++i) {
    const Recipe& recipe = trainings[i].recipe;
    context.progress.Note(
        fmt::format("{} at {} px, {} of {}", recipe.network, PreprocessingOf(recipe).height, i + 1, trainings.size()));
    comparison.networks.push_back(Compare(trainings[i], photos, {context.threads, quiet, context.stop}));
  }
  return comparison;
}

NetworkChoice ChooseNetwork(std::span<const ComparedNetwork> networks, const NetworkLimits& limits) {
  NetworkChoice choice;
  for (size_t i = 0; i < networks.size(); ++i) {
    const ComparedNetwork& network = networks[i];
    const double mb = static_cast<double>(network.model_bytes) / 1e6;
    std::string out;
    const auto add = [&](const std::string& reason) { out += (out.empty() ? "" : ", ") + reason; };
    if (limits.max_mb && mb > *limits.max_mb) add(fmt::format("{:.1f} MB are more than {}", mb, *limits.max_mb));
    if (limits.max_ms && network.cost.ms_per_photo > *limits.max_ms) {
      add(fmt::format("{:.1f} ms are more than {}", network.cost.ms_per_photo, *limits.max_ms));
    }
    if (limits.min_accuracy && network.validation.accuracy < *limits.min_accuracy) {
      add(fmt::format("{:.4f} is a lower accuracy than {}", network.validation.accuracy, *limits.min_accuracy));
    }
    choice.out.push_back(out);
    if (!out.empty()) continue;
    const auto rank = [](const ComparedNetwork& n) { return std::pair(n.validation.accuracy, -n.cost.ms_per_photo); };
    if (choice.best < 0 || rank(network) > rank(networks[static_cast<size_t>(choice.best)])) {
      choice.best = static_cast<int>(i);
    }
  }
  return choice;
}

}  // namespace siskin
