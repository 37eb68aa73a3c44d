#include "data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/testing.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::GradientPicture;

using testing::kNan;
constexpr uint64_t kSeed = 11;

Preprocessing Small() {
  return {.height = 24, .width = 32};
}

std::vector<float> Augmented(const Image& image, const Preprocessing& p, const DrawnAugmentation& drawn) {
  std::vector<float> out(static_cast<size_t>(p.height) * p.width * 3, kNan);
  PreprocessAugmented(image, p, drawn, out);
  return out;
}

std::vector<float> Plain(const Image& image, const Preprocessing& p) {
  std::vector<float> out(static_cast<size_t>(p.height) * p.width * 3, kNan);
  Preprocess(image, p, out);
  return out;
}

DrawnAugmentation Draw(const Augmentation& a, uint32_t epoch, uint32_t photo, uint64_t seed = kSeed) {
  return DrawAugmentation(a, 24, 32, seed, epoch, photo);
}

TEST(Augment, NothingToDoIsBitForBitPreprocess) {
  const Image picture = GradientPicture(50, 41);
  Preprocessing p = Small();
  for (const char* scaling : {"signed", "unit", "caffe"}) {
    SetScaling(scaling, &p);
    EXPECT_EQ(Augmented(picture, p, Draw(Augmentation(), 3, 4)), Plain(picture, p)) << scaling;
  }
  // Half of the photos are not flipped.
  const Augmentation flip{.horizontal_flip = true};
  int same = 0;
  for (uint32_t photo = 0; photo < 200; ++photo) {
    const DrawnAugmentation drawn = Draw(flip, 1, photo);
    same += drawn.changes_nothing();
    if (photo < 10) {
      EXPECT_EQ(Augmented(picture, p, drawn) == Plain(picture, p), drawn.changes_nothing());
    }
  }
  EXPECT_NEAR(same, 100, 30);
}

// All four scalings and orders of channels see the same changed photo.
TEST(Augment, AFlipIsAFlipInEveryScaling) {
  const Image picture = GradientPicture(32, 24);
  Preprocessing p = Small();
  DrawnAugmentation flipped;
  flipped.warp = Flip(true, false);
  for (const char* scaling : {"signed", "unit", "caffe"}) {
    SetScaling(scaling, &p);
    const std::vector<float> plain = Plain(picture, p), out = Augmented(picture, p, flipped);
    for (size_t i = 0; i < out.size(); ++i) {
      const size_t x = i / 3 % 32;
      ASSERT_NEAR(out[i], plain[i + 3 * (31 - x) - 3 * x], 1e-5 * std::max(1.0f, std::abs(out[i]))) << scaling << i;
    }
  }
}

TEST(Augment, EveryPresetIsAFunctionOfSeedEpochAndPhoto) {
  const Image picture = GradientPicture(64, 48);
  for (const std::string& name : AugmentationNames()) {
    if (name == "none") continue;
    const Augmentation a = FindAugmentation(name);
    const auto pixels = [&](uint64_t seed, uint32_t epoch, uint32_t photo) {
      return Augmented(picture, Small(), Draw(a, epoch, photo, seed));
    };
    const std::vector<float> first = pixels(1, 2, 3);
    EXPECT_EQ(pixels(1, 2, 3), first) << name;
    EXPECT_NE(pixels(2, 2, 3), first) << name;
    EXPECT_NE(pixels(1, 3, 3), first) << name;
    EXPECT_NE(pixels(1, 2, 4), first) << name;
    EXPECT_TRUE(std::ranges::all_of(first, [](float v) { return v >= -1.0001f && v <= 1.0001f; })) << name;
  }
}

