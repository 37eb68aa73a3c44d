// The public evaluation against the functions below it.
#include "siskin/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing.h"
#include "compare/score_photos.h"
#include "data/testing_files.h"
#include "graph/testing_interpreter.h"
#include "model/self_proof.h"
#include "model/testing_model.h"
#include "networks/imagenet_groups.h"
#include "networks/imagenet_labels.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// A network with ImageNet's classes and random weights.
ClassifierModel SmallImageNetModel() {
  ClassifierModel model = testing::SmallModel({"replaced", "below"});
  model.card.network.top = true;
  model.card.network.classes = static_cast<int>(ImageNetLabels().size());
  model.card.class_names.clear();
  for (const ImageNetLabel& label : ImageNetLabels()) model.card.class_names.emplace_back(label.name);
  model.weights = testing::RandomWeights(BuildModelGraph(model.card), 1);
  return model;
}

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() {
    testing::WriteDemoPhotos(photos_, 5);
    SaveModel(model_, testing::SmallModel({"bird", "other"}));
  }

  EvaluateOptions Options() const { return {.model = model_, .folder = photos_}; }

  testing::TemporaryFolder folder_;
  fs::path photos_ = folder_.path() / "photos", model_ = folder_.path() / "m.safetensors";
};

// What the library's functions say of all the photos.
PhotoScoring ScoringOf(const fs::path& file, const fs::path& photos) {
  ThreadPool threads(1);
  Progress progress;
  const std::atomic<bool> stop = false;
  const ClassifierModel model = ReadModel(file);
  Predictor predictor(model, 1, threads);
  const Dataset dataset = PhotosToScore(photos, "", {}, progress);
  return ScorePhotos(dataset, PhotosOfPart(dataset, "all"), MapClasses(dataset, model.card), predictor, nullptr, "eval",
                     {threads, progress, stop});
}

TEST_F(EvaluateTest, SaysWhatTheFunctionsBelowSay) {
  const ScoredPhotos expected = ScoringOf(model_, photos_).scored;
  EvaluateOptions options = Options();
  options.batch = 3;
  const Evaluation evaluation = Evaluate(options, {.threads = 2});
  EXPECT_EQ(ToCsv(evaluation.metrics), ToCsv(MetricsOf(expected)));
  EXPECT_EQ(evaluation.metrics.log_loss, MetricsOf(expected).log_loss);
  ASSERT_EQ(evaluation.photos.size(), 10u);
  for (size_t i = 0; i < evaluation.photos.size(); ++i) {
    const EvaluatedPhoto& photo = evaluation.photos[i];
    EXPECT_EQ(photo.path, expected.paths[i]);
    EXPECT_EQ(photo.truth, expected.labels[i]);
    EXPECT_EQ(photo.label, expected.decisions[i]);
    EXPECT_EQ(photo.scores, (std::vector{expected.score(i, 0), expected.score(i, 1)})) << photo.path;
  }
  EXPECT_NE(evaluation.photos[0].scores, evaluation.photos[9].scores) << "all alike: nothing is tested";
  EXPECT_EQ(evaluation.class_names, (std::vector<std::string>{"bird", "other"}));
  EXPECT_EQ(evaluation.model.network, "mobilenet");
  EXPECT_EQ(evaluation.split, "given");
  EXPECT_TRUE(evaluation.skipped.empty());
}

TEST_F(EvaluateTest, OneClassIsEnough) {
  fs::remove_all(photos_ / "bird");
  const Evaluation evaluation = Evaluate(Options());
  ASSERT_EQ(evaluation.photos.size(), 5u);
  for (const EvaluatedPhoto& photo : evaluation.photos) EXPECT_EQ(photo.truth, 1) << photo.path;
  EXPECT_EQ(evaluation.metrics.classes[0].photos, 0);
  EXPECT_EQ(evaluation.metrics.classes[1].recall, evaluation.metrics.accuracy);
}

