#include "train/head_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <string>

#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "siskin/error.h"
#include "train/checkpoint.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

struct Quiet {
  explicit Quiet(int num_threads = 2) : threads(num_threads) {}
  ThreadPool threads;
  Progress progress;
  std::atomic<bool> stop = false;
  RunContext context{threads, progress, stop};
};

// Clouds around one point per class, with different spreads per channel and one channel that never moves.
FeatureSet Clouds(size_t photos, int classes, uint64_t seed) {
  constexpr size_t kChannels = 20;
  FeatureSet set;
  set.channels = kChannels;
  for (size_t photo = 0; photo < photos; ++photo) {
    const int label = static_cast<int>(photo % static_cast<size_t>(classes));
    Random noise(seed, RandomPurpose::kTest, 1, static_cast<uint32_t>(photo));
    Random centre(99, RandomPurpose::kTest, 2, static_cast<uint32_t>(label));
    for (size_t c = 0; c < kChannels; ++c) {
      const float spread = 0.1f * static_cast<float>(c + 1);
      const float value = 3 + spread * (centre.Normal() + noise.Normal());
      set.features.push_back(c == 7 ? 1.5f : value);
    }
    set.labels.push_back(label);
    set.paths.push_back(std::to_string(photo));
  }
  return set;
}

Recipe SmallRecipe() {
  Recipe recipe;
  recipe.head = {{16, 8}, 0.3f};
  recipe.optimizer.epochs = 4;
  recipe.head_batch = 24;
  recipe.optimizer.kind = Optimizer::kAdamW;
  recipe.optimizer.weight_decay = 0.01;
  recipe.optimizer.lr = 0.01;
  recipe.label_smoothing = 0.05;
  recipe.optimizer.warmup = 1;
  return recipe;
}

struct Outcome {
  std::vector<EpochResult> history;
  TensorMap weights;
};

Outcome Train(const Recipe& recipe, int classes, const RunContext& context) {
  const FeatureSet train = Clouds(100, classes, 1), validation = Clouds(60, classes, 2);
  HeadTrainer trainer(recipe, 5, classes, train, validation, context);
  while (!trainer.finished()) trainer.RunEpoch();
  return {trainer.state().history, trainer.BestWeights()};
}

void ExpectSameBits(const Outcome& a, const Outcome& b) {
  ASSERT_EQ(a.history.size(), b.history.size());
  for (size_t i = 0; i < a.history.size(); ++i) {
    EXPECT_EQ(a.history[i].train_loss, b.history[i].train_loss);
    EXPECT_EQ(a.history[i].validation_loss, b.history[i].validation_loss);
  }
  ASSERT_EQ(a.weights.size(), b.weights.size());
  for (const auto& [name, tensor] : a.weights) {
    const std::span<const std::byte> mine = tensor.bytes(), theirs = b.weights.at(name).bytes();
    EXPECT_TRUE(std::ranges::equal(mine, theirs)) << name;
  }
}

// Logits of the weights as a model holds them, in double, on raw features.
std::vector<double> PlainLogits(const TensorMap& weights, const HeadSpec& head, std::span<const float> features) {
  std::vector<double> values(features.begin(), features.end());
  const std::vector<std::string> names = HeadLayerNames(head);
  for (const std::string& name : names) {
    const Tensor &kernel = weights.at(name + "/kernel"), &bias = weights.at(name + "/bias");
    const size_t units = static_cast<size_t>(kernel.shape()[1]);
    std::vector<double> next;
    for (size_t unit = 0; unit < units; ++unit) {
      double z = bias.data()[unit];
      for (size_t i = 0; i < values.size(); ++i) z += values[i] * kernel.data()[i * units + unit];
      next.push_back(name == names.back() ? z : std::max(z, 0.0));
    }
    values = next;
  }
  return values;
}

TEST(HeadTrainer, LearnsTwoClasses) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.optimizer.epochs = 12;
  const Outcome outcome = Train(recipe, 2, quiet.context);
  EXPECT_GT(outcome.history.back().validation_accuracy, 0.95);
  EXPECT_LT(outcome.history.back().train_loss, outcome.history.front().train_loss);
  EXPECT_EQ(outcome.weights.at("head_logits/kernel").shape(), (Shape{8, 1}));
  EXPECT_EQ(outcome.weights.at("head_dense_1/kernel").shape(), (Shape{20, 16}));
}