// Each parameter alone, over many photos: as wide as promised, not wider, centred.
TEST(Augment, KerasParametersHaveTheirRanges) {
  struct Case {
    Augmentation augmentation;
    double (*value)(const DrawnAugmentation&);
    double low, high;
  };
  const Case cases[] = {
      {{.rotation = 30}, [](const auto& d) { return std::atan2(d.warp.c, d.warp.a) * 180 / M_PI; }, -30, 30},
      {{.width_shift = 0.25}, [](const auto& d) { return d.warp.column_shift; }, -8, 8},
      {{.height_shift = 0.5}, [](const auto& d) { return d.warp.row_shift; }, -12, 12},
      {{.shear = 40}, [](const auto& d) { return std::asin(-d.warp.b) * 180 / M_PI; }, -40, 40},
      {{.zoom = 0.2}, [](const auto& d) { return d.warp.a; }, 0.8, 1.2},
      {{.zoom = 0.2}, [](const auto& d) { return d.warp.d; }, 0.8, 1.2},
      {{.channel_shift = 50}, [](const auto& d) { return double{d.colours.at(0).amount}; }, -50, 50},
      {{.brightness_low = 0.5, .brightness_high = 2},
       [](const auto& d) { return double{d.colours.at(0).amount}; },
       0.5,
       2},
      {{.crop = 0.4}, [](const auto& d) { return double{d.crop.width} * d.crop.height; }, 0.4, 1},
  };
  constexpr int kPhotos = 2000;
  for (const Case& c : cases) {
    double low = 1e9, high = -1e9, sum = 0;
    for (uint32_t photo = 0; photo < kPhotos; ++photo) {
      const double value = c.value(Draw(c.augmentation, 0, photo));
      low = std::min(low, value);
      high = std::max(high, value);
      sum += value;
    }
    const double range = c.high - c.low, slack = 0.01 * range;
    const auto number = &c - cases;
    EXPECT_GE(low, c.low - 1e-5) << number;
    EXPECT_LE(high, c.high + 1e-5) << number;
    EXPECT_LE(low, c.low + slack) << number;
    EXPECT_GE(high, c.high - slack) << number;
    EXPECT_NEAR(sum / kPhotos, (c.low + c.high) / 2, 0.03 * range) << number;
  }
}

TEST(Augment, HeightAndWidthZoomByThemselves) {
  int different = 0;
  for (uint32_t photo = 0; photo < 100; ++photo) {
    const Affine warp = Draw({.zoom = 0.2}, 0, photo).warp;
    different += std::abs(warp.a - warp.d) > 0.01;
  }
  EXPECT_GT(different, 80);
}

TEST(Augment, AParameterDoesNotChangeWhatTheOthersDo) {
  const Augmentation few{.rotation = 20, .crop = 0.5, .erasing = 1};
  Augmentation more = few;
  more.channel_shift = 30;
  more.brightness_low = 0.5;
  more.colour_jitter = 0.5;
  more.randaugment_magnitude = 5;
  for (uint32_t photo = 0; photo < 20; ++photo) {
    const DrawnAugmentation a = Draw(few, 0, photo), b = Draw(more, 0, photo);
    EXPECT_EQ(a.warp, b.warp);
    EXPECT_EQ(a.crop, b.crop);
    EXPECT_EQ(a.erased, b.erased);
    EXPECT_EQ(Random(a.noise).Next(), Random(b.noise).Next());
    EXPECT_LT(a.colours.size(), b.colours.size());
  }
}

TEST(Augment, BoxesLieInsideAndAreEverywhere) {
  float left = 1, right = 0, top = 1, bottom = 0;
  for (uint32_t photo = 0; photo < 2000; ++photo) {
    const DrawnAugmentation drawn = Draw({.crop = 0.08, .erasing = 1}, 0, photo);
    for (const RelativeBox& box : {drawn.crop, drawn.erased}) {
      ASSERT_GE(box.x, 0);
      ASSERT_GE(box.y, 0);
      ASSERT_LE(box.x + box.width, 1 + 1e-6);
      ASSERT_LE(box.y + box.height, 1 + 1e-6);
    }
    ASSERT_GE(drawn.crop.width * drawn.crop.height, 0.08 - 1e-6);
    const float erased = drawn.erased.width * drawn.erased.height;
    ASSERT_TRUE(erased >= 0.02 - 1e-6 && erased <= 1 / 3.0 + 1e-6) << erased;
    left = std::min(left, drawn.crop.x);
    top = std::min(top, drawn.crop.y);
    right = std::max(right, drawn.crop.x + drawn.crop.width);
    bottom = std::max(bottom, drawn.crop.y + drawn.crop.height);
  }
  EXPECT_LT(left, 0.01);
  EXPECT_LT(top, 0.01);
  EXPECT_GT(right, 0.99);
  EXPECT_GT(bottom, 0.99);
}

