// The trainer and its state, on features: what it promises whatever it trains. fine_tune_test.cc has it on photos.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/random.h"
#include "base/testing.h"
#include "base/testing_allocations-inl.h"
#include "siskin/error.h"
#include "train/checkpoint.h"
#include "train/feature_source.h"
#include "train/initial_weights.h"
#include "train/phases.h"
#include "train/run_phase.h"

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

ModelCard CardOf(const Recipe& recipe, int classes) {
  ModelCard card;
  card.head = recipe.head;
  card.class_names.resize(static_cast<size_t>(classes));
  return card;
}

// A head on features, as in the first phase of a training.
struct HeadRun {
  HeadRun(const Recipe& recipe, int classes, const FeatureSet& train, const FeatureSet& validation,
          const RunContext& context)
      : source(train, validation, recipe.standardize, context.threads),
        options(HeadPhase(recipe, CardOf(recipe, classes), static_cast<int>(train.channels), train.labels, kSeed)),
        trainer(options, InitialWeights(options.graph.Layout(), kSeed), source, context) {}

  // To the end of an epoch, or as far as it gets.
  Trainer::Event RunEpoch() {
    Trainer::Event event = trainer.Advance();
    while (event == Trainer::Event::kStep) event = trainer.Advance();
    return event;
  }

  void RunAll() {
    while (!trainer.finished()) ASSERT_EQ(RunEpoch(), Trainer::Event::kEpoch);
  }

  const TrainingState& state() const { return trainer.state(); }

  // For features as they are.
  TensorMap BestWeights() const {
    TensorMap weights = trainer.BestWeights();
    const bool hidden = weights.contains("head_dense_1/kernel");
    FoldStandardization(source.standardization(), hidden ? "head_dense_1" : "head_logits", &weights);
    return weights;
  }

  static constexpr uint64_t kSeed = 5;
  FeatureSource source;
  TrainerOptions options;
  Trainer trainer;
};

struct Outcome {
  std::vector<EpochResult> history;
  TensorMap weights;
};

Outcome Train(const Recipe& recipe, int classes, const RunContext& context) {
  const FeatureSet train = Clouds(100, classes, 1), validation = Clouds(60, classes, 2);
  HeadRun head(recipe, classes, train, validation, context);
  head.RunAll();
  return {head.state().history, head.BestWeights()};
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

TEST(Trainer, LearnsTwoClasses) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.optimizer.epochs = 12;
  const Outcome outcome = Train(recipe, 2, quiet.context);
  EXPECT_GT(outcome.history.back().validation_accuracy, 0.95);
  EXPECT_LT(outcome.history.back().train_loss, outcome.history.front().train_loss);
  EXPECT_EQ(outcome.weights.at("head_logits/kernel").shape(), (Shape{8, 1}));
  EXPECT_EQ(outcome.weights.at("head_dense_1/kernel").shape(), (Shape{20, 16}));
}

TEST(Trainer, LearnsFourClassesWithEveryOptimizer) {
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

TEST(Trainer, LinearHead) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.head.hidden.clear();
  recipe.optimizer.epochs = 20;
  const Outcome outcome = Train(recipe, 2, quiet.context);
  EXPECT_GT(outcome.history.back().validation_accuracy, 0.95);
  EXPECT_EQ(outcome.weights.size(), 2u);
}

TEST(Trainer, SameBitsForAnyNumberOfThreads) {
  Quiet one(1), two(2), three(3);
  const Outcome alone = Train(SmallRecipe(), 3, one.context);
  ExpectSameBits(alone, Train(SmallRecipe(), 3, two.context));
  ExpectSameBits(alone, Train(SmallRecipe(), 3, three.context));
}