TEST(HeadTrainer, LearnsFourClassesWithEveryOptimizer) {
  Quiet quiet;
  for (const Optimizer optimizer : {Optimizer::kSgd, Optimizer::kAdam, Optimizer::kAdamW}) {
    Recipe recipe = SmallRecipe();
    recipe.optimizer.kind = optimizer;
    recipe.optimizer.epochs = 20;
    const Outcome outcome = Train(recipe, 4, quiet.context);
    EXPECT_GT(outcome.history.back().validation_accuracy, 0.9) << static_cast<int>(optimizer);
    EXPECT_EQ(outcome.weights.at("head_logits/bias").shape(), Shape{4});
  }
}

TEST(HeadTrainer, LinearHead) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.head.hidden.clear();
  recipe.optimizer.epochs = 20;
  const Outcome outcome = Train(recipe, 2, quiet.context);
  EXPECT_GT(outcome.history.back().validation_accuracy, 0.95);
  EXPECT_EQ(outcome.weights.size(), 2u);
}

TEST(HeadTrainer, SameBitsForAnyNumberOfThreads) {
  Quiet one(1), two(2), three(3);
  const Outcome alone = Train(SmallRecipe(), 3, one.context);
  ExpectSameBits(alone, Train(SmallRecipe(), 3, two.context));
  ExpectSameBits(alone, Train(SmallRecipe(), 3, three.context));
}

TEST(HeadTrainer, FoldedWeightsAnswerOnRawFeatures) {
  Quiet quiet;
  const Recipe recipe = SmallRecipe();
  const FeatureSet train = Clouds(100, 2, 1), validation = Clouds(60, 2, 2);
  HeadTrainer trainer(recipe, 5, 2, train, validation, quiet.context);
  trainer.RunEpoch();
  const TensorMap weights = trainer.BestWeights();
  std::vector<float> logits;
  for (size_t i = 0; i < validation.num_photos(); ++i) {
    logits.push_back(static_cast<float>(PlainLogits(weights, recipe.head, validation.row(i))[0]));
  }
  EXPECT_NEAR(CalibratedLoss(logits, validation.labels).mean_loss(), trainer.state().history[0].validation_loss, 1e-5);
}

// Two validation photos of three are right, whatever happens. An epoch that is ten times as sure has a far higher plain
// loss; calibrated, they are equal.
TEST(HeadTrainer, ComparesEpochsAtTheirBestTemperature) {
  Quiet quiet;
  FeatureSet train{.channels = 1, .features = {}, .labels = {}, .paths = {}};
  for (int i = 0; i < 48; ++i) {
    train.labels.push_back(i % 2);
    train.features.push_back(i % 2 == 1 ? 1.0f : -1.0f);
  }
  FeatureSet validation{.channels = 1, .features = {1, -1, 1}, .labels = {1, 0, 0}, .paths = {}};
  Recipe recipe = SmallRecipe();
  recipe.head.hidden.clear();
  recipe.label_smoothing = 0;
  recipe.optimizer.kind = Optimizer::kSgd;
  recipe.optimizer.schedule = Schedule::kConstant;
  recipe.optimizer.lr = 1;
  recipe.optimizer.epochs = 60;
  HeadTrainer trainer(recipe, 5, 2, train, validation, quiet.context);
  while (!trainer.finished()) trainer.RunEpoch();
  const std::vector<EpochResult>& history = trainer.state().history;
  EXPECT_LT(history.back().train_loss, 0.2 * history.front().train_loss) << "it should become surer";
  EXPECT_NEAR(history.back().validation_loss, history.front().validation_loss, 0.01);
}

