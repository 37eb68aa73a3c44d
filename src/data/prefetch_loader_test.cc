#include "data/prefetch_loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "base/testing.h"
#include "data/augment.h"
#include "data/testing_files.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::EncodeJpeg;
using testing::GradientPicture;

constexpr uint64_t kLoaderSeed = 3;
constexpr size_t kPhotoFloats = 16 * 16 * 3;

class PrefetchLoaderTest : public ::testing::Test {
 protected:
  PrefetchLoaderTest() {
    for (int i = 0; i < 23; ++i) {
      files_.push_back(folder_.path() / fmt::format("{}.jpg", i));
      testing::PutFile(files_.back(), i == 7 ? "broken" : EncodeJpeg(GradientPicture(20 + i, 45 - i)));
    }
    order_ = RandomPermutation(static_cast<uint32_t>(files_.size()), Random(kLoaderSeed, RandomPurpose::kTest));
  }

  PrefetchLoader Loader(const PrefetchOptions& options, const char* augmentation = "strong") const {
    return PrefetchLoader(files_, preprocessing_, FindAugmentation(augmentation), kLoaderSeed, options);
  }

  // What the loader promises, computed by a plain loop.
  std::vector<float> Expected(const char* augmentation, uint32_t epoch, uint32_t photo) const {
    std::vector<float> pixels(kPhotoFloats, 9);
    const DrawnAugmentation drawn = DrawAugmentation(FindAugmentation(augmentation), 16, 16, kLoaderSeed, epoch, photo);
    std::string buffer;
    LoadPhoto(
        files_[photo], DecodeOptionsFor(preprocessing_, drawn), pixels,
        [&](const Image& image) { PreprocessAugmented(image, preprocessing_, drawn, pixels); }, &buffer);
    return pixels;
  }

  // Takes all batches of a started epoch. Returns the number of photos.
  size_t CheckEpoch(PrefetchLoader* loader, const char* augmentation, uint32_t epoch, size_t batch_size) const {
    size_t photos = 0;
    while (true) {
      const Batch& batch = loader->Next();
      if (batch.photos.empty()) return photos;
      EXPECT_EQ(batch.photos.size(), std::min(batch_size, order_.size() - photos));
      EXPECT_EQ(batch.statuses.size(), batch.photos.size());
      EXPECT_EQ(batch.pixels.size(), batch.photos.size() * kPhotoFloats);
      for (size_t i = 0; i < batch.photos.size(); ++i) {
        EXPECT_EQ(batch.photos[i], order_[photos + i]);
        EXPECT_EQ(batch.statuses[i].error,
                  batch.photos[i] == 7 ? "not a JPEG, PNG or WebP file (it begins with 62 72 6f 6b 65 6e)" : "");
        const auto begin = batch.pixels.begin() + static_cast<std::ptrdiff_t>(i * kPhotoFloats);
        EXPECT_EQ(std::vector<float>(begin, begin + kPhotoFloats), Expected(augmentation, epoch, batch.photos[i]))
            << "photo " << batch.photos[i];
      }
      photos += batch.photos.size();
    }
  }

  testing::TemporaryFolder folder_;
  std::vector<fs::path> files_;
  std::vector<uint32_t> order_;
  const Preprocessing preprocessing_{.height = 16, .width = 16};
};

TEST_F(PrefetchLoaderTest, BitEqualToAPlainLoopForAnyThreadsAndSizes) {
  for (const int num_threads : {1, 2, 5}) {
    for (const int batches_ahead : {1, 3}) {
      PrefetchLoader loader = Loader({num_threads, batches_ahead});
      for (const int batch_size : {1, 4, 23, 100}) {
        loader.Start(2, order_, batch_size);
        EXPECT_EQ(CheckEpoch(&loader, "strong", 2, static_cast<size_t>(batch_size)), files_.size());
        EXPECT_TRUE(loader.Next().photos.empty()) << "after the end";
      }
    }
  }
}

