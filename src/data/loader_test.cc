#include "data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/testing.h"
#include "data/testing_files.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::EncodeJpeg;
using testing::GradientPicture;

class LoadPhotosTest : public ::testing::Test {
 protected:
  fs::path Add(const std::string& name, const std::string& bytes) {
    testing::PutFile(folder_.path() / name, bytes);
    return folder_.path() / name;
  }
  testing::TemporaryFolder folder_;
};

using testing::kNan;

TEST_F(LoadPhotosTest, GoodDamagedBrokenAndMissing) {
  const Image picture = GradientPicture(6, 4);
  const std::string jpeg = EncodeJpeg(GradientPicture(16, 160));
  const std::vector<fs::path> files = {Add("good.png", EncodePng(picture)), Add("empty.jpg", ""),
                                       Add("damaged.jpg", jpeg.substr(0, jpeg.size() - 2)),
                                       folder_.path() / "missing.jpg", folder_.path()};
  const Preprocessing p{.height = 4, .width = 6};
  constexpr size_t kFloats = 4 * 6 * 3;
  for (const int num_threads : {1, 3}) {
    ThreadPool threads(num_threads);
    std::vector<float> out(files.size() * kFloats, kNan);
    const std::vector<LoadStatus> statuses = LoadPhotos(files, p, out, threads);
    ASSERT_EQ(statuses.size(), files.size());
    EXPECT_EQ(statuses[0].error + statuses[0].warning, "");
    for (size_t i = 0; i < kFloats; ++i) EXPECT_NEAR(out[i], picture.rgb[i] / 127.5f - 1, 1e-6);
    EXPECT_EQ(statuses[1].error, "0 bytes");
    EXPECT_EQ(statuses[2].error, "");
    EXPECT_EQ(statuses[2].warning, "damaged JPEG: Premature end of JPEG file");
    EXPECT_EQ(statuses[3].error, "cannot open: No such file or directory");
    EXPECT_EQ(statuses[4].error, "is a folder, not a file");
    for (const size_t broken : {1u, 3u, 4u}) {
      const auto floats = std::span(out).subspan(broken * kFloats, kFloats);
      EXPECT_TRUE(std::ranges::all_of(floats, [](float v) { return v == 0; })) << broken;
    }
    EXPECT_TRUE(std::ranges::none_of(out, [](float v) { return std::isnan(v); }));
  }
}

TEST_F(LoadPhotosTest, SameBitsForAnyNumberOfThreads) {
  std::vector<fs::path> files;
  for (int i = 0; i < 20; ++i)
    files.push_back(Add(fmt::format("{}.jpg", i), EncodeJpeg(GradientPicture(30 + i, 50 - i))));
  const Preprocessing p{.height = 16, .width = 16};
  std::vector<float> one(files.size() * 16 * 16 * 3), four(one.size());
  ThreadPool single(1), several(4);
  LoadPhotos(files, p, one, single);
  LoadPhotos(files, p, four, several);
  EXPECT_EQ(one, four);
}

TEST_F(LoadPhotosTest, LargeJpegsAreReducedBeforeTheResize) {
  // Not at all for nearest: it must pick from the full picture.
  const Image picture = GradientPicture(640, 640);
  const std::vector<fs::path> files = {Add("large.jpg", EncodeJpeg(picture))};
  ThreadPool threads(1);
  for (const Interpolation interpolation : {Interpolation::kNearest, Interpolation::kBilinear}) {
    const Preprocessing p{.height = 32, .width = 32, .interpolation = interpolation};
    std::vector<float> loaded(32 * 32 * 3), expected(loaded.size());
    LoadPhotos(files, p, loaded, threads);
    Preprocess(picture, p, expected);
    for (size_t i = 0; i < loaded.size(); ++i) ASSERT_NEAR(loaded[i], expected[i], 0.05) << Name(interpolation) << i;
  }
}

TEST_F(LoadPhotosTest, WrongRoomIsADefectOfTheCaller) {
  ThreadPool threads(1);
  std::vector<float> out(10);
  const std::vector<fs::path> files = {"a.jpg"};
  EXPECT_THROW(LoadPhotos(files, {.height = 2, .width = 2}, out, threads), Error);
}

}  // namespace
}  // namespace siskin