TEST(Loss, ATemperatureChangesNoCalibratedLoss) {
  const std::vector<int> labels = {0, 2, 1, 1};
  const std::vector<float> logits = {3, 1, 0, -1, 2, 1, 4, 1, 0, 0, 2, -2};  // [photos, classes]
  const LossSum loss = CalibratedLoss(logits, labels);
  EXPECT_EQ(loss.photos, 4);
  EXPECT_EQ(loss.correct, 2);
  std::vector<float> unsure = logits;
  for (float& logit : unsure) logit /= 5;
  EXPECT_NEAR(CalibratedLoss(unsure, labels).mean_loss(), loss.mean_loss(), 1e-6);
  double plain = 0;  // at temperature 1
  for (size_t i = 0; i < labels.size(); ++i) {
    plain += CrossEntropy(std::span(logits).subspan(3 * i, 3), {std::span(labels).subspan(i, 1)}, {}).loss / 4;
  }
  EXPECT_LT(loss.mean_loss(), plain);
}

TEST(Standardization, MeanZeroDeviationOne) {
  Quiet quiet;
  const FeatureSet set = Clouds(200, 2, 1);
  const Standardization fit = FitStandardization(set, true, quiet.threads);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < set.num_photos(); ++i) {
    const double x = (static_cast<double>(set.row(i)[3]) - fit.mean[3]) * fit.scale[3];
    sum += x;
    squares += x * x;
    EXPECT_EQ((set.row(i)[7] - fit.mean[7]) * fit.scale[7], 0) << "the channel that never moves";
  }
  EXPECT_NEAR(sum / 200, 0, 1e-5);
  EXPECT_NEAR(squares / 200, 1, 1e-5);
  EXPECT_TRUE(std::isfinite(fit.scale[7]));
  const Standardization identity = FitStandardization(set, false, quiet.threads);
  EXPECT_EQ(identity.mean[3], 0);
  EXPECT_EQ(identity.scale[3], 1);
}

TEST(HeadTrainer, BestEpochAndPatience) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.optimizer.epochs = 200;
  recipe.patience = 3;
  recipe.optimizer.schedule = Schedule::kConstant;
  const FeatureSet train = Clouds(100, 2, 1), validation = Clouds(60, 2, 2);
  HeadTrainer trainer(recipe, 5, 2, train, validation, quiet.context);
  while (!trainer.finished()) trainer.RunEpoch();
  const HeadState& state = trainer.state();
  EXPECT_LT(state.history.size(), 200u);
  EXPECT_EQ(state.history.size(), static_cast<size_t>(state.best_epoch) + 3);
  for (const EpochResult& epoch : state.history) {
    EXPECT_GE(epoch.validation_loss, state.history[static_cast<size_t>(state.best_epoch) - 1].validation_loss);
  }
  EXPECT_NE(state.best, state.parameters);
}

// Where the learning rate falls to the end, an epoch of the first half does not win, and patience does not end it
// there.
TEST(HeadTrainer, TheBestEpochIsOneOfTheSecondHalfIfTheLearningRateFalls) {
  Quiet quiet;
  const FeatureSet train = Clouds(100, 2, 1);
  FeatureSet validation = Clouds(60, 2, 2);
  for (int& label : validation.labels) label = 1 - label;  // the more it learns, the worse it gets
  for (const Schedule schedule : {Schedule::kConstant, Schedule::kPlateau, Schedule::kCosine, Schedule::kStep}) {
    Recipe recipe = SmallRecipe();
    recipe.optimizer.epochs = 21;
    recipe.optimizer.schedule = schedule;
    recipe.optimizer.warmup = 0;
    recipe.patience = 4;
    HeadTrainer trainer(recipe, 5, 2, train, validation, quiet.context);
    while (!trainer.finished()) trainer.RunEpoch();
    const HeadState& state = trainer.state();
    const bool falls = schedule == Schedule::kCosine || schedule == Schedule::kStep;
    EXPECT_EQ(FirstCandidate(recipe.optimizer), falls ? 11 : 1);
    EXPECT_GE(state.best_epoch, FirstCandidate(recipe.optimizer));
    EXPECT_EQ(state.history.size(), static_cast<size_t>(std::min(state.best_epoch + 4, 21)));
    for (const EpochResult& epoch : state.history) {
      if (epoch.epoch < FirstCandidate(recipe.optimizer)) continue;
      EXPECT_GE(epoch.validation_loss, state.history[static_cast<size_t>(state.best_epoch) - 1].validation_loss);
    }
  }
}