TEST_F(PrefetchLoaderTest, WithoutAugmentationAsLoadPhotos) {
  PrefetchLoader loader = Loader({}, "none");
  std::vector<uint32_t> all(files_.size());
  std::iota(all.begin(), all.end(), 0u);
  loader.Start(0, all, static_cast<int>(all.size()));
  const Batch& batch = loader.Next();
  std::vector<float> expected(files_.size() * kPhotoFloats);
  ThreadPool threads(2);
  const std::vector<LoadStatus> statuses = LoadPhotos(files_, preprocessing_, expected, threads);
  EXPECT_EQ(batch.pixels, expected);
  EXPECT_EQ(batch.statuses, statuses);
}

TEST_F(PrefetchLoaderTest, EpochsDiffer) {
  PrefetchLoader loader = Loader({2, 2});
  loader.Start(1, {0}, 1);
  const std::vector<float> first = loader.Next().pixels;
  loader.Start(2, {0}, 1);
  EXPECT_NE(loader.Next().pixels, first);
  loader.Start(1, {0}, 1);
  EXPECT_EQ(loader.Next().pixels, first);
}

TEST_F(PrefetchLoaderTest, ABatchStaysWhileTheNextAreLoaded) {
  PrefetchLoader loader = Loader({3, 1});
  loader.Start(0, order_, 2);
  const Batch& batch = loader.Next();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(batch.photos, (std::vector<uint32_t>{order_[0], order_[1]}));
  std::vector<float> expected = Expected("strong", 0, order_[0]);
  std::ranges::copy(Expected("strong", 0, order_[1]), std::back_inserter(expected));
  EXPECT_EQ(batch.pixels, expected);
}

TEST_F(PrefetchLoaderTest, AbandonedEpochsLeaveNothingBehind) {
  PrefetchLoader loader = Loader({2, 2});
  for (uint32_t epoch = 0; epoch < 20; ++epoch) {
    loader.Start(epoch, order_, 3);
    for (uint32_t i = 0; i < epoch % 4; ++i) loader.Next();
  }
  loader.Start(99, order_, 5);
  EXPECT_EQ(CheckEpoch(&loader, "strong", 99, 5), files_.size());
}

TEST_F(PrefetchLoaderTest, CanBeDestroyedAtAnyTime) {
  for (int i = 0; i < 30; ++i) {
    PrefetchLoader loader = Loader({1 + i % 3, 2});
    if (i % 5 == 0) continue;
    loader.Start(0, order_, 4);
    for (int k = 0; k < i % 4; ++k) loader.Next();
  }
}

TEST_F(PrefetchLoaderTest, NothingToLoad) {
  PrefetchLoader loader = Loader({});
  EXPECT_TRUE(loader.Next().photos.empty()) << "before the first epoch";
  loader.Start(0, {}, 4);
  EXPECT_TRUE(loader.Next().photos.empty());
}

TEST_F(PrefetchLoaderTest, DoesNotWaitForWhatWasLoadedMeanwhile) {
  PrefetchLoader loader = Loader({1, 8});
  // On a busy machine four photos may be there before anybody asks for them, but not every time.
  for (uint32_t epoch = 1; epoch <= 100 && loader.seconds_waited() == 0; ++epoch) {
    loader.Start(epoch, order_, 4);
    EXPECT_EQ(loader.seconds_waited(), 0) << "counted from Start";
    loader.Next();
  }
  const double first = loader.seconds_waited();
  EXPECT_GT(first, 0) << "nobody can have loaded four photos in no time";
  // 23 photos of 40 pixels take about 5 ms; even a busy machine is done in two seconds.
  std::this_thread::sleep_for(std::chrono::seconds(2));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(loader.Next().photos.empty());
  EXPECT_EQ(loader.seconds_waited(), first);
  loader.Start(1, order_, 4);
  EXPECT_EQ(loader.seconds_waited(), 0) << "counted from Start";
}

TEST_F(PrefetchLoaderTest, RefusesNonsense) {
  PrefetchLoader loader = Loader({});
  EXPECT_THROW(loader.Start(0, {23}, 4), Error);
  EXPECT_THROW(loader.Start(0, order_, 0), Error);
  EXPECT_THROW(Loader({0, 1}), Error);
  EXPECT_THROW(Loader({1, 0}), Error);
}

}  // namespace
}  // namespace siskin