TEST(Trainer, FoldedWeightsAnswerOnRawFeatures) {
  Quiet quiet;
  const Recipe recipe = SmallRecipe();
  const FeatureSet train = Clouds(100, 2, 1), validation = Clouds(60, 2, 2);
  HeadRun head(recipe, 2, train, validation, quiet.context);
  head.RunEpoch();
  const TensorMap weights = head.BestWeights();
  std::vector<float> logits;
  for (size_t i = 0; i < validation.num_photos(); ++i) {
    logits.push_back(static_cast<float>(PlainLogits(weights, recipe.head, validation.row(i))[0]));
  }
  EXPECT_NEAR(CalibratedLoss(logits, validation.labels).mean_loss(), head.state().history[0].validation_loss, 1e-5);
}

// Two validation photos of three are right, whatever happens. An epoch that is ten times as sure has a far higher plain
// loss; calibrated, they are equal.
TEST(Trainer, ComparesEpochsAtTheirBestTemperature) {
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
  HeadRun head(recipe, 2, train, validation, quiet.context);
  head.RunAll();
  const std::vector<EpochResult>& history = head.state().history;
  EXPECT_LT(history.back().train_loss, 0.2 * history.front().train_loss) << "it should become surer";
  EXPECT_NEAR(history.back().validation_loss, history.front().validation_loss, 0.01);
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

TEST(Trainer, BestEpochAndPatience) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.optimizer.epochs = 200;
  recipe.patience = 3;
  recipe.optimizer.schedule = Schedule::kConstant;
  const FeatureSet train = Clouds(100, 2, 1), validation = Clouds(60, 2, 2);
  HeadRun head(recipe, 2, train, validation, quiet.context);
  head.RunAll();
  const TrainingState& state = head.state();
  EXPECT_LT(state.history.size(), 200u);
  EXPECT_EQ(state.history.size(), static_cast<size_t>(state.best_epoch) + 3);
  for (const EpochResult& epoch : state.history) {
    EXPECT_GE(epoch.validation_loss, state.history[static_cast<size_t>(state.best_epoch) - 1].validation_loss);
  }
  EXPECT_FALSE(std::ranges::equal(state.array(arrays::kBest), state.array(arrays::kParameters)));
}

// Where the learning rate falls to the end, an epoch of the first half does not win, and patience does not end it
// there.
TEST(Trainer, TheBestEpochIsOneOfTheSecondHalfIfTheLearningRateFalls) {
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
    HeadRun head(recipe, 2, train, validation, quiet.context);
    head.RunAll();
    const TrainingState& state = head.state();
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

TEST(Trainer, SelectsByAccuracy) {
  Quiet quiet;
  Recipe recipe = SmallRecipe();
  recipe.optimizer.epochs = 10;
  recipe.select_by = SelectBy::kAccuracy;
  const FeatureSet train = Clouds(100, 3, 1), validation = Clouds(60, 3, 2);
  HeadRun head(recipe, 3, train, validation, quiet.context);
  head.RunAll();
  const std::vector<EpochResult>& history = head.state().history;
  const EpochResult& best = history[static_cast<size_t>(head.state().best_epoch) - 1];
  for (const EpochResult& epoch : history) {
    if (epoch.epoch < FirstCandidate(recipe.optimizer)) continue;
    EXPECT_LE(epoch.validation_accuracy, best.validation_accuracy);
    if (epoch.validation_accuracy == best.validation_accuracy) {
      EXPECT_GE(epoch.validation_loss, best.validation_loss);
    }
  }
}

TEST(Trainer, BalancedClassesCountTheSame) {
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
    HeadRun head(recipe, 2, train, validation, quiet.context);
    head.RunAll();
    const double z = head.state().array(arrays::kParameters).back();  // the bias; standardized features are 0
    return (std::log1p(std::exp(z)) + std::log1p(std::exp(-z))) / 2;  // of a photo of each class
  };
  EXPECT_NEAR(loss(ClassWeight::kBalanced), std::log(2.0), 0.02);
  EXPECT_NEAR(loss(ClassWeight::kNone), -(std::log(10.0 / 110) + std::log(100.0 / 110)) / 2, 0.1);
}