TEST(HeadTrainer, SelectsByAccuracy) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.optimizer.epochs = 10;
  recipe.select_by = SelectBy::kAccuracy;
  const FeatureSet train = Clouds(100, 3, 1), validation = Clouds(60, 3, 2);
  HeadTrainer trainer(recipe, 5, 3, train, validation, quiet.context);
  while (!trainer.finished()) trainer.RunEpoch();
  const std::vector<EpochResult>& history = trainer.state().history;
  const EpochResult& best = history[static_cast<size_t>(trainer.state().best_epoch) - 1];
  for (const EpochResult& epoch : history) {
    if (epoch.epoch < FirstCandidate(recipe.optimizer)) continue;
    EXPECT_LE(epoch.validation_accuracy, best.validation_accuracy);
    if (epoch.validation_accuracy == best.validation_accuracy) {
      EXPECT_GE(epoch.validation_loss, best.validation_loss);
    }
  }
}

TEST(HeadTrainer, BalancedClassesCountTheSame) {
  Quiet quiet;
  // Features that say nothing: a head can only learn how frequent the classes are.
  FeatureSet train{.channels = 1, .features = std::vector<float>(110, 1.0f), .labels = {}, .paths = {}};
  for (int i = 0; i < 110; ++i) train.labels.push_back(i < 10 ? 1 : 0);
  FeatureSet validation{.channels = 1, .features = {1, 1}, .labels = {0, 1}, .paths = {}};
  Recipe recipe = SmallRecipe();
  recipe.head.hidden.clear();
  recipe.label_smoothing = 0;
  recipe.optimizer.epochs = 200;
  const auto loss = [&](ClassWeight weight) {
    recipe.class_weight = weight;
    HeadTrainer trainer(recipe, 5, 2, train, validation, quiet.context);
    while (!trainer.finished()) trainer.RunEpoch();
    const double z = trainer.state().parameters.back();               // the bias; standardized features are 0
    return (std::log1p(std::exp(z)) + std::log1p(std::exp(-z))) / 2;  // of a photo of each class
  };
  EXPECT_NEAR(loss(ClassWeight::kBalanced), std::log(2.0), 0.02);
  EXPECT_NEAR(loss(ClassWeight::kNone), -(std::log(10.0 / 110) + std::log(100.0 / 110)) / 2, 0.1);
}

TEST(HeadTrainer, DivergingIsAnErrorWithTheRemedy) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.optimizer.kind = Optimizer::kSgd;
  recipe.optimizer.lr = 1000;
  recipe.optimizer.momentum = 0.99;
  recipe.optimizer.epochs = 100;
  recipe.optimizer.warmup = 0;
  try {
    Train(recipe, 2, quiet.context);
    FAIL() << "did not diverge";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("--lr 100"), std::string::npos) << error.what();
  }
}

