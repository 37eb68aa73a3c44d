// From photos to a model file with a small network of random weights: what counts here is that everything is written,
// repeated and resumed exactly; accuracy on real photos is measured in docs/training.md.
#include "train/train.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/testing.h"
#include "data/dataset.h"
#include "data/testing_files.h"
#include "evaluate/metrics.h"
#include "graph/testing_interpreter.h"
#include "model/classifier_model.h"
#include "model/predictor.h"
#include "model/self_proof.h"
#include "train/run_folder.h"
#include "weights/file/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

// Stops the work after so many calls of Advance, and remembers what was said.
class StoppingProgress : public Progress {
 public:
  explicit StoppingProgress(int stop_after) : left_(stop_after) {}
  void Advance(size_t) override {
    if (--left_ == 0) stop = true;
  }
  void Note(std::string_view line) override { notes += std::string(line) + '\n'; }

  std::atomic<bool> stop = false;
  std::string notes;

 private:
  int left_;
};

class Training : public ::testing::Test {
 protected:
  Training() {
    testing::WriteDemoPhotos(photos_, 30);
    options_.photos = photos_;
    options_.recipe = SmallRecipe();
    options_.weights = (folder_.path() / "weights.safetensors").native();
    options_.seed = 7;
    options_.run_folder = folder_.path() / "run";
    options_.output = folder_.path() / "out" / "model.safetensors";
    options_.command = "siskin train photos";
    const Graph graph = BuildNetwork(BackboneOf(options_.recipe));
    WriteSafetensors(options_.weights, testing::RandomWeights(graph, 1), {});
  }

  static Recipe SmallRecipe() {
    Recipe recipe;
    recipe.network = "mobilenet";
    recipe.alpha = 0.25;
    recipe.size = 32;
    recipe.head = {{8}, 0.2f};
    recipe.optimizer.epochs = 5;
    recipe.head_batch = 8;
    return recipe;
  }

  TrainReport Train(int num_threads = 2, int stop_after = -1) {
    ThreadPool threads(num_threads);
    StoppingProgress progress(stop_after);
    TrainReport report = TrainClassifier(options_, {threads, progress, progress.stop});
    notes_ = progress.notes;
    return report;
  }

  Error TrainError(int stop_after = -1) {
    try {
      Train(2, stop_after);
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::kInternal, "no error");
  }

  // Of all files below a folder, by their path from there.
  static std::map<std::string, std::string> Bytes(const fs::path& folder) {
    std::map<std::string, std::string> bytes;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) bytes[entry.path().lexically_relative(folder)] = ReadFile(entry.path());
    }
    return bytes;
  }

  std::string ModelBytes() { return ReadFile(options_.output); }

  TemporaryFolder folder_;
  fs::path photos_ = folder_.path() / "photos";
  TrainJob options_;
  std::string notes_;
};

TEST_F(Training, ARecipeMayBeginFromRandomWeights) {
  options_.weights.clear();
  options_.recipe = FindRecipe("scratch");
  options_.recipe.size = 32;
  options_.recipe.fine_tune.optimizer.epochs = 1;
  const TrainReport report = Train();
  EXPECT_EQ(ReadModelCard(options_.output).weights_name, "none");
  EXPECT_EQ(report.fine_tune_best_epoch, 1) << "a head on random features must not win";
}

TEST_F(Training, WritesATestedModelAndItsReport) {
  const TrainReport report = Train();
  EXPECT_EQ(report.epochs_run, 5);
  EXPECT_GE(report.best_epoch, 1);
  EXPECT_EQ(report.num_skipped, 0u);
  EXPECT_FALSE(report.features_from_cache);
  for (const fs::path& file : report.files) EXPECT_TRUE(fs::exists(file)) << file;

  const ModelCard card = ReadModelCard(options_.output);
  EXPECT_EQ(card.class_names.size(), 2u);
  EXPECT_EQ(card.recipe["seed"], 7);
  EXPECT_EQ(card.recipe["optimizer"], "adamw");
  EXPECT_EQ(card.recipe["best_epoch"], report.best_epoch);
  EXPECT_EQ(card.weights_name, "weights.safetensors");
  EXPECT_EQ(card.metrics["test"]["photos"], 10);  // 15 % of 30, rounded, in each class
  EXPECT_EQ(card.metrics["validation"]["accuracy_interval"].size(), 2u);
  EXPECT_EQ(card.data["photos"]["train"][card.class_names[0]], 20);
  EXPECT_EQ(ModelBytes().find(folder_.path().native()), std::string::npos) << "a path of this machine";

  const Json json = ParseJson(ReadFile(options_.run_folder / "report.json"), "report");
  EXPECT_EQ(json["command"], "siskin train photos");
  const std::string log = ReadFile(options_.run_folder / "log.csv");
  EXPECT_EQ(std::ranges::count(log, '\n'), 1 + report.epochs_run);
}

