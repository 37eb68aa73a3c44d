// Training by the public API, against the library below it.
#include "siskin/train.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/testing.h"
#include "data/testing_files.h"
#include "model/classifier_model.h"
#include "siskin/classifier.h"
#include "train/train.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::MessageOf;

// Remembers what it was told; stops the work after so many photos and epochs.
class TrainListener : public Progress {
 public:
  void Begin(std::string_view task, std::string_view, size_t) override { tasks.emplace_back(task); }
  void Advance(size_t count) override {
    advanced += count;
    if (advanced >= stop_after) stop = true;
  }
  void Note(std::string_view line) override { notes += std::string(line) + '\n'; }
  void Warn(std::string_view line) override { warnings += std::string(line) + '\n'; }

  std::vector<std::string> tasks;
  std::string notes, warnings;
  size_t advanced = 0, stop_after = SIZE_MAX;
  std::atomic<bool> stop = false;
};

class TrainByApi : public ::testing::Test {
 protected:
  TrainByApi() {
    testing::WriteDemoPhotos(folder_.path() / "photos", 12);
    options_.photos = folder_.path() / "photos";
    options_.output = folder_.path() / "model.safetensors";
    options_.run_folder = folder_.path() / "run";
    options_.weights = "none";
    options_.seed = 5;
    options_.Set("network", "mobilenet");
    options_.Set("alpha", "0.25");
    options_.Set("size", "32");
    options_.Set("epochs", "3");
    options_.Set("finetune", "off");
  }

  testing::TemporaryFolder folder_;
  TrainOptions options_;
};

// By the library itself, with the recipe's members in place of its fields' names.
TEST_F(TrainByApi, GivesTheModelThatTheLibraryGives) {
  TrainListener listener;
  const TrainReport report = Train(options_, {.threads = 2, .progress = &listener});
  EXPECT_EQ(report.model, options_.output);
  EXPECT_EQ(report.epochs_run, 3);

  TrainJob job{options_, FindRecipe("default")};
  job.recipe.network = "mobilenet";
  job.recipe.alpha = 0.25;
  job.recipe.size = 32;
  job.recipe.optimizer.epochs = 3;
  job.recipe.fine_tune.layers = FineTune::kOff;
  job.output = folder_.path() / "again.safetensors";
  job.run_folder = folder_.path() / "run-again";
  ThreadPool threads(1);
  Progress nobody;
  const std::atomic<bool> never = false;
  const TrainReport again = TrainClassifier(job, {threads, nobody, never});
  EXPECT_TRUE(ReadFile(report.model) == ReadFile(again.model));
  EXPECT_EQ(ToJsonText(report.validation), ToJsonText(again.validation));
}

TEST_F(TrainByApi, TellsWhatItDoes) {
  TrainListener listener;
  Train(options_, {.threads = 1, .progress = &listener});
  EXPECT_EQ(listener.tasks, (std::vector<std::string>{"features", "training"}));
  EXPECT_EQ(listener.advanced, 24u + 3u) << "photos and epochs";
  EXPECT_TRUE(listener.notes.starts_with("training on " + options_.photos.native() +
                                         " with mobilenet at 32 px, recipe default\n"))
      << listener.notes;
  EXPECT_EQ(listener.warnings, "");
}

TEST_F(TrainByApi, WarnsOfAugmentationThatNothingUses) {
  TrainListener listener;
  options_.Set("augment", "strong");
  Train(options_, {.threads = 1, .progress = &listener});
  EXPECT_TRUE(listener.warnings.starts_with("augmentation has no effect without --finetune")) << listener.warnings;
}

TEST_F(TrainByApi, ItsModelClassifies) {
  Train(options_);
  Classifier classifier(options_.output, 1);
  EXPECT_EQ(classifier.class_names(), (std::vector<std::string>{"bird", "other"}));
  EXPECT_TRUE(classifier.ClassifyFile(options_.photos / "bird" / "001.jpg").ok());
}

