// Training the network itself: nothing lost, nothing worse, the same bits. A small MobileNet on drawn photos.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/testing.h"
#include "base/testing_allocations.h"
#include "data/dataset.h"
#include "data/testing_files.h"
#include "graph/testing_interpreter.h"
#include "model/classifier_model.h"
#include "train/phases.h"
#include "train/photo_source.h"
#include "train/run_phase.h"
#include "train/trainer.h"
#include "weights/file/safetensors.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

const Json kIdentity = {{"seed", 7}};

// Says stop after so many steps, and remembers what it was told.
class Watcher : public Progress {
 public:
  explicit Watcher(int stop_after = -1) : left_(stop_after) {}
  void Advance(size_t) override {
    if (--left_ == 0) stop = true;
  }
  void Warn(std::string_view line) override { warnings.emplace_back(line); }

  std::atomic<bool> stop = false;
  std::vector<std::string> warnings;

 private:
  int left_;
};

// Fails the N-th operation and all that follow, as a process that is killed there; `torn` writes half before.
class FailingDisk : public FileOps {
 public:
  FailingDisk(int operation, int error, bool torn = false) : left_(operation), error_(error), torn_(torn) {}
  int Open(const fs::path& path, int flags, unsigned mode) override {
    return Dead() ? -error_ : FileOps::Open(path, flags, mode);
  }
  int64_t Write(int fd, const void* data, size_t size) override {
    if (!Dead()) return FileOps::Write(fd, data, size);
    if (torn_ && left_ == -1) FileOps::Write(fd, data, size / 2);
    return -error_;
  }
  int Fsync(int fd) override { return Dead() ? -error_ : FileOps::Fsync(fd); }
  int Rename(const fs::path& from, const fs::path& to) override { return Dead() ? -error_ : FileOps::Rename(from, to); }
  bool reached() const { return left_ < 0; }

 private:
  bool Dead() { return left_-- <= 0; }
  int left_, error_;
  bool torn_;
};

