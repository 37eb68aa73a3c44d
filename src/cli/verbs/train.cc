// `siskin train`: folders of photos in, one tested model file out.
#include "siskin/train.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/planned_run.h"
#include "cli/recipe_options.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;

// "98.72 % (95 % interval 98.21 to 99.08 %, 1,500 photos)"
std::string AccuracyText(const Metrics& metrics) {
  return fmt::format("{:.2f} % (95 % interval {:.2f} to {:.2f} %, {})", 100 * metrics.accuracy,
                     100 * metrics.accuracy_interval.low, 100 * metrics.accuracy_interval.high,
                     Plural(static_cast<size_t>(metrics.photos), "photo"));
}

class TrainVerb : public Verb {
 public:
  TrainVerb() { common_.output = options_.output; }

  void Declare(Options options) override {
    options.Describe("Train a classifier on folders of photos and test it.",
                     "Computes the features of every photo with a network that knows ImageNet, trains a small head on "
                     "them, may then train the network itself on augmented photos (--finetune), keeps the best epoch "
                     "on validation, tests it once on photos never seen, and writes one model file.");
    options.Argument(
        "PHOTOS", Reads(&photos_),
        "a folder with one folder per class, or with train/validation/test in it; without those the photos "
        "are split at random, each class alike");
    const auto model = [this](const fs::path& file) {
      return preview_.empty() ? std::vector<PlannedFile>{{file, &kModel}} : std::vector<PlannedFile>();
    };
    options.Text("-o,--output", "FILE", Writes(&common_.output, kModel, model), "the model file");
    options.Choice("--recipe", {RecipeNames().begin(), RecipeNames().end()}, &options_.recipe,
                   "where the defaults of the options below come from: " + RecipesHelp());
    options.Text("--weights", "NAME|FILE", Reads(&options_.weights),
                 "weights of the network, or none for random ones; without it its ImageNet weights");
    options.Whole("--seed", &options_.seed, "of the split, the head's first weights, the order of photos, dropout");
    options.Number("--min-accuracy", &min_accuracy_, 0, 1, "exit code 5 if the test accuracy is lower (0 to 1)");
    options.Choice("--format", {"text", "json"}, &common_.format, "how the results are written");
    options.Group("Photos");
    options.Number("--val", &options_.validation_fraction, 0, 0.9,
                   "share of the photos for choosing the best epoch, unless the folder or a split file says which");
    options.Number("--test", &options_.test_fraction, 0, 0.9, "share of the photos for the test at the end");
    options.Whole("--max-photos", &options_.max_photos,
                  "for a quick try: at most this many photos, drawn evenly from all classes; 0: all of them");
    options.Text("--split-file", "FILE.csv", Reads(&split_file_),
                 "path,class,split of every photo to use, as in split.csv");
    const auto run = [this](const fs::path& folder) {
      return preview_.empty() ? PlannedRun(folder, split_file_) : std::vector<PlannedFile>();
    };
    options.Text("--run-dir", "DIR", Writes(&run_folder_, kRunFolder, run),
                 "where report.html, logs, split.csv, skipped.csv, features and checkpoint go");
    options.Flag("--resume", &options_.resume, "go on where an interrupted run with the same options stopped");
    options.Group("Network and its input");
    recipe_options_.Declare(options, FieldNames(RecipeGroup::kInput));
    options.Group("Head on top of the features");
    recipe_options_.Declare(options, FieldNames(RecipeGroup::kHead));
    options.Group("Training of the head");
    recipe_options_.Declare(options, FieldNames(RecipeGroup::kTraining));
    options.Group("Fine-tuning: layers of the network besides the head");
    recipe_options_.Declare(options, FieldNames(RecipeGroup::kFineTune));
    options.Group("Augmentation (of the training photos, when the network itself is trained)");
    recipe_options_.Declare(options, FieldNames(RecipeGroup::kAugment));
    options.Text("--augment-preview", "FILE.png", Writes(&preview_, kPreview),
                 "draw what the network will see, and train nothing");
    options.Group("Common options");
    options.Whole("--batch", &options_.batch, 0, 1024, "batch size; 0: chosen automatically");
    AddThreads(options);
    AddVolume(options);
    options.Footer(
        "Ctrl-C stops after the current step and saves; the same command with --resume\n"
        "goes on, bit for bit. A second run reads the features that the first computed.\n\n"
        "Examples:\n"
        "  siskin train photos/ -o pets.safetensors\n"
        "  siskin train photos/ --network mobilenet --epochs 100 --head 64\n"
        "  siskin train photos/ --size 150 --finetune last-block --augment light\n"
        "  siskin train photos/ --recipe article --seed 7 --min-accuracy 0.95\n"
        "  siskin train drawings/ --recipe scratch\n"
        "  siskin train photos/ --split-file runs/train/split.csv --class-weight balanced");
  }