// A head's training as a phase, in a folder.
PhaseOptions PhaseIn(const fs::path& folder) {
  PhaseOptions phase;
  phase.name = "head's training";
  phase.task = "training";
  phase.remedy = "try --lr 100";
  phase.short_epochs = true;
  phase.checkpoints = {folder / "checkpoint.safetensors"};
  phase.log = [](const TrainingState&) { return std::string(); };
  return phase;
}

// It goes back three times, then says so.
TEST(Phase, DivergingIsAnErrorWithTheRemedy) {
  Quiet quiet;
  const TemporaryFolder folder;
  Recipe recipe = SmallRecipe();
  recipe.optimizer = {.kind = Optimizer::kSgd, .epochs = 100, .lr = 1000, .momentum = 0.99, .weight_decay = 0.01};
  const FeatureSet train = Clouds(100, 2, 1), validation = Clouds(60, 2, 2);
  HeadRun head(recipe, 2, train, validation, quiet.context);
  testing::ExpectError(ErrorKind::kUsage,
                       "the head's training diverges: a loss or gradient is NaN, also after 3 tries with half the "
                       "learning rate; try --lr 100. The photos of the last step: ",
                       [&] { RunPhase(PhaseIn(folder.path()), &head.trainer, quiet.context); });
  EXPECT_EQ(head.state().rollbacks, 3);
  EXPECT_EQ(head.state().lr_factor, 0.125);
}

// Neither checkpoints nor logs are worth more than the training.
TEST(Phase, GoesOnWithoutWhatCannotBeWritten) {
  Quiet quiet;
  testing::NotingProgress progress;
  const TemporaryFolder folder;
  const FeatureSet train = Clouds(100, 2, 1), validation = Clouds(60, 2, 2);
  HeadRun head(SmallRecipe(), 2, train, validation, quiet.context);
  testing::FullDisk disk;
  PhaseOptions phase = PhaseIn(folder.path());
  phase.ops = &disk;
  phase.log = [](const TrainingState&) { return std::string("log.csv: cannot write"); };
  RunPhase(phase, &head.trainer, {quiet.threads, progress, quiet.stop});
  ExpectSameBits({head.state().history, head.BestWeights()}, Train(SmallRecipe(), 2, quiet.context));
  const auto warned = [&](const std::string& what) {
    return std::ranges::count_if(progress.warnings, [&](const std::string& line) { return line.ends_with(what); });
  };
  EXPECT_EQ(warned("; the training goes on without this checkpoint"), 5);  // before the first epoch and after each
  EXPECT_EQ(warned("log.csv: cannot write; the training goes on without this log"), 5);
}

TEST(Trainer, StopsBetweenSteps) {
  Quiet quiet;
  const FeatureSet train = Clouds(100, 2, 1), validation = Clouds(60, 2, 2);
  HeadRun head(SmallRecipe(), 2, train, validation, quiet.context);
  EXPECT_EQ(head.trainer.Advance(), Trainer::Event::kStep);
  quiet.stop = true;
  EXPECT_EQ(head.trainer.Advance(), Trainer::Event::kStopped);
  EXPECT_EQ(head.state().steps, 1);
}

