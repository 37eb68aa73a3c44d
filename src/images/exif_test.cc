#include "images/exif.h"

#include <gtest/gtest.h>

#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::OrientationTiff;

TEST(ExifOrientation, BothByteOrders) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(ExifOrientation(OrientationTiff(orientation, true)), orientation);
    EXPECT_EQ(ExifOrientation(OrientationTiff(orientation, false)), orientation);
    EXPECT_EQ(ExifOrientation(std::string("Exif\0\0", 6) + OrientationTiff(orientation, true)), orientation);
  }
}

// Some phones write LONG where the specification says SHORT. Pillow turns photos with any integer but BYTE.
TEST(ExifOrientation, IntegersOfEveryType) {
  constexpr int kByte = 1, kLong = 4, kRational = 5, kSignedShort = 8, kSignedLong = 9;
  for (const bool big_endian : {false, true}) {
    for (const int type : {kLong, kSignedShort, kSignedLong}) {
      EXPECT_EQ(ExifOrientation(OrientationTiff(6, big_endian, type)), 6) << type;
      EXPECT_EQ(ExifOrientation(OrientationTiff(0x10006, big_endian, kLong)), 1);
    }
    for (const int type : {kByte, kRational})
      EXPECT_EQ(ExifOrientation(OrientationTiff(6, big_endian, type)), 1) << type;
  }
}

TEST(ExifOrientation, NonsenseIsUpright) {
  EXPECT_EQ(ExifOrientation(""), 1);
  EXPECT_EQ(ExifOrientation("II"), 1);
  EXPECT_EQ(ExifOrientation(OrientationTiff(0, true)), 1);
  EXPECT_EQ(ExifOrientation(OrientationTiff(9, false)), 1);
  std::string wrong_magic = OrientationTiff(6, false);
  wrong_magic[2] = 43;
  EXPECT_EQ(ExifOrientation(wrong_magic), 1);
  std::string wrong_type = OrientationTiff(6, false);
  wrong_type[12] = 2;  // text
  EXPECT_EQ(ExifOrientation(wrong_type), 1);
  std::string far_ifd = OrientationTiff(6, false);
  far_ifd.replace(4, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(ExifOrientation(far_ifd), 1);
  std::string many_entries = OrientationTiff(6, false);
  many_entries.replace(8, 2, "\xFF\xFF");
  many_entries[10] = 0;  // and the first is another tag
  EXPECT_EQ(ExifOrientation(many_entries), 1);
}

TEST(ExifOrientation, CutAnywhere) {
  const std::string tiff = OrientationTiff(6, true);
  for (size_t size = 0; size < tiff.size(); ++size) {
    const std::string cut = tiff.substr(0, size);  // its own allocation: a read beyond it is seen by the sanitizer
    const int orientation = ExifOrientation(cut);
    EXPECT_TRUE(orientation == 1 || orientation == 6) << size;
  }
}

// A 3 x 2 picture of the pixels 1..6 and what each orientation makes of it; the table of the EXIF specification says
// which side of the stored picture is the visual top and left.
TEST(Upright, AllOrientations) {
  const std::vector<std::vector<uint8_t>> expected = {
      {1, 2, 3, 4, 5, 6},  // 1: row 0 is the top, column 0 the left side
      {3, 2, 1, 6, 5, 4},  // 2: top, right
      {6, 5, 4, 3, 2, 1},  // 3: bottom, right
      {4, 5, 6, 1, 2, 3},  // 4: bottom, left
      {1, 4, 2, 5, 3, 6},  // 5: left, top
      {4, 1, 5, 2, 6, 3},  // 6: right, top
      {6, 3, 5, 2, 4, 1},  // 7: right, bottom
      {3, 6, 2, 5, 1, 4},  // 8: left, bottom
  };
  const Image stored{3, 2, {1, 11, 0, 2, 12, 0, 3, 13, 0, 4, 14, 0, 5, 15, 0, 6, 16, 0}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image upright = Upright(stored, orientation);
    EXPECT_EQ(upright.width, orientation < 5 ? 3 : 2);
    EXPECT_EQ(upright.height, orientation < 5 ? 2 : 3);
    for (size_t i = 0; i < 6; ++i) {
      const uint8_t value = expected[static_cast<size_t>(orientation) - 1][i];
      EXPECT_EQ(upright.rgb[i * 3], value) << "orientation " << orientation << ", pixel " << i;
      EXPECT_EQ(upright.rgb[i * 3 + 1], value + 10);
    }
  }
}

}  // namespace
}  // namespace siskin
