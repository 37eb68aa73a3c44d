#include "data/demo.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/testing.h"
#include "data/canvas.h"
#include "data/check.h"
#include "data/demo_scenes.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

class DemoTest : public ::testing::Test {
 protected:
  void Write(const fs::path& folder, int photos, uint64_t seed, ThreadPool& threads) {
    WriteDemoData(folder, photos, seed, {threads, progress_, stop_});
  }
  testing::TemporaryFolder folder_;
  Progress progress_;
  std::atomic<bool> stop_{false};
  ThreadPool one_{1}, three_{3};
};

TEST_F(DemoTest, IsAFolderThatCheckLikes) {
  Write(folder_.path() / "demo", 50, 1, three_);
  const DatasetReport report = CheckDataset(folder_.path() / "demo", {three_, progress_, stop_});
  EXPECT_EQ(report.dataset.class_names, (std::vector<std::string>{"bird", "other"}));
  EXPECT_EQ(report.dataset.CountByClass(Split::kTrain), (std::vector{50, 50}));
  EXPECT_EQ(report.dataset.photos[0].path, "bird/001.jpg");
  EXPECT_EQ(report.findings, std::vector<std::string>{});
  EXPECT_GE(std::min(report.smallest.width, report.smallest.height), 160);
  EXPECT_LE(std::max(report.largest.width, report.largest.height), 200);
}

TEST_F(DemoTest, IsAFunctionOfTheSeed) {
  Write(folder_.path() / "a", 3, 7, one_);
  Write(folder_.path() / "b", 3, 7, three_);
  Write(folder_.path() / "c", 3, 8, three_);
  for (const char* name : {"bird/001.jpg", "bird/003.jpg", "other/002.jpg"}) {
    EXPECT_EQ(ReadFile(folder_.path() / "a" / name), ReadFile(folder_.path() / "b" / name)) << name;
    EXPECT_NE(ReadFile(folder_.path() / "a" / name), ReadFile(folder_.path() / "c" / name)) << name;
  }
}

TEST_F(DemoTest, NeverWritesIntoAUsedFolder) {
  WriteFileAtomic(folder_.path() / "precious.txt", "x");
  EXPECT_THROW(Write(folder_.path(), 1, 1, one_), Error);
  EXPECT_THROW(Write(folder_.path() / "precious.txt", 1, 1, one_), Error);
  EXPECT_THROW(Write(folder_.path() / "new", 0, 1, one_), Error);
  EXPECT_FALSE(fs::exists(folder_.path() / "bird"));
  EXPECT_FALSE(fs::exists(folder_.path() / "new"));
}

// A classifier that only looks at the mean colour must not work: both classes have the same on average.
TEST(DemoScenes, ClassesDoNotDifferInColour) {
  if (testing::UnderThreadSanitizer()) GTEST_SKIP() << testing::kNoThreads;
  constexpr uint32_t kPictures = 100;
  double mean[2][3] = {};
  for (const bool bird : {false, true}) {
    for (uint32_t number = 0; number < kPictures; ++number) {
      const Image image = DrawScene(5, bird, number);
      for (size_t i = 0; i < image.rgb.size(); ++i) {
        mean[bird][i % 3] += image.rgb[i] / (static_cast<double>(image.rgb.size()) / 3 * kPictures);
      }
    }
  }
  // One picture's mean deviates by some 45, that of 100 by 4.5; the difference of two by 6.4.
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(mean[0][c], mean[1][c], 20);
}

TEST(Canvas, ShapesAreWhereTheFramePutsThem) {
  Canvas canvas(40, 20);
  const Frame frame{.origin = {30, 10}, .scale = 4, .angle = 0, .mirrored = true};
  canvas.Circle(frame, {2, 0}, 1, {1, 0, 0});  // mirrored: 8 pixels to the left of the origin
  canvas.Polygon({}, {{0, 0}, {6, 0}, {6, 6}, {0, 6}}, {0, 1, 0});
  canvas.Line({}, {0, 18}, {40, 18}, 1, {0, 0, 1});
  const Image image = canvas.ToImage();
  EXPECT_GT(image.rgb[(10 * 40 + 22) * 3], 200);
  EXPECT_EQ(testing::PixelAt(image, 30, 10), 0u);
  EXPECT_EQ(testing::PixelAt(image, 27, 10), 0u);
  EXPECT_GT(image.rgb[(3 * 40 + 3) * 3 + 1], 200);
  EXPECT_EQ(testing::PixelAt(image, 8, 3), 0u);
  EXPECT_GT(image.rgb[(18 * 40 + 20) * 3 + 2], 200);
  EXPECT_EQ(testing::PixelAt(image, 20, 14), 0u);
}

TEST(Canvas, ColoursOfTheRainbow) {
  const auto expect = [](float hue, float r, float g, float b) {
    const Colour c = FromHsv(hue, 1, 1);
    EXPECT_NEAR(c.r, r, 1e-5);
    EXPECT_NEAR(c.g, g, 1e-5);
    EXPECT_NEAR(c.b, b, 1e-5);
  };
  expect(0, 1, 0, 0);
  expect(1.0f / 6, 1, 1, 0);
  expect(2.0f / 6, 0, 1, 0);
  expect(4.0f / 6, 0, 0, 1);
  expect(1, 1, 0, 0);
}

}  // namespace
}  // namespace siskin