TEST_F(TrainByApi, StoppedAndResumedGivesTheSameBytes) {
  Train(options_, {.threads = 2});
  const std::string whole = ReadFile(options_.output);
  fs::remove(options_.output);
  // In the features, and after one epoch of the head.
  for (const size_t stop_after : {size_t{1}, size_t{25}}) {
    options_.run_folder = folder_.path() / ("stopped" + std::to_string(stop_after));
    options_.resume = false;
    options_.batch = 4;
    TrainListener listener;
    listener.stop_after = stop_after;
    MessageOf(ErrorKind::kInterrupted,
              [&] { Train(options_, {.threads = 2, .progress = &listener, .stop = &listener.stop}); });
    EXPECT_FALSE(fs::exists(options_.output)) << "after " << stop_after;
    options_.resume = true;
    Train(options_, {.threads = 2});
    EXPECT_TRUE(ReadFile(options_.output) == whole) << "after " << stop_after;
    fs::remove(options_.output);
  }
}

TEST_F(TrainByApi, TheReportSaysEverythingAsJson) {
  const TrainReport report = Train(options_, {.threads = 2});
  const Json json = ParseJson(ToJsonText(report), "report");
  EXPECT_EQ(json["v"], 1);
  EXPECT_EQ(json["model"], options_.output.native());
  EXPECT_EQ(json["epochs_run"], 3);
  EXPECT_EQ(json["finetune_epochs_run"], 0);
  EXPECT_EQ(ToText(json["test"]), ToJsonText(*report.test));
  EXPECT_EQ(json["files"].size(), report.files.size());
  TrainReport untested = report;
  untested.test.reset();
  EXPECT_TRUE(ParseJson(ToJsonText(untested), "report")["test"].is_null());
}

TEST_F(TrainByApi, FieldsAreNamedAsOptionsAre) {
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [&] { options_.Set("epoch", "7"); }),
            "a recipe has no \"epoch\"; did you mean epochs?");
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [&] { options_.Set("epochs", "many"); }),
            "--epochs is \"many\", expected a whole number from 1 to 1000000");
  EXPECT_EQ(options_.fields.at("epochs"), "3") << "what is refused changes nothing";
  options_.Set("epochs", "7");
  EXPECT_EQ(JobOf(options_).recipe.optimizer.epochs, 7);
  // Who fills the map without Set, or names no recipe that there is, hears of it before any work.
  options_.fields["epoch"] = "7";
  EXPECT_TRUE(MessageOf(ErrorKind::kUsage, [&] { Train(options_); }).starts_with("a recipe has no \"epoch\""));
  EXPECT_FALSE(fs::exists(options_.run_folder));
  options_.fields.clear();
  options_.recipe = "artikle";
  EXPECT_TRUE(MessageOf(ErrorKind::kUsage, [&] { Train(options_); }).starts_with("there is no recipe \"artikle\""));
}

// "augment" sets what the other fields of augmentation change, whichever was given first.
TEST_F(TrainByApi, TheOrderOfFieldsDoesNotMatter) {
  options_.recipe = "article";
  options_.Set("vertical-flip", "true");
  options_.Set("augment", "none");
  const Augmentation augment = JobOf(options_).recipe.augment;
  EXPECT_TRUE(augment.vertical_flip);
  EXPECT_FALSE(augment.horizontal_flip);
}

TEST_F(TrainByApi, AModelThatCannotBeWrittenIsKnownBeforeTheWork) {
  fs::create_directories(options_.output);
  TrainListener listener;
  MessageOf(ErrorKind::kIo, [&] { Train(options_, {.threads = 1, .progress = &listener}); });
  EXPECT_TRUE(listener.tasks.empty());
}

TEST_F(TrainByApi, ThePreviewWritesOnlyItsPicture) {
  TrainListener listener;
  PreviewAugmentation(options_, folder_.path() / "preview.png", {.progress = &listener});
  EXPECT_TRUE(ReadFile(folder_.path() / "preview.png").starts_with("\x89PNG"));
  EXPECT_FALSE(fs::exists(options_.run_folder));
  EXPECT_TRUE(listener.notes.ends_with("preview.png: photos as they are and in the first epochs, augmentation light\n"))
      << listener.notes;
}

}  // namespace
}  // namespace siskin