TEST_F(Training, ItsPageShowsTheTestAndItsMistakes) {
  const TrainReport report = Train();
  const std::string html = ReadFile(options_.run_folder / "report.html");
  EXPECT_NE(html.find("Accuracy on the test photos"), std::string::npos);
  EXPECT_NE(html.find(fmt::format("{} of 10 photos right", report.test->correct)), std::string::npos);
  EXPECT_NE(html.find(fmt::format("{} of 10 photos right", report.validation.correct)), std::string::npos);
  EXPECT_NE(html.find("<code>siskin train photos</code>"), std::string::npos);
  EXPECT_NE(html.find(fmt::format("The circle marks the best epoch (epoch {}).", report.best_epoch)),
            std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\"><bdi>bird</bdi></th><td>20</td><td>5</td><td>5</td>"), std::string::npos);
  // A thumbnail for each mistake, all of test photos.
  const std::string begin = "data:image/jpeg;base64,";
  int64_t thumbnails = 0;
  for (size_t at = html.find(begin); at != std::string::npos; at = html.find(begin, at + 1)) ++thumbnails;
  EXPECT_EQ(thumbnails, report.test->photos - report.test->correct);
  ASSERT_GT(thumbnails, 0) << "random weights should err";
  const std::string split = ReadFile(options_.run_folder / "split.csv");
  const std::string path_begin = "<span class=\"path\"><bdi>";
  for (size_t at = html.find(path_begin); at != std::string::npos; at = html.find(path_begin, at + 1)) {
    const size_t from = at + path_begin.size();
    const std::string path = html.substr(from, html.find("</bdi>", from) - from);
    const size_t line = split.find(path);
    ASSERT_NE(line, std::string::npos) << path;
    EXPECT_NE(split.substr(line, split.find('\n', line) - line).find(",test"), std::string::npos) << path;
  }
}

TEST_F(Training, WithoutTestPhotosThePageSaysWhatItsNumbersAreWorth) {
  options_.test_fraction = 0;
  const TrainReport report = Train();
  EXPECT_FALSE(report.test.has_value());
  const std::string html = ReadFile(options_.run_folder / "report.html");
  EXPECT_NE(html.find("Accuracy on the validation photos"), std::string::npos);
  EXPECT_NE(html.find("These photos chose the best epoch"), std::string::npos);
}

// The numbers and times of the epochs before the stop are those that were logged then.
TEST_F(Training, LogsOfAResumedTrainingHaveEveryEpochOnce) {
  options_.batch = 16;
  EXPECT_EQ(TrainError(7).kind(), ErrorKind::kInterrupted);
  const std::string before = ReadFile(options_.run_folder / "log.jsonl");
  const std::string events = ReadFile(options_.run_folder / "events.out.tfevents.siskin");
  ASSERT_GE(std::ranges::count(before, '\n'), 1);
  ASSERT_LT(std::ranges::count(before, '\n'), 5);
  options_.resume = true;
  Train();
  const std::string after = ReadFile(options_.run_folder / "log.jsonl");
  EXPECT_EQ(std::ranges::count(after, '\n'), 5);
  EXPECT_TRUE(after.starts_with(before)) << before << after;
  const std::string all_events = ReadFile(options_.run_folder / "events.out.tfevents.siskin");
  EXPECT_TRUE(all_events.starts_with(events));
  EXPECT_GT(all_events.size(), events.size());
}

