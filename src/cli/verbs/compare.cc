// `siskin compare`: every network on the same photos, or two models on the same photos.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "cli/compare_text.h"
#include "cli/photo_messages.h"
#include "cli/planned_run.h"
#include "cli/recipe_options.h"
#include "cli/verb.h"
#include "compare/networks.h"
#include "compare/score_photos.h"
#include "networks/catalogue.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

class CompareVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Compare networks, or two models, on the same photos.",
                     "With one folder: runs every network once over the photos, trains a head on the features of each, "
                     "and shows accuracy on photos never seen, size, time and memory of each, and which is best. With "
                     "two model files and a folder: both accuracies, McNemar's test, and the photos whose answer "
                     "changes.");
    options.Argument("INPUTS", ReadsAll(&inputs_),
                     "PHOTOS as for `siskin train`; or A.safetensors B.safetensors PHOTOS");
    AddFormat(options, {"text", "json", "csv"});
    AddOutput(options, kComparison);
    options.Group("Networks");
    options.Text("--networks", "all|NAME,NAME", Words(&networks_),
                 "which of them, from `siskin networks` (default: all)");
    options.Choice("--weights", {"imagenet", "none"}, &weights_,
                   "what the networks know: ImageNet, or nothing (random weights, to see what that is worth)");
    options.Number("--max-mb", &limits_.max_mb, 0, 1e6, "leave out of the choice: larger model files");
    options.Number("--max-ms", &limits_.max_ms, 0, 1e6, "leave out of the choice: those that take longer for a photo");
    options.Number("--min-accuracy", &limits_.min_accuracy, 0, 1,
                   "leave out of the choice: lower accuracy on validation (0 to 1)");
    recipe_options_.Declare(options, {"size", "resize", "interpolation", "head", "dropout", "epochs", "class-weight"});
    options.Whole("--seed", &seed_, "of the split, the head's first weights, the order of photos, dropout");
    options.Number("--val", &validation_, 0, 0.9,
                   "share of the photos for choosing, unless the folder or a split file says which");
    options.Number("--test", &test_, 0, 0.9, "share of the photos for the test at the end");
    options.Text("--split-file", "FILE.csv", Reads(&split_file_),
                 "path,class,split of every photo to use, as in split.csv");
    options.Text("--run-dir", "DIR",
                 Writes(&run_folder_, kRunFolder, [this](const fs::path& folder) { return Planned(folder); }),
                 "gets for every network its features, reports and model file");
    options.Group("Two models");
    options.Choice("--split", {"test", "validation", "train", "all"}, &split_,
                   "which part of a folder with train/validation/test, or of the photos that a model was trained on");
    AddBatch(options);
    AddThreads(options);
    AddVolume(options);
    options.Footer(
        "Networks are chosen by their accuracy on the validation photos; the test photos\n"
        "are scored once and choose nothing. Networks whose weights are not here are\n"
        "named with the command that fetches them. After an interruption the same command\n"
        "goes on where it stopped. Exit code 5: no network is within the limits.\n\n"
        "Examples:\n"
        "  siskin compare photos/\n"
        "  siskin compare photos/ --networks xception,mobilenet --max-ms 50\n"
        "  siskin compare old.safetensors new.safetensors photos/test --format json");
  }

  ExitCode Run(Session& session) override {
    if (inputs_.size() == 1) return CompareOnPhotos(session);
    if (inputs_.size() == 3) return CompareModels(session);
    Fail(ErrorKind::kUsage, "compare takes a folder of photos, or two model files and a folder; {} were given",
         inputs_.size());
  }

 private:
  // A run folder for each network, if networks are compared.
  std::vector<PlannedFile> Planned(const fs::path& folder) const {
    if (inputs_.size() == 3) return {};
    std::vector<PlannedFile> files = {{folder, &kFolder}};
    for (const NetworkCard& network : Catalogue()) {
      const bool asked = networks_[0] == "all" || std::ranges::find(networks_, network.name) != networks_.end();
      if (!asked) continue;
      const std::vector<PlannedFile> run = PlannedRun(folder / network.name, split_file_);
      files.insert(files.end(), run.begin(), run.end());
      files.push_back({folder / network.name / "model.safetensors", &kModel});
    }
    return files;
  }

  ExitCode CompareOnPhotos(Session& session) const {
    CompareOptions options;
    if (networks_ != std::vector<std::string>{"all"}) options.networks = networks_;
    options.training.photos = inputs_[0];
    options.training.run_folder = run_folder_;
    options.training.recipe = recipe_options_.Make("default", networks_[0] == "all" ? "" : networks_[0]);
    options.training.weights = weights_ == "none" ? "none" : "";
    options.training.seed = seed_;
    options.training.validation_fraction = validation_;
    options.training.test_fraction = test_;
    options.training.split_file = split_file_;
    options.training.command = session.command();
    const NetworkComparison comparison = CompareNetworks(options, session.context());
    const NetworkChoice choice = ChooseNetwork(comparison.networks, limits_);
    Output output = session.OpenOutput();
    output.Write(session.format() == "csv"    ? NetworksCsv(comparison, choice)
                 : session.format() == "json" ? ToText(NetworksJson(comparison, choice), 2) + "\n"
                                              : NetworksText(comparison, choice, limits_));
    output.Commit();
    if (choice.best < 0) {
      session.console().Error("no network is within the limits");
      return ExitCode::kGateFailed;
    }
    const bool skipped = std::ranges::any_of(comparison.networks, [](const auto& n) { return n.num_skipped > 0; });
    return skipped ? ExitCode::kSomeInputsFailed : ExitCode::kDone;
  }

  ExitCode CompareModels(Session& session) const {
    if (limits_.any() || recipe_options_.any_given() || networks_ != std::vector<std::string>{"all"}) {
      Fail(ErrorKind::kUsage, "two models are compared as they are; leave the networks' options out");
    }
    const ClassifierModel a = ReadModel(inputs_[0]), b = ReadModel(inputs_[1]);
    const ModelCard* const models[] = {&a.card, &b.card};
    const Dataset dataset = PhotosToScore(inputs_[2], split_file_, models, session.progress());
    const RunContext context = session.context();
    const PhotoScoring scored_a = Score(a, dataset, "A", context), scored_b = Score(b, dataset, "B", context);
    const PairedComparison comparison = ComparePaired(scored_a.scored, scored_b.scored);
    constexpr size_t kOnTerminal = 20;
    const size_t most = session.results_on_terminal() ? kOnTerminal : comparison.flipped.size();
    Output output = session.OpenOutput();
    output.Write(session.format() == "csv"    ? PairCsv(comparison)
                 : session.format() == "json" ? ToText(PairJson(comparison, inputs_[0], inputs_[1]), 2) + "\n"
                                              : PairText(comparison, inputs_[0], inputs_[1], most));
    output.Commit();
    std::vector<SkippedFile> skipped = dataset.skipped;
    skipped.insert(skipped.end(), scored_a.skipped.begin(), scored_a.skipped.end());
    WarnAboutPhotos(skipped, "could not be read", session);
    return skipped.empty() ? ExitCode::kDone : ExitCode::kSomeInputsFailed;
  }

  PhotoScoring Score(const ClassifierModel& model, const Dataset& dataset, const std::string& task,
                     const RunContext& context) const {
    const std::vector<const Photo*> photos = PhotosOfPart(dataset, split_);
    const int batch = static_cast<int>(std::min(photos.size(), static_cast<size_t>(common_.batch)));
    Predictor predictor(model, batch, context.threads);
    return ScorePhotos(dataset, photos, MapClasses(dataset, model.card), predictor, nullptr, task, context);
  }

  std::vector<std::string> inputs_, networks_ = {"all"};
  std::string weights_ = "imagenet", split_file_, run_folder_ = "runs/compare", split_ = "test";
  uint64_t seed_ = 0;
  double validation_ = 0.15, test_ = 0.15;
  NetworkLimits limits_;
  RecipeOptions recipe_options_;
};

}  // namespace

std::unique_ptr<Verb> MakeCompare() {
  return std::make_unique<CompareVerb>();
}

}  // namespace siskin::cli
