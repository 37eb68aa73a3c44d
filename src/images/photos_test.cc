// Decoding and resizing of real photos, bit for bit what Pillow 13 (libjpeg-turbo 3) computes. A mismatch of a whole
// photo means another JPEG decoder: libjpeg-turbo and libjpeg 6b agree here, libjpeg 7 and later upsample the colours
// differently, by a few units. Then the golden features hold to 2 % only (golden/README.md).
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/testing.h"
#include "images/decode.h"
#include "images/preprocess.h"

namespace siskin {
namespace {

struct Photo {
  const char* path;
  const char* sha256_of_rgb;
};
constexpr Photo kPhotos[] = {
    {"cats/cat.3000.jpg", "45d3649d7329869700c187ca0c69562a9ea93196865ccf28f4c6c8bf36c7e9bb"},
    {"cats/cat.3001.jpg", "d2f50dae5021a658347277cdcdaf18f8930b558fd8106527a68f04e423d9f456"},
    {"cats/cat.3002.jpg", "f3d57e3de8a5505fe9239935f5a696c164fd6c259077bea1e12a4087676e4d41"},
    {"cats/cat.3003.jpg", "13085b305b10984149036522916ed6aab22b9142bc3bc32c231cc52623fb50ae"},
    {"dogs/dog.3000.jpg", "c9ffddfe5272dc146eb252570991bfe0580d7cd15c8a974629e9c66acf9f4b90"},
    {"dogs/dog.3001.jpg", "7a74e87dd835a73268b3cd4ec6ff7ac71b5f0254602c2d9f15f3f6b1861fd8d1"},
    {"dogs/dog.3002.jpg", "53658eb612ba654adde2c90a71855564edd5981759e7dcb3eeed6a0f3c6ed4db"},
    {"dogs/dog.3003.jpg", "5dc02f4ab000e5cc274bcf231eb49d3ac9298058d8133490bf57b9733c22ff95"},
};

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Photos, DecodedAsByPillow) {
  const auto folder = testing::SharedFolder("data/dogs-vs-cats/test");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  for (const Photo& photo : kPhotos) {
    const DecodedImage decoded = DecodeImage(ReadFile(folder / photo.path));
    ASSERT_EQ(decoded.error, "") << photo.path;
    EXPECT_EQ(decoded.warning, "") << photo.path;
    EXPECT_EQ(Sha256Hex(AsText(decoded.image.rgb)), photo.sha256_of_rgb) << photo.path;
  }
}

TEST(Photos, ResizedAsByPillow) {
  const auto folder = testing::SharedFolder("data/dogs-vs-cats/test");
  if (folder.empty()) GTEST_SKIP() << testing::kNoShared;
  struct Case {
    int size;
    Interpolation interpolation;
    const char* sha256_of_all;
  };
  for (const Case& c : {
           Case{150, Interpolation::kNearest, "d3e621a17f085b8373bdaa330c5d83d6e249fbfa11a6b258d19e075d674e0384"},
           Case{150, Interpolation::kBilinear, "6b09b9a205884f71cfcb146d3bbc65a637415ee4b53eb6ef974c893c0a3177ae"},
           Case{299, Interpolation::kBilinear, "2326d9c87f05a4fffcfe0cef9fe83cf5d3e342da7497b5a3373e494f5b9461e1"},
           Case{96, Interpolation::kArea, "d7e6ce112ecfb03d54527062ce4f12d0f83f136ebf60e7d07e12d2a02b692370"},
       }) {
    Preprocessing p{.height = c.size, .width = c.size, .interpolation = c.interpolation};
    p.scale.fill(1);
    p.shift.fill(0);
    std::vector<float> floats(static_cast<size_t>(c.size) * c.size * 3);
    Sha256 all;
    for (const Photo& photo : kPhotos) {
      Preprocess(DecodeImage(ReadFile(folder / photo.path), DecodeOptionsFor(p)).image, p, floats);
      all.Update(AsText(std::vector<uint8_t>(floats.begin(), floats.end())));
    }
    EXPECT_EQ(all.HexDigest(), c.sha256_of_all) << c.size << ' ' << Name(c.interpolation);
  }
}

}  // namespace
}  // namespace siskin