TEST_F(EvaluateTest, ABrokenPhotoIsListedAndNotThrown) {
  const Evaluation whole = Evaluate(Options());
  testing::PutFile(photos_ / "bird" / "000.jpg", "no photo");
  testing::PutFile(photos_ / "other" / "empty.jpg", "");
  const Evaluation evaluation = Evaluate(Options());
  ASSERT_EQ(evaluation.skipped.size(), 2u);
  EXPECT_EQ(evaluation.skipped[0].path, "other/empty.jpg") << "what the folder's list says comes first";
  EXPECT_EQ(evaluation.skipped[1].path, "bird/000.jpg");
  EXPECT_NE(evaluation.skipped[1].reason.find("not a JPEG"), std::string::npos) << evaluation.skipped[1].reason;
  ASSERT_EQ(evaluation.photos.size(), whole.photos.size());
  for (size_t i = 0; i < whole.photos.size(); ++i) EXPECT_EQ(evaluation.photos[i].scores, whole.photos[i].scores);
}

TEST_F(EvaluateTest, MeasuresThePartThatIsAskedFor) {
  const fs::path split = folder_.path() / "split.csv";
  testing::PutFile(split,
                   "path,class,split\nbird/001.jpg,bird,test\nother/002.jpg,other,test\nother/003.jpg,other,train\n");
  EvaluateOptions options = Options();
  options.split_file = split;
  const Evaluation test = Evaluate(options);
  ASSERT_EQ(test.photos.size(), 2u);
  EXPECT_EQ(test.photos[1].path, "other/002.jpg");
  EXPECT_EQ(test.split, "test");
  options.split = "train";
  EXPECT_EQ(Evaluate(options).photos.at(0).path, "other/003.jpg");
  options.split = "all";
  EXPECT_EQ(Evaluate(options).photos.size(), 3u);
  options.split = "validation";
  testing::ExpectError(ErrorKind::kData, "'validation' holds no photos", [&] { Evaluate(options); });
}

TEST_F(EvaluateTest, AGroupOfImageNetsClassesIsAQuestionWithTwoAnswers) {
  SaveModel(model_, SmallImageNetModel());
  EvaluateOptions options = Options();
  options.group = "bird";
  options.threshold = 0.0;
  testing::NotingProgress progress;
  const Evaluation evaluation = Evaluate(options, {.progress = &progress});
  EXPECT_EQ(evaluation.class_names, (std::vector<std::string>{"other", "bird"}));
  EXPECT_EQ(evaluation.model.class_names.size(), 1000u);
  EXPECT_EQ(evaluation.threshold, 0.0);
  EXPECT_NE(progress.notes.find("59 classes of ImageNet's"), std::string::npos) << progress.notes;
  Classifier classifier(model_, 1);
  for (const EvaluatedPhoto& photo : evaluation.photos) {
    const Prediction all = classifier.ClassifyFile(photos_ / photo.path);
    EXPECT_EQ(photo.scores[1], GroupScore(FindImageNetGroup("bird"), all.scores)) << photo.path;
    EXPECT_EQ(photo.truth, photo.path.starts_with("bird/") ? 1 : 0);
    EXPECT_EQ(photo.label, 1) << "every score is at least 0";
  }
  EXPECT_NE(EvaluationReport(evaluation, "").find("Threshold"), std::string::npos) << "only two classes have one";
  SaveModel(model_, testing::SmallModel({"bird", "other"}));
  testing::ExpectError(ErrorKind::kUsage, "a model with classes of its own", [&] { Evaluate(options); });
}

