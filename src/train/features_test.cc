#include "train/features.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <string>

#include "base/error.h"
#include "base/npy.h"
#include "base/testing.h"
#include "data/testing_files.h"
#include "graph/testing_interpreter.h"
#include "networks/catalogue.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

class CountingProgress : public Progress {
 public:
  void Advance(size_t count) override {
    photos += count;
    if (stop_after > 0 && photos >= stop_after) stop = true;
  }
  std::atomic<bool> stop = false;
  size_t photos = 0, stop_after = 0;
};

class FeaturesTest : public ::testing::Test {
 protected:
  FeaturesTest() {
    testing::WriteDemoPhotos(folder_.path() / "photos", 12);
    Scan();
    options_ = {.cache_folder = folder_.path() / "cache", .weights_digest = "digest", .preprocessing = {}};
    options_.preprocessing = DefaultPreprocessing(network_);
  }

  void Scan() {
    dataset_ = ScanFolder(folder_.path() / "photos");
    AssignSplits(&dataset_, 0.25, 0.25, 1);
  }

  // Returns the features; computed_ is how many photos went through the network.
  Features Compute(FileOps& ops = FileOps::System(), size_t stop_after = 0) {
    CountingProgress progress;
    progress.stop_after = stop_after;
    const auto note = [&] { computed_ = progress.photos; };
    struct OnExit {
      const decltype(note)& fn;
      ~OnExit() { fn(); }
    } on_exit{note};
    return ComputeFeatures(dataset_, plan_, options_, {threads_, progress, progress.stop}, ops);
  }

  fs::path CacheFile(const std::string& begin, const std::string& end) {
    for (const auto& entry : fs::directory_iterator(options_.cache_folder)) {
      const std::string name = entry.path().filename().native();
      if (name.starts_with(begin) && name.ends_with(end)) return entry.path();
    }
    ADD_FAILURE() << "no " << begin << "*" << end;
    return {};
  }

  TemporaryFolder folder_;
  ThreadPool threads_{2};
  NetworkOptions network_ = WithDefaults({.network = "mobilenet", .height = 32, .width = 32, .alpha = 0.25});
  Plan plan_{BuildNetwork(network_), testing::RandomWeights(BuildNetwork(network_), 1), {.max_batch = 5}, threads_};
  Dataset dataset_;
  FeatureOptions options_;
  size_t computed_ = 0;
};

TEST_F(FeaturesTest, EveryPhotoInItsRow) {
  const Features features = Compute();
  EXPECT_EQ(computed_, 24u);
  EXPECT_EQ(features.train.num_photos(), 12u);
  EXPECT_EQ(features.validation.num_photos(), 6u);
  EXPECT_EQ(features.test.num_photos(), 6u);
  EXPECT_EQ(features.train.channels, 256u);
  // One photo alone gives the same bits as in its batch.
  const fs::path photo = dataset_.root / features.validation.paths[4];
  std::vector<float> row(256);
  CountingProgress progress;
  const std::vector<fs::path> files = {photo};
  RunBackbone(files, options_.preprocessing, plan_, {threads_, progress, progress.stop}, row);
  EXPECT_TRUE(std::ranges::equal(row, features.validation.row(4)));
  EXPECT_NE(row[0], features.validation.row(3)[0]);
}

TEST_F(FeaturesTest, ASecondRunOnlyReads) {
  const Features first = Compute();
  EXPECT_FALSE(first.from_cache);
  const Features second = Compute();
  EXPECT_EQ(computed_, 0u);
  EXPECT_TRUE(second.from_cache);
  EXPECT_EQ(second.train.features, first.train.features);
  EXPECT_EQ(second.test.features, first.test.features);
  EXPECT_EQ(second.test.labels, first.test.labels);
  EXPECT_EQ(second.test.paths, first.test.paths);
}

TEST_F(FeaturesTest, TheCacheIsAnArrayWithItsListOfFiles) {
  const Features features = Compute();
  const NpyArray array = ReadNpy(CacheFile("test", ".npy"));
  EXPECT_EQ(array.shape, (std::vector<int64_t>{6, 256}));
  EXPECT_EQ(array.values, features.test.features);
  const std::string csv = ReadFile(CacheFile("test", ".csv"));
  EXPECT_EQ(csv.find("path,class\n" + features.test.paths[0] + ","), 0u) << csv;
}