std::string Catching(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class FineTuning : public ::testing::Test {
 protected:
  FineTuning() {
    testing::WriteDemoPhotos(photos_, 14);
    recipe_.network = "mobilenet";
    recipe_.alpha = 0.25;
    recipe_.size = 32;
    recipe_.head = {{8}, 0.2f};
    recipe_.augment = FindAugmentation("article");
    recipe_.fine_tune.layers = FineTune::kAll;
    recipe_.fine_tune.optimizer.epochs = 3;
    recipe_.fine_tune.batch = 4;
    recipe_.fine_tune.optimizer.lr = 0.01;
    card_.network = BackboneOf(recipe_);
    card_.head = recipe_.head;
    card_.preprocessing = PreprocessingOf(recipe_);
    card_.class_names = {"a", "b"};
    weights_ = testing::RandomWeights(BuildModelGraph(card_), 1);
    const Dataset dataset = ScanFolder(photos_);
    for (size_t i = 0; i < dataset.photos.size(); ++i) {
      LabelledPhotos& photos = i % 7 < 5 ? train_ : validation_;
      photos.files.push_back(dataset.root / dataset.photos[i].path);
      photos.labels.push_back(dataset.photos[i].label);
    }
  }

  struct Result {
    TensorMap best;
    TrainingState state;
    std::vector<std::string> warnings;
    std::string error;
  };

  // A run in `folder`, as a process of its own would do it.
  Result Run(const fs::path& folder, bool resume = false, int stop_after = -1, FileOps* ops = &FileOps::System(),
             int num_threads = 2) {
    ThreadPool threads(num_threads);
    Watcher watcher(stop_after);
    const RunContext context{threads, watcher, watcher.stop};
    PhotoSource source(train_, validation_, card_.preprocessing, recipe_.augment, kSeed, threads);
    Trainer trainer(FineTunePhase(recipe_, card_, head_, train_.labels, kSeed), weights_, source, context);
    PhaseOptions phase;
    phase.name = phase.task = "fine-tuning";
    phase.remedy = "try a tenth of --finetune-lr";
    phase.checkpoints = {folder / "fine-tune-0.safetensors", folder / "fine-tune-1.safetensors"};
    phase.stopped = folder / "fine-tune-stopped.safetensors";
    phase.identity = kIdentity;
    phase.resume = resume;
    phase.log = [](const TrainingState&) { return std::string(); };
    phase.ops = ops;
    Result result;
    result.error = Catching([&] { RunPhase(phase, &trainer, context); });
    if (result.error.empty() && trainer.state().best_epoch > 0) result.best = trainer.BestWeights();
    for (const auto& [name, tensor] : trainer.state().arrays) result.state.arrays.emplace(name, tensor.Clone());
    result.state.best_epoch = trainer.state().best_epoch;
    result.state.steps = trainer.state().steps;
    result.state.rollbacks = trainer.state().rollbacks;
    result.state.history = trainer.state().history;
    result.warnings = watcher.warnings;
    return result;
  }

  fs::path Folder(const std::string& name) {
    const fs::path path = folder_.path() / name;
    MakeFolder(path);
    return path;
  }

  static ::testing::AssertionResult SameArrays(const TensorMap& a, const TensorMap& b) {
    if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " and " << b.size() << " arrays";
    for (const auto& [name, tensor] : a) {
      if (!std::ranges::equal(tensor.values<float>(), b.at(name).values<float>())) {
        return ::testing::AssertionFailure() << name << " differs";
      }
    }
    return ::testing::AssertionSuccess();
  }

  static constexpr uint64_t kSeed = 7;
  TemporaryFolder folder_;
  fs::path photos_ = folder_.path() / "photos";
  Recipe recipe_;
  ModelCard card_;
  TensorMap weights_;
  LabelledPhotos train_, validation_;
  EpochResult head_ = {.validation_loss = 1e9};  // anything is better
};

TEST_F(FineTuning, SameBitsForAnyNumberOfThreads) {
  const Result two = Run(Folder("two"));
  ASSERT_EQ(two.error, "");
  EXPECT_EQ(two.state.history.size(), 3u);
  EXPECT_EQ(two.state.steps, 15);  // 20 photos
  for (const int num_threads : {1, 3, 7}) {
    const Result other = Run(Folder("n"), false, -1, &FileOps::System(), num_threads);
    EXPECT_TRUE(SameArrays(other.state.arrays, two.state.arrays)) << num_threads << " threads";
  }
}

TEST_F(FineTuning, LearnsItsTrainingPhotos) {
  if (testing::UnderSanitizer()) GTEST_SKIP() << testing::kTooSlow;
  recipe_.fine_tune.optimizer.epochs = 30;
  recipe_.fine_tune.batch = 10;
  recipe_.fine_tune.train_bn = true;
  recipe_.fine_tune.optimizer.kind = Optimizer::kAdam;
  recipe_.fine_tune.optimizer.lr = 0.003;
  recipe_.augment = {};
  const Result result = Run(Folder("learn"));
  ASSERT_EQ(result.error, "");
  EXPECT_LT(result.state.history.back().train_loss, 0.5 * result.state.history.front().train_loss);
}

TEST_F(FineTuning, StoppedAnywhereAndResumedGivesTheSameBits) {
  recipe_.fine_tune.ema = 0.9;
  recipe_.fine_tune.mixup = 0.4;
  const Result whole = Run(Folder("whole"));
  ASSERT_EQ(whole.error, "");
  const fs::path folder = Folder("stopped");
  int resumes = 0;
  Result result = Run(folder, false, 2);
  while (!result.error.empty()) {
    ASSERT_NE(result.error.find("stopped in epoch"), std::string::npos) << result.error;
    ASSERT_LT(++resumes, 30);
    result = Run(folder, true, 1 + resumes % 3, &FileOps::System(), 1 + resumes % 3);
  }
  EXPECT_GT(resumes, 5);
  EXPECT_TRUE(SameArrays(result.state.arrays, whole.state.arrays));
  EXPECT_TRUE(SameArrays(result.best, whole.best));
}

// As if the process were killed, or the disk broke, in any operation of any checkpoint.
TEST_F(FineTuning, AWriteThatFailsAnywhereLosesNothing) {
  if (testing::UnderThreadSanitizer()) GTEST_SKIP() << testing::kNoThreads;
  recipe_.fine_tune.optimizer.epochs = 1;  // two checkpoints: before the first step and after the epoch
  recipe_.fine_tune.batch = 10;
  const Result whole = Run(Folder("whole"));
  bool reached = true;
  int operations = 0;
  for (; reached; ++operations) {
    FailingDisk disk(operations, EIO, /*torn=*/operations % 2 == 1);
    const fs::path folder = Folder("cut" + std::to_string(operations));
    const Result cut = Run(folder, false, -1, &disk);
    reached = disk.reached();
    EXPECT_EQ(cut.error, "") << operations;
    if (!reached) {
      EXPECT_EQ(cut.warnings, std::vector<std::string>());
    }
    const Result resumed = Run(folder, true);
    EXPECT_EQ(resumed.error, "") << operations;
    EXPECT_TRUE(SameArrays(resumed.state.arrays, whole.state.arrays)) << "operation " << operations;
    fs::remove_all(folder);
  }
  EXPECT_GT(operations, 15);
}

TEST_F(FineTuning, ADamagedCheckpointIsNotUsed) {
  if (testing::UnderThreadSanitizer()) GTEST_SKIP() << testing::kNoThreads;
  const fs::path folder = Folder("damaged");
  const Result whole = Run(folder);
  for (const size_t keep : {size_t{0}, size_t{100}, size_t{5000}}) {
    for (const char* slot : {"fine-tune-0.safetensors", "fine-tune-1.safetensors"}) {
      const fs::path file = folder / slot;
      const std::string good = ReadFile(file);
      std::ofstream(file, std::ios::binary) << good.substr(0, keep);
      const Result resumed = Run(folder, true);
      EXPECT_EQ(resumed.error, "");
      EXPECT_EQ(resumed.warnings.size(), 1u);
      EXPECT_TRUE(SameArrays(resumed.state.arrays, whole.state.arrays)) << slot << " cut at " << keep;
      WriteFileAtomic(file, good);
    }
  }
  const fs::path file = folder / "fine-tune-1.safetensors";
  std::string bytes = ReadFile(file);
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(file, std::ios::binary) << bytes;
  const Result resumed = Run(folder, true);
  ASSERT_EQ(resumed.warnings.size(), 1u);
  EXPECT_NE(resumed.warnings[0].find("checksum"), std::string::npos) << resumed.warnings[0];
}

TEST_F(FineTuning, AFullDiskDoesNotEndIt) {
  if (testing::UnderThreadSanitizer()) GTEST_SKIP() << testing::kNoThreads;
  const Result whole = Run(Folder("whole"));
  FailingDisk full(12, ENOSPC);
  const Result result = Run(Folder("full"), false, -1, &full);
  EXPECT_EQ(result.error, "");
  EXPECT_GE(result.warnings.size(), 1u);
  EXPECT_TRUE(SameArrays(result.state.arrays, whole.state.arrays));
}

TEST_F(FineTuning, NothingWorseThanTheHeadIsKept) {
  head_ = {.validation_loss = 1e-9, .validation_accuracy = 1};
  EXPECT_EQ(Run(Folder("loss")).state.best_epoch, 0);
  head_ = {.validation_loss = 1e9, .validation_accuracy = 1.01};
  EXPECT_EQ(Run(Folder("accuracy")).state.best_epoch, 0);
  recipe_.fine_tune.keep = true;
  EXPECT_GT(Run(Folder("kept")).state.best_epoch, 0);
}

TEST_F(FineTuning, StatisticsMoveOnlyIfAsked) {
  const Result still = Run(Folder("still"));
  for (const auto& [name, tensor] : still.best) {
    if (name.find("moving_") == std::string::npos) continue;
    EXPECT_TRUE(std::ranges::equal(tensor.values<float>(), weights_.at(name).values<float>())) << name;
  }
  recipe_.fine_tune.train_bn = true;
  const Result moving = Run(Folder("moving"));
  for (const auto& [name, tensor] : moving.best) {
    if (name.find("moving_") == std::string::npos) continue;
    EXPECT_FALSE(std::ranges::equal(tensor.values<float>(), weights_.at(name).values<float>())) << name;
  }
}

// MobileNet's blocks are numbered; the head counts as after them all.
TEST_F(FineTuning, WhatIsInFrontOfTheChosenPartStaysAsItIs) {
  const auto block = [](const std::string& name) {
    if (name.starts_with("head_")) return 99;
    const size_t number = name.find_first_of("0123456789");
    return name.starts_with("conv1") || number == std::string::npos ? 0 : std::stoi(name.substr(number));
  };
  for (const auto& [layers, first] : {std::pair(FineTune::kLastBlock, 13), std::pair(FineTune::kHalf, 7)}) {
    recipe_.fine_tune.layers = layers;
    const Result result = Run(Folder("part"));
    ASSERT_EQ(result.error, "");
    for (const auto& [name, tensor] : result.best) {
      const bool same = std::ranges::equal(tensor.values<float>(), weights_.at(name).values<float>());
      EXPECT_EQ(same, block(name) < first || name.find("moving_") != std::string::npos) << name;
    }
  }
}

TEST_F(FineTuning, AFactorOfZeroFreezesTheNetwork) {
  recipe_.fine_tune.backbone_lr = 0;
  const Result result = Run(Folder("zero"));
  for (const auto& [name, tensor] : result.best) {
    const bool same = std::ranges::equal(tensor.values<float>(), weights_.at(name).values<float>());
    EXPECT_EQ(same, !name.starts_with("head_")) << name;
  }
}

TEST_F(FineTuning, DivergingGoesBackThreeTimesAndThenSaysSo) {
  recipe_.fine_tune.optimizer.lr = 1e30;
  const Result result = Run(Folder("diverging"));
  EXPECT_NE(result.error.find("--finetune-lr"), std::string::npos) << result.error;
  ASSERT_EQ(result.warnings.size(), 3u);
  EXPECT_TRUE(result.state.history.empty());
  EXPECT_NE(result.warnings[0].find("learning rate times 0.5"), std::string::npos) << result.warnings[0];
  EXPECT_NE(result.warnings[2].find("learning rate times 0.125"), std::string::npos) << result.warnings[2];
  EXPECT_NE(result.warnings[0].find(photos_.native()), std::string::npos) << "the photos are named";
}

TEST_F(FineTuning, APhotoThatDisappearsIsNamed) {
  fs::remove(train_.files[3]);
  const Result result = Run(Folder("gone"));
  EXPECT_NE(result.error.find(train_.files[3].native()), std::string::npos) << result.error;
}

TEST_F(FineTuning, NothingIsAllocatedInAStep) {
  ThreadPool threads(1);
  Watcher watcher;
  const RunContext context{threads, watcher, watcher.stop};
  recipe_.fine_tune.layers = FineTune::kHalf;
  recipe_.fine_tune.batch = 3;  // seven steps, the last one of two photos
  recipe_.fine_tune.ema = 0.9;
  recipe_.fine_tune.clip_norm = 1;
  for (const bool mixup : {true, false}) {
    recipe_.fine_tune.mixup = mixup ? 0.2 : 0;
    recipe_.fine_tune.cutmix = mixup ? 0 : 1;
    PhotoSource source(train_, validation_, card_.preprocessing, recipe_.augment, kSeed, threads);
    Trainer trainer(FineTunePhase(recipe_, card_, head_, train_.labels, kSeed), weights_, source, context);
    ASSERT_EQ(trainer.Advance(), Trainer::Event::kStep);  // the first one starts the epoch
    const size_t before = testing::NumAllocationsOfThread();
    ASSERT_GT(before, 0u) << "allocations are not counted";
    for (int step = 1; step < 7; ++step) ASSERT_EQ(trainer.Advance(), Trainer::Event::kStep);
    EXPECT_EQ(testing::NumAllocationsOfThread(), before);
  }
}

TEST_F(FineTuning, EveryOptimizerAndMixing) {
  recipe_.fine_tune.optimizer.epochs = 1;
  std::vector<TensorMap> results;
  for (const auto optimizer : {Optimizer::kSgd, Optimizer::kAdam, Optimizer::kAdamW}) {
    for (const double cutmix : {0.0, 1.0}) {
      recipe_.fine_tune.optimizer.kind = optimizer;
      recipe_.fine_tune.optimizer.weight_decay = 0.01;
      recipe_.fine_tune.clip_norm = 1;
      recipe_.fine_tune.cutmix = cutmix;
      Result result = Run(Folder("one"));
      ASSERT_EQ(result.error, "");
      for (const TensorMap& other : results) EXPECT_FALSE(SameArrays(result.best, other));
      results.push_back(std::move(result.best));
    }
  }
}

}  // namespace
}  // namespace siskin