TEST(HeadTrainer, StopsBetweenSteps) {
  Quiet quiet;
  quiet.stop = true;
  try {
    Train(SmallRecipe(), 2, quiet.context);
    FAIL() << "did not stop";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

const Json kHeadIdentity = {{"seed", 5}, {"recipe", {{"lr", 0.01}, {"epochs", 4}}}};

TEST(Checkpoint, ResumingAfterAnyEpochEndsInTheSameBits) {
  Quiet quiet;
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "checkpoint.safetensors";
  for (const char* optimizer : {"adamw", "sgd"}) {
    Recipe recipe = SmallRecipe();
    SetRecipeField(&recipe, "optimizer", optimizer);
    const Outcome whole = Train(recipe, 3, quiet.context);
    const FeatureSet train = Clouds(100, 3, 1), validation = Clouds(60, 3, 2);
    for (int stop_after = 1; stop_after <= recipe.optimizer.epochs; ++stop_after) {
      HeadTrainer first(recipe, 5, 3, train, validation, quiet.context);
      for (int epoch = 0; epoch < stop_after; ++epoch) first.RunEpoch();
      ASSERT_EQ(TryWriteCheckpoint(file, first.state(), kHeadIdentity), "");

      HeadTrainer second(recipe, 5, 3, train, validation, quiet.context);
      second.Restore(ReadCheckpoint(file, second.state(), kHeadIdentity));
      while (!second.finished()) second.RunEpoch();
      ExpectSameBits(whole, {second.state().history, second.BestWeights()});
    }
  }
}

class CheckpointFile : public ::testing::Test {
 protected:
  CheckpointFile() : trainer_(SmallRecipe(), 5, 2, train_, validation_, quiet_.context) {
    trainer_.RunEpoch();
    EXPECT_EQ(TryWriteCheckpoint(file_, trainer_.state(), kHeadIdentity), "");
  }

  Error ReadError(const Json& identity) {
    try {
      ReadCheckpoint(file_, HeadTrainer(SmallRecipe(), 5, 2, train_, validation_, quiet_.context).state(), identity);
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::kInternal, "was accepted");
  }

  const FeatureSet train_ = Clouds(50, 2, 1), validation_ = Clouds(20, 2, 2);
  Quiet quiet_;
  HeadTrainer trainer_;
  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "checkpoint.safetensors";
};

TEST_F(CheckpointFile, RefusesAnotherTrainingAndSaysWhatDiffers) {
  Json other = kHeadIdentity;
  other["recipe"]["lr"] = 0.001;
  const Error error = ReadError(other);
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_NE(std::string(error.what()).find("--lr was 0.01, now 0.001"), std::string::npos) << error.what();
  EXPECT_STREQ(ReadError(kHeadIdentity).what(), "was accepted");
}

// An unfinished run of an earlier version is not damaged, and not gone on with either.
TEST_F(CheckpointFile, RefusesTheFormsBefore) {
  const std::string good = ReadFile(file_);
  const std::string version = R"(\"version\":)";
  const size_t at = good.find(version + "3");
  ASSERT_NE(at, std::string::npos);
  for (const char before : {'1', '2'}) {
    std::string old = good;
    old[at + version.size()] = before;
    std::ofstream(file_, std::ios::binary) << old;
    const Error error = ReadError(kHeadIdentity);
    EXPECT_EQ(error.kind(), ErrorKind::kModel);
    EXPECT_NE(std::string(error.what()).find("another version of Siskin"), std::string::npos) << error.what();
  }
}

TEST_F(CheckpointFile, RefusesAnyFlippedByte) {
  const std::string good = ReadFile(file_);
  for (size_t at = 0; at < good.size(); at += 1 + good.size() / 97) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    std::ofstream(file_, std::ios::binary) << bad;
    EXPECT_EQ(ReadError(kHeadIdentity).kind(), ErrorKind::kModel) << "byte " << at;
  }
}

TEST_F(CheckpointFile, RefusesATruncatedFile) {
  const std::string good = ReadFile(file_);
  for (size_t size = 0; size < good.size(); size += 1 + good.size() / 53) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << good.substr(0, size);
    EXPECT_EQ(ReadError(kHeadIdentity).kind(), ErrorKind::kModel) << size << " bytes";
  }
}

TEST_F(CheckpointFile, RefusesAnotherHead) {
  Recipe recipe = SmallRecipe();
  recipe.head.hidden = {17, 8};
  const HeadTrainer other(recipe, 5, 2, train_, validation_, quiet_.context);
  EXPECT_THROW(ReadCheckpoint(file_, other.state(), kHeadIdentity), Error);
}

TEST_F(CheckpointFile, AFullDiskLeavesTheOldOne) {
  const std::string good = ReadFile(file_);
  trainer_.RunEpoch();
  testing::FullDisk disk;
  const std::string problem = TryWriteCheckpoint(file_, trainer_.state(), kHeadIdentity, disk);
  EXPECT_NE(problem.find("cannot write: No space left on device; free some space"), std::string::npos) << problem;
  EXPECT_EQ(ReadFile(file_), good);
}

}  // namespace
}  // namespace siskin