TEST_F(Training, TheModelAnswersAsItWasTested) {
  const TrainReport report = Train();
  const ClassifierModel model = ReadModel(options_.output);
  ThreadPool threads(2);
  EXPECT_TRUE(Verify(model, threads).passed());
  Dataset dataset = ScanFolder(photos_);
  ReadSplitFile(options_.run_folder / "split.csv", &dataset);
  std::vector<fs::path> files;
  std::vector<int> labels, decisions;
  for (const Photo* photo : dataset.InSplit(Split::kTest)) {
    files.push_back(dataset.root / photo->path);
    labels.push_back(photo->label);
  }
  std::vector<float> scores;
  for (const Predictor::Answer& answer : Predictor(model, 3, threads).PredictFiles(files)) {
    scores.insert(scores.end(), answer.scores.begin(), answer.scores.end());
    decisions.push_back(answer.label);
  }
  EXPECT_EQ(ToJson(ComputeMetrics(scores, labels, decisions, model.card.class_names)), ToJson(*report.test));
}

// Of a whole training, what ThreadSanitizer looks at too (check).
class TrainingThreads : public Training {};

TEST_F(TrainingThreads, SameBytesForAnyNumberOfThreadsAndFromTheCache) {
  Train(1);
  const std::string one = ModelBytes();
  const TrainReport again = Train(2);
  EXPECT_TRUE(again.features_from_cache);
  EXPECT_EQ(ModelBytes(), one);
  options_.run_folder = folder_.path() / "another";
  options_.batch = 3;
  EXPECT_FALSE(Train(3).features_from_cache);
  EXPECT_EQ(ModelBytes(), one);
  options_.seed = 8;
  Train();
  EXPECT_NE(ModelBytes(), one);
}

TEST_F(TrainingThreads, StoppedAnywhereAndResumedGivesTheSameBytes) {
  Train();
  const std::string whole = ModelBytes();
  options_.resume = true;
  // 60 photos in batches of 16: some stops fall into the features, some into the epochs.
  options_.batch = 16;
  for (const int stop_after : {1, 3, 6, 7, 9}) {
    options_.run_folder = folder_.path() / ("stopped" + std::to_string(stop_after));
    EXPECT_EQ(TrainError(stop_after).kind(), ErrorKind::kInterrupted) << "after " << stop_after;
    fs::remove(options_.output);
    Train();
    EXPECT_EQ(ModelBytes(), whole) << "after " << stop_after;
  }
  EXPECT_NE(notes_.find("going on after epoch"), std::string::npos);
}

TEST_F(Training, ResumingAFinishedTrainingOnlyWritesTheModel) {
  Train();
  const std::string whole = ModelBytes();
  fs::remove(options_.output);
  options_.resume = true;
  Train();
  EXPECT_EQ(ModelBytes(), whole);
}

TEST_F(Training, ResumingWithOtherOptionsIsRefused) {
  Train();
  options_.resume = true;
  options_.recipe.optimizer.lr = 0.5;
  const Error error = TrainError();
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_NE(std::string(error.what()).find("lr"), std::string::npos) << error.what();
}

// A --resume that is refused says so before it computes or writes anything.
TEST_F(Training, AResumeThatIsRefusedChangesNothing) {
  options_.recipe.fine_tune.layers = FineTune::kAll;
  options_.recipe.fine_tune.optimizer.epochs = 1;
  Train();
  const auto files = Bytes(options_.run_folder);
  ASSERT_TRUE(files.contains("fine-tune-0.safetensors"));
  options_.resume = true;
  const auto refused = [&](const std::string& why) {
    const Error error = TrainError();
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
    EXPECT_TRUE(Bytes(options_.run_folder) == files) << "refused because of " << why;
  };
  options_.recipe.optimizer.lr = 0.5;
  refused("checkpoint.safetensors: is of another training: --lr was 0.003, now 0.5; train without --resume");
  options_.recipe.optimizer.lr = SmallRecipe().optimizer.lr;
  options_.seed = 8;
  refused("--seed was 7, now 8");
  options_.seed = 7;

  // Also where only the checkpoints of the fine-tuning are left.
  fs::remove(options_.run_folder / "checkpoint.safetensors");
  const auto rest = Bytes(options_.run_folder);
  fs::copy(photos_ / "bird", photos_ / "fox", fs::copy_options::recursive);
  const Error error = TrainError();
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_NE(
      std::string(error.what())
          .find("fine-tune-0.safetensors: is of another training: the photos changed: class \"fox\" was added (30 "
                "photos); train without --resume"),
      std::string::npos)
      << error.what();
  EXPECT_TRUE(Bytes(options_.run_folder) == rest);
}