TEST_F(EvaluateTest, RefusesWhatMakesNoSense) {
  const auto expect = [&](ErrorKind kind, const char* part, auto change) {
    EvaluateOptions options = Options();
    change(options);
    testing::ExpectError(kind, part, [&] { Evaluate(options); });
  };
  using O = EvaluateOptions;
  expect(ErrorKind::kUsage, "no part 'tset'", [](O& o) { o.split = "tset"; });
  expect(ErrorKind::kUsage, "at least one photo", [](O& o) { o.batch = 0; });
  expect(ErrorKind::kUsage, "belongs to a group", [](O& o) { o.threshold = 0.5; });
  expect(ErrorKind::kUsage, "from 0 to 1", [](O& o) { o.group = "bird", o.threshold = 1.5; });
  expect(ErrorKind::kUsage, "neither a word", [](O& o) { o.group = "xqzwv"; });
  expect(ErrorKind::kIo, "no-model", [&](O& o) { o.model = folder_.path() / "no-model"; });
  expect(ErrorKind::kModel, "photo", [&](O& o) { o.model = photos_ / "bird" / "001.jpg"; });
  expect(ErrorKind::kData, "no-photos", [&](O& o) { o.folder = folder_.path() / "no-photos"; });
  SaveModel(model_, testing::SmallModel({"cat", "dog"}));
  expect(ErrorKind::kData, "none of the model's classes (cat, dog)", [](O&) {});
}

TEST_F(EvaluateTest, NotOnePhotoIsAnError) {
  fs::remove_all(photos_);
  testing::PutFile(photos_ / "bird" / "1.jpg", "no photo");
  testing::ExpectError(ErrorKind::kData, "not one photo could be read", [&] { Evaluate(Options()); });
}

// Stops the work as soon as the first photos have been scored.
class StopAfterFirstBatch : public Progress {
 public:
  void Begin(std::string_view task, std::string_view, size_t total) override {
    EXPECT_EQ(task, "eval");
    EXPECT_EQ(total, 10u);
  }
  void Advance(size_t count) override {
    advanced += count;
    stop = true;
  }
  std::atomic<bool> stop = false;
  size_t advanced = 0;
};

TEST_F(EvaluateTest, TellsHowFarItIsAndCanBeStopped) {
  EvaluateOptions options = Options();
  options.batch = 4;
  StopAfterFirstBatch progress;
  testing::ExpectError(ErrorKind::kInterrupted, "stopped after 4 of 10 photos",
                       [&] { Evaluate(options, {.progress = &progress, .stop = &progress.stop}); });
  EXPECT_EQ(progress.advanced, 4u);
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(EvaluateTest, TheReportShowsTheMistakes) {
  const Evaluation evaluation = Evaluate(Options());
  const auto mistakes =
      static_cast<size_t>(std::ranges::count_if(evaluation.photos, [](const EvaluatedPhoto& p) { return !p.right(); }));
  ASSERT_GT(mistakes, 0u) << "an untrained model that makes none";
  const std::string page = EvaluationReport(evaluation, "eval <me>", {.threads = 1});
  EXPECT_NE(page.find("Evaluation report"), std::string::npos);
  EXPECT_NE(page.find("eval &lt;me&gt;"), std::string::npos);
  EXPECT_NE(page.find("MobileNet"), std::string::npos);
  EXPECT_EQ(CountOf(page, "data:image/jpeg"), mistakes);
}

TEST_F(EvaluateTest, AReportNeedsAnEvaluationThatFitsTogether) {
  testing::ExpectError(ErrorKind::kUsage, "without photos", [] { EvaluationReport({}, ""); });
  const Evaluation evaluation = Evaluate(Options());
  for (void (*spoil)(EvaluatedPhoto&) :
       {+[](EvaluatedPhoto& p) { p.truth = 2; }, +[](EvaluatedPhoto& p) { p.label = -1; },
        +[](EvaluatedPhoto& p) { p.scores.pop_back(); }}) {
    Evaluation spoiled = evaluation;
    spoil(spoiled.photos[3]);
    testing::ExpectError(ErrorKind::kUsage, evaluation.photos[3].path, [&] { EvaluationReport(spoiled, ""); });
  }
}

}  // namespace
}  // namespace siskin