TEST(Augment, ErasesTheDrawnBoxOnly) {
  const Image picture = GradientPicture(32, 24);
  const DrawnAugmentation never = Draw({.erasing = 0}, 0, 5);
  EXPECT_TRUE(never.changes_nothing());
  DrawnAugmentation drawn = Draw({.erasing = 1}, 0, 5);
  drawn.erased = {.x = 0.25f, .y = 0.5f, .width = 0.5f, .height = 0.25f};  // columns 8 to 23, rows 12 to 17
  const std::vector<float> plain = Plain(picture, Small()), out = Augmented(picture, Small(), drawn);
  std::set<float> noise;
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t x = i / 3 % 32, y = i / 3 / 32;
    if (x >= 8 && x < 24 && y >= 12 && y < 18) {
      noise.insert(out[i]);
    } else {
      ASSERT_NEAR(out[i], plain[i], 1e-6) << x << ", " << y;
    }
  }
  EXPECT_GT(noise.size(), 150u);  // of 256 values, 288 drawn
}

TEST(Augment, CropsBeforeResizing) {
  // Left half black, right half white: a crop of the right half has no black, not even blurred.
  Image picture{100, 60, {}};
  for (int i = 0; i < 6000; ++i) picture.rgb.insert(picture.rgb.end(), 3, i % 100 < 50 ? 0 : 255);
  DrawnAugmentation drawn;
  drawn.crop = {.x = 0.5f, .y = 0, .width = 0.5f, .height = 1};
  const std::vector<float> out = Augmented(picture, Small(), drawn);
  EXPECT_TRUE(std::ranges::all_of(out, [](float v) { return std::abs(v - 1) < 1e-6; }));
}

TEST(Augment, ACropKeepsMorePixelsOfALargePhoto) {
  DrawnAugmentation drawn;
  EXPECT_EQ(DecodeOptionsFor(Small(), drawn).min_side, DecodeOptionsFor(Small()).min_side);
  drawn.crop = {.x = 0, .y = 0, .width = 0.25f, .height = 0.5f};
  EXPECT_EQ(DecodeOptionsFor(Small(), drawn).min_side, 4 * DecodeOptionsFor(Small()).min_side);
}

TEST(Augment, ColourJitterComesInEveryOrder) {
  std::set<std::vector<ColourOp>> orders;
  for (uint32_t photo = 0; photo < 200; ++photo) {
    std::vector<ColourOp> order;
    for (const ColourStep& step : Draw({.colour_jitter = 0.3}, 0, photo).colours) {
      order.push_back(step.op);
      ASSERT_TRUE(step.amount >= 0.7f - 1e-6 && step.amount <= 1.3f) << step.amount;
    }
    ASSERT_EQ(order.size(), 3u);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(Augment, RandAugmentDrawsFromAllOperations) {
  std::set<ColourOp> colours;
  int warped = 0, unchanged = 0;
  constexpr int kPhotos = 1400;
  for (uint32_t photo = 0; photo < kPhotos; ++photo) {
    const DrawnAugmentation drawn = Draw({.randaugment_ops = 1, .randaugment_magnitude = 15}, 0, photo);
    for (const ColourStep& step : drawn.colours) colours.insert(step.op);
    warped += drawn.warp != Affine();
    unchanged += drawn.changes_nothing();
  }
  EXPECT_EQ(colours.size(), 8u);
  EXPECT_NEAR(warped, kPhotos * 5 / 14, 70);
  EXPECT_NEAR(unchanged, kPhotos / 14, 40);
}

TEST(Augment, RandAugmentOfMagnitudeNothingDoesLittle) {
  // But AutoContrast and Equalize, which have no strength.
  for (uint32_t photo = 0; photo < 100; ++photo) {
    const DrawnAugmentation drawn = Draw({.randaugment_ops = 3, .randaugment_magnitude = 0}, 0, photo);
    EXPECT_EQ(drawn.warp, Affine());
    for (const ColourStep& step : drawn.colours) {
      if (step.op == ColourOp::kSolarize) {
        EXPECT_EQ(step.amount, 255);
      } else if (step.op == ColourOp::kPosterize) {
        EXPECT_EQ(step.amount, 8);
      } else if (step.op != ColourOp::kAutoContrast && step.op != ColourOp::kEqualize) {
        EXPECT_EQ(step.amount, 1);
      }
    }
  }
}

TEST(Augment, RefusesTheWrongRoom) {
  std::vector<float> out(10);
  DrawnAugmentation drawn;
  drawn.colours = {{ColourOp::kAutoContrast}};
  EXPECT_THROW(PreprocessAugmented(GradientPicture(8, 8), Small(), drawn, out), Error);
}

}  // namespace
}  // namespace siskin