TEST_F(FeaturesTest, AChangedPhotoComputesItsSplitAnew) {
  Compute();
  const Photo* photo = dataset_.InSplit(Split::kValidation)[2];
  fs::last_write_time(dataset_.root / photo->path, fs::file_time_type::clock::now() + std::chrono::hours(1));
  Scan();
  Compute();
  EXPECT_EQ(computed_, 6u);
}

TEST_F(FeaturesTest, OtherWeightsOrPreprocessingAreAnotherCache) {
  Compute();
  options_.weights_digest = "other";
  Compute();
  EXPECT_EQ(computed_, 24u);
  options_.preprocessing.resize = ResizeMode::kCrop;
  Compute();
  EXPECT_EQ(computed_, 24u);
  options_.preprocessing.resize = ResizeMode::kSquash;
  options_.weights_digest = "digest";
  Compute();
  EXPECT_EQ(computed_, 0u) << "the first one is still there";
}

TEST_F(FeaturesTest, ADamagedCacheIsComputedAnew) {
  if (testing::UnderThreadSanitizer()) GTEST_SKIP() << testing::kNoThreads;
  const Features good = Compute();
  for (const char* ending : {".npy", ".json"}) {
    const fs::path file = CacheFile("train", ending);
    const std::string bytes = ReadFile(file);
    for (size_t i = 0; i < 24; ++i) {
      std::string bad = bytes;
      const size_t at = (i / 2) * bytes.size() / 12;
      if (i % 2 == 0) {
        bad[at] = static_cast<char>(bad[at] ^ 4);
      } else {
        bad.resize(at);
      }
      std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
      EXPECT_EQ(Compute().train.features, good.train.features) << ending << ", byte " << at;
    }
    fs::remove(file);
    Compute();
    EXPECT_EQ(computed_, 12u) << ending << " missing";
  }
}

TEST_F(FeaturesTest, BrokenPhotosAreLeftOutAndListed) {
  const std::string broken = dataset_.InSplit(Split::kTrain)[5]->path;
  const std::string kept = dataset_.InSplit(Split::kTrain)[6]->path;
  const Features before = Compute();
  std::ofstream(dataset_.root / broken) << "no picture";
  Scan();
  for (const bool from_cache : {false, true}) {
    const Features features = Compute();
    EXPECT_EQ(features.from_cache, from_cache);
    ASSERT_EQ(features.skipped.size(), 1u);
    EXPECT_EQ(features.skipped[0].path, broken);
    EXPECT_FALSE(features.skipped[0].reason.empty());
    EXPECT_EQ(features.train.num_photos(), 11u);
    EXPECT_EQ(features.train.paths[5], kept);
    EXPECT_TRUE(std::ranges::equal(features.train.row(5), before.train.row(6)));
  }
}

TEST_F(FeaturesTest, DamagedPhotosAreUsedAndListed) {
  const fs::path photo = dataset_.root / dataset_.InSplit(Split::kTrain)[5]->path;
  const std::string bytes = ReadFile(photo);
  std::ofstream(photo, std::ios::binary | std::ios::trunc) << bytes.substr(0, bytes.size() * 7 / 8);
  Scan();
  const Features features = Compute();
  EXPECT_TRUE(features.skipped.empty());
  ASSERT_EQ(features.damaged.size(), 1u);
  EXPECT_EQ(Compute().damaged[0].reason, features.damaged[0].reason) << "from the cache";
}

TEST_F(FeaturesTest, StoppedItGoesOnWhereItWas) {
  options_.cache_folder = folder_.path() / "whole";
  const Features whole = Compute();
  options_.cache_folder = folder_.path() / "stopped";
  size_t total = 0;
  for (int i = 0; i < 3; ++i) {
    try {
      Compute(FileOps::System(), 6);
      FAIL() << "was not stopped";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
    }
    total += computed_;
  }
  const Features rest = Compute();
  EXPECT_EQ(total + computed_, 24u) << "a photo was computed twice";
  EXPECT_EQ(rest.train.features, whole.train.features);
  EXPECT_EQ(rest.validation.features, whole.validation.features);
  EXPECT_EQ(rest.test.features, whole.test.features);
}

TEST_F(FeaturesTest, AFullDiskIsAnErrorThatNamesTheFile) {
  testing::FullDisk disk;
  try {
    Compute(disk);
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_NE(std::string(error.what()).find(".npy"), std::string::npos) << error.what();
  }
}

TEST_F(FeaturesTest, WithoutACacheNothingIsWritten) {
  options_.cache_folder.clear();
  Compute();
  EXPECT_FALSE(Compute().from_cache);
  EXPECT_FALSE(fs::exists(folder_.path() / "cache"));
}

}  // namespace
}  // namespace siskin