TEST(Trainer, NothingIsAllocatedInAStep) {
  Quiet quiet(1);
  const FeatureSet train = Clouds(100, 3, 1), validation = Clouds(60, 3, 2);
  for (const char* optimizer : {"sgd", "adamw"}) {
    Recipe recipe = SmallRecipe();
    SetRecipeField(&recipe, "optimizer", optimizer);
    recipe.optimizer.schedule = Schedule::kPlateau;
    recipe.class_weight = ClassWeight::kBalanced;
    HeadRun head(recipe, 3, train, validation, quiet.context);
    TrainerOptions options = head.options;
    options.clip_norm = 0.5;
    options.ema = 0.9;
    options.mixup = 0.2;
    Trainer trainer(options, InitialWeights(options.graph.Layout(), 5), head.source, quiet.context);
    ASSERT_EQ(trainer.Advance(), Trainer::Event::kStep);  // the first of an epoch draws the order of photos
    const size_t before = testing::NumAllocationsOfThread();
    ASSERT_GT(before, 0u) << "allocations are not counted";
    for (int step = 1; step < trainer.steps_per_epoch(); ++step) {
      ASSERT_EQ(trainer.Advance(), Trainer::Event::kStep);
    }
    EXPECT_EQ(testing::NumAllocationsOfThread(), before) << optimizer;
  }
}

const Json kHeadIdentity = {{"seed", 5}, {"recipe", {{"lr", 0.01}, {"epochs", 4}}}};

// The state of a checkpoint, as a training that begins takes it.
TrainingState ReadState(const fs::path& file, const Json& identity, const TrainingState& expected) {
  Checkpoint checkpoint;
  if (const std::optional<Error> error = TryReadCheckpoint(file, &checkpoint)) throw *error;
  CheckIdentity(file, checkpoint.identity, identity);
  CheckArrays(file, checkpoint.state, expected);
  return std::move(checkpoint.state);
}

TEST(Checkpoint, ResumingAfterAnyStepEndsInTheSameBits) {
  Quiet quiet;
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "checkpoint.safetensors";
  for (const char* optimizer : {"adamw", "sgd"}) {
    Recipe recipe = SmallRecipe();
    SetRecipeField(&recipe, "optimizer", optimizer);
    const Outcome whole = Train(recipe, 3, quiet.context);
    const FeatureSet train = Clouds(100, 3, 1), validation = Clouds(60, 3, 2);
    for (int stop_after = 1; stop_after <= 24; ++stop_after) {  // 4 epochs of 5 steps and a validation
      HeadRun first(recipe, 3, train, validation, quiet.context);
      for (int i = 0; i < stop_after; ++i) first.trainer.Advance();
      ASSERT_EQ(TryWriteCheckpoint(file, first.state(), kHeadIdentity), "");

      HeadRun second(recipe, 3, train, validation, quiet.context);
      second.trainer.Restore(ReadState(file, kHeadIdentity, second.state()));
      second.RunAll();
      ExpectSameBits(whole, {second.state().history, second.BestWeights()});
    }
  }
}

class CheckpointFile : public ::testing::Test {
 protected:
  CheckpointFile() : head_(SmallRecipe(), 2, train_, validation_, quiet_.context) {
    head_.RunEpoch();
    EXPECT_EQ(TryWriteCheckpoint(file_, head_.state(), kHeadIdentity), "");
  }

  Error ReadError(const Json& identity) {
    try {
      ReadState(file_, identity, HeadRun(SmallRecipe(), 2, train_, validation_, quiet_.context).state());
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::kInternal, "was accepted");
  }

  const FeatureSet train_ = Clouds(50, 2, 1), validation_ = Clouds(20, 2, 2);
  Quiet quiet_;
  HeadRun head_;
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
  const HeadRun other(recipe, 2, train_, validation_, quiet_.context);
  testing::ExpectError(ErrorKind::kModel, "optimizer_first has not the right size",
                       [&] { ReadState(file_, kHeadIdentity, other.state()); });
}

TEST_F(CheckpointFile, AFullDiskLeavesTheOldOne) {
  const std::string good = ReadFile(file_);
  head_.RunEpoch();
  testing::FullDisk disk;
  const std::string problem = TryWriteCheckpoint(file_, head_.state(), kHeadIdentity, disk);
  EXPECT_NE(problem.find("cannot write: No space left on device; free some space"), std::string::npos) << problem;
  EXPECT_EQ(ReadFile(file_), good);
}

}  // namespace
}  // namespace siskin
