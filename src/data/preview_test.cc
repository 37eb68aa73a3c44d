#include "data/preview.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/testing.h"
#include "data/augment.h"
#include "data/testing_files.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::GradientPicture;
using testing::LargestDifference;

constexpr int kPhotoWidth = 20, kPhotoHeight = 12, kGap = 4;
constexpr uint64_t kPreviewSeed = 5;

class AugmentPreview : public ::testing::Test {
 protected:
  void AddPhotos(int count) {
    for (int i = 0; i < count; ++i) Add(EncodePng(GradientPicture(kPhotoWidth + i, kPhotoHeight)));
  }
  void Add(const std::string& bytes) {
    files_.push_back(folder_.path() / std::to_string(files_.size()));
    testing::PutFile(files_.back(), bytes);
  }

  Image Sheet(const Augmentation& augmentation, int rows, int columns) {
    WriteAugmentPreview(files_, preprocessing_, augmentation, kPreviewSeed, rows, columns, out_);
    return DecodeImage(ReadFile(out_)).image;
  }

  static Image Tile(const Image& sheet, int row, int column) {
    const ImageView part = ImageView(sheet).Part(kGap + column * (kPhotoWidth + kGap),
                                                 kGap + row * (kPhotoHeight + kGap), kPhotoWidth, kPhotoHeight);
    Image tile{kPhotoWidth, kPhotoHeight, {}};
    for (int y = 0; y < kPhotoHeight; ++y) tile.rgb.insert(tile.rgb.end(), part.row(y), part.row(y) + kPhotoWidth * 3);
    return tile;
  }

  // What the network gets of a photo in an epoch.
  Image Seen(const Augmentation& augmentation, uint32_t epoch, uint32_t photo) {
    std::vector<float> pixels(kPhotoWidth * kPhotoHeight * 3);
    PreprocessAugmented(DecodeImage(ReadFile(files_[photo])).image, preprocessing_,
                        DrawAugmentation(augmentation, kPhotoHeight, kPhotoWidth, kPreviewSeed, epoch, photo), pixels);
    return ToImage(pixels, preprocessing_);
  }

  testing::TemporaryFolder folder_;
  std::vector<fs::path> files_;
  fs::path out_ = folder_.path() / "sheet.png";
  Preprocessing preprocessing_{.height = kPhotoHeight, .width = kPhotoWidth};
};

TEST_F(AugmentPreview, ShowsWhatTrainingSees) {
  AddPhotos(6);
  SetScaling("caffe", &preprocessing_);
  const Augmentation strong = FindAugmentation("strong");
  const Image sheet = Sheet(strong, 3, 4);
  EXPECT_EQ(sheet.width, kGap + 4 * (kPhotoWidth + kGap));
  EXPECT_EQ(sheet.height, kGap + 3 * (kPhotoHeight + kGap));
  for (int row = 0; row < 3; ++row) {
    const auto photo = static_cast<uint32_t>(2 * row);  // spread over the list
    EXPECT_EQ(LargestDifference(Tile(sheet, row, 0), Seen({}, 0, photo)), 0) << row;
    for (int epoch = 1; epoch < 4; ++epoch) {
      EXPECT_EQ(LargestDifference(Tile(sheet, row, epoch), Seen(strong, static_cast<uint32_t>(epoch), photo)), 0);
    }
  }
  EXPECT_EQ(testing::PixelAt(sheet, 0, 0), 0xFFFFFFu);
}

TEST_F(AugmentPreview, LeavesOutWhatCannotBeRead) {
  Add("not a photo");
  AddPhotos(3);
  const Image sheet = Sheet({}, 2, 1);
  EXPECT_EQ(LargestDifference(Tile(sheet, 0, 0), Seen({}, 0, 1)), 0);
  EXPECT_EQ(LargestDifference(Tile(sheet, 1, 0), Seen({}, 0, 2)), 0);
}

TEST_F(AugmentPreview, FewerPhotosThanRows) {
  AddPhotos(1);
  EXPECT_EQ(Sheet({}, 8, 1).height, kPhotoHeight + 2 * kGap);
}

TEST_F(AugmentPreview, NothingToShowOrNowhereToWrite) {
  EXPECT_THROW(Sheet({}, 2, 2), Error);
  Add("not a photo");
  try {
    Sheet({}, 2, 2);
    FAIL() << "was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
  }
  EXPECT_FALSE(fs::exists(out_));
  AddPhotos(1);
  out_ = folder_.path() / "no" / "such.png";
  EXPECT_THROW(Sheet({}, 2, 2), Error);
}

}  // namespace
}  // namespace siskin