  ExitCode Run(Session& session) override {
    const TrainOptions options = CompleteOptions(session);
    if (!preview_.empty()) {
      PreviewAugmentation(options, preview_, {.progress = &session.progress()});
      return ExitCode::kDone;
    }
    const TrainReport report = TrainOrSayHowToGoOn(options, session.work());
    Print(report, session);
    session.progress().Note(fmt::format("next: siskin predict {} PHOTO...", Printable(common_.output)));
    const Metrics& gate = report.test ? *report.test : report.validation;
    if (min_accuracy_ && gate.accuracy < *min_accuracy_) {
      session.console().Error(fmt::format("{} accuracy {:.4f} is below --min-accuracy {}",
                                          report.test ? "test" : "validation", gate.accuracy, *min_accuracy_));
      return ExitCode::kGateFailed;
    }
    return report.num_skipped == 0 ? ExitCode::kDone : ExitCode::kSomeInputsFailed;
  }

 private:
  static TrainReport TrainOrSayHowToGoOn(const TrainOptions& options, const Work& work) {
    try {
      return Train(options, work);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInterrupted) throw;
      Fail(ErrorKind::kInterrupted, "{}; the same command with --resume goes on from there", error.what());
    }
  }

  static std::string RecipesHelp() {
    std::string help;
    for (const std::string& name : RecipeNames()) {
      help += fmt::format("{}\"{}\" {}", help.empty() ? "" : "; ", name, RecipeHelp(name));
    }
    return help;
  }

  TrainOptions CompleteOptions(const Session& session) const {
    TrainOptions options = options_;
    options.photos = photos_;
    options.output = common_.output;
    options.run_folder = run_folder_;
    options.split_file = split_file_;
    options.fields = recipe_options_.given();
    options.command = session.command();
    return options;
  }

  void Print(const TrainReport& report, const Session& session) const {
    Output output("");
    output.Write(session.format() == "json" ? ToJsonText(report, 2) + "\n" : Text(report));
    output.Commit();
  }

  std::string Text(const TrainReport& report) const {
    std::string text = fmt::format("features      {}{}\n", DurationText(report.seconds_features),
                                   report.features_from_cache ? " (read from the cache)" : "");
    text += fmt::format("head          {}, best epoch {} of {}\n", DurationText(report.seconds_head), report.best_epoch,
                        report.epochs_run);
    if (report.fine_tune_epochs_run > 0) {
      text +=
          fmt::format("fine-tuning   {} ({:.1f} s of them waiting for photos), {}\n",
                      DurationText(report.seconds_fine_tune), report.seconds_waited,
                      report.fine_tune_best_epoch > 0
                          ? fmt::format("best epoch {} of {}", report.fine_tune_best_epoch, report.fine_tune_epochs_run)
                          : "not better on validation than the head alone, which was kept");
    }
    if (report.num_skipped > 0) {
      text += fmt::format("left out      {}, see {}\n", Plural(report.num_skipped, "photo"),
                          Printable((fs::path(run_folder_) / "skipped.csv").native()));
    }
    text += fmt::format("model         {}\n", Printable(common_.output));
    text += fmt::format("report        {}\n", Printable((fs::path(run_folder_) / "report.html").native()));
    text += fmt::format("validation    {}\n", AccuracyText(report.validation));
    text += report.test ? fmt::format("test accuracy {}\n", AccuracyText(*report.test))
                        : "test accuracy not measured, there were no test photos\n";
    return text;
  }

  TrainOptions options_;  // without what is text on the command line and a path here
  std::string photos_, split_file_, preview_, run_folder_ = options_.run_folder;
  std::optional<double> min_accuracy_;
  RecipeOptions recipe_options_;
};

}  // namespace

std::unique_ptr<Verb> MakeTrain() {
  return std::make_unique<TrainVerb>();
}

}  // namespace siskin::cli