TEST_F(Training, OneTrainingAFolder) {
  const RunFolder other(options_.run_folder);
  const Error error = TrainError();
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_NE(std::string(error.what()).find("another training"), std::string::npos);
}

TEST_F(Training, BrokenPhotosAreListed) {
  const Dataset dataset = ScanFolder(photos_);
  std::ofstream(dataset.root / dataset.photos[3].path) << "no picture";
  const TrainReport report = Train();
  EXPECT_EQ(report.num_skipped, 1u);
  const std::string csv = ReadFile(options_.run_folder / "skipped.csv");
  EXPECT_EQ(csv.find("path,status,reason\n" + dataset.photos[3].path + ",skipped,"), 0u) << csv;
  EXPECT_EQ(ReadModelCard(options_.output).data["skipped"], 1);
  EXPECT_TRUE(Train().features_from_cache);
  EXPECT_EQ(ReadFile(options_.run_folder / "skipped.csv"), csv) << "from the cache";
}

TEST_F(Training, AClassWithoutAReadablePhotoIsAnError) {
  const Dataset dataset = ScanFolder(photos_);
  for (const Photo& photo : dataset.photos) {
    if (photo.label == 1) std::ofstream(dataset.root / photo.path) << "no picture";
  }
  const Error error = TrainError();
  EXPECT_EQ(error.kind(), ErrorKind::kData);
  EXPECT_NE(std::string(error.what()).find(dataset.class_names[1]), std::string::npos) << error.what();
}

TEST_F(Training, WithoutATestSetThereIsNoTestNumber) {
  options_.test_fraction = 0;
  EXPECT_FALSE(Train().test.has_value());
  EXPECT_FALSE(ReadModelCard(options_.output).metrics.contains("test"));
}

TEST_F(Training, RefusesWhatCannotWork) {
  options_.validation_fraction = 0;
  const Error error = TrainError();
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_TRUE(std::string(error.what()).starts_with("--val 0 leaves no photos to choose the best epoch by; "));
  options_.validation_fraction = 0.15;
  options_.weights = "no-such-file.h5";
  EXPECT_EQ(TrainError().kind(), ErrorKind::kUsage);
}

// Then nothing is taken from the training photos anyway.
TEST_F(Training, FoldersOfTheirOwnForValidationNeedNoShare) {
  fs::create_directories(photos_ / "train");
  for (const char* name : {"bird", "other"}) {
    fs::create_directories(photos_ / "val" / name);
    for (const char* photo : {"001.jpg", "002.jpg"}) {
      fs::rename(photos_ / name / photo, photos_ / "val" / name / photo);
    }
    fs::rename(photos_ / name, photos_ / "train" / name);
  }
  options_.validation_fraction = 0;
  EXPECT_EQ(Train().validation.photos, 4);
}

TEST_F(Training, ASplitFileNeedsPhotosForTrainingAndValidation) {
  options_.split_file = folder_.path() / "split.csv";
  const auto message = [&](const std::string& lines) {
    testing::PutFile(options_.split_file, "path,class,split\n" + lines);
    const Error error = TrainError();
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    return std::string(error.what());
  };
  EXPECT_EQ(message("bird/001.jpg,bird,train\nother/001.jpg,other,test\n"),
            options_.split_file.native() + ": no photo of class \"other\" is for training");
  EXPECT_EQ(message("bird/001.jpg,bird,train\nother/001.jpg,other,train\n"),
            options_.split_file.native() + ": no photo is for validation, by which the best epoch is chosen");
}

TEST_F(Training, FollowsASplitFile) {
  Train();
  options_.split_file = folder_.path() / "split.csv";
  fs::copy_file(options_.run_folder / "split.csv", options_.split_file);
  const std::string whole = ModelBytes();
  options_.validation_fraction = 0;  // without effect: the file says it all
  Train();
  EXPECT_EQ(ModelBytes(), whole);
}

}  // namespace
}  // namespace siskin
