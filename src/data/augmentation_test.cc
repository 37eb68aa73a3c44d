#include "data/augmentation.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/testing.h"

namespace siskin {
namespace {

using testing::MessageOf;

TEST(Augmentation, PresetsAreDifferentAndNamed) {
  std::set<std::string> seen;
  for (const std::string& name : AugmentationNames()) {
    EXPECT_EQ(NameOf(FindAugmentation(name)), name);
    EXPECT_EQ(FindAugmentation(name).any(), name != "none");
    EXPECT_TRUE(seen.insert(ToText(ToJson(FindAugmentation(name)))).second) << name;
  }
  EXPECT_EQ(seen.size(), 5u);
  Augmentation changed = FindAugmentation("light");
  changed.rotation += 1;
  EXPECT_EQ(NameOf(changed), "custom");
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [] { FindAugmentation("stong"); }),
            "there is no augmentation \"stong\" (did you mean strong?); choose one of none, article, light, standard, "
            "strong");
}

TEST(Augmentation, ArticleIsTheArticles) {
  Augmentation expected;
  expected.shear = 0.2;
  expected.zoom = 0.2;
  expected.horizontal_flip = true;
  EXPECT_EQ(FindAugmentation("article"), expected);
}

TEST(Augmentation, EveryParameterCountsButTheFillMode) {
  for (const AugmentationNumber& number : AugmentationNumbers()) {
    Augmentation a;
    a.*number.member = number.high;
    EXPECT_TRUE(a.any()) << number.name;
    EXPECT_LT(number.low, number.high) << number.name;
  }
  Augmentation a;
  EXPECT_FALSE(a.any());
  a.fill_mode = FillMode::kWrap;
  a.randaugment_magnitude = 9;
  EXPECT_FALSE(a.any());
  a.vertical_flip = true;
  EXPECT_TRUE(a.any());
  a.vertical_flip = false;
  a.brightness_low = 0.9;
  EXPECT_TRUE(a.any());
}

TEST(Augmentation, JsonAndBack) {
  for (const std::string& name : AugmentationNames()) {
    Augmentation a = FindAugmentation(name);
    a.brightness_low = 0.25;
    a.vertical_flip = true;
    EXPECT_EQ(AugmentationFromJson(ParseJson(ToText(ToJson(a)), "test"), "test"), a) << name;
  }
}

TEST(Augmentation, JsonOfAStrangerIsRefused) {
  const auto message = [](const char* key, const Json& value) {
    Json json = ToJson(FindAugmentation("strong"));
    json[key] = value;
    return MessageOf(ErrorKind::kModel, [&] { AugmentationFromJson(json, "card"); });
  };
  EXPECT_EQ(message("zoom", 1.5), "card: \"zoom\" is 1.5, expected 0 to 0.99");
  EXPECT_EQ(message("fill-mode", "mirror"),
            "card: \"fill-mode\" is \"mirror\", expected one of nearest, constant, reflect, wrap");
  EXPECT_EQ(message("horizontal-flip", 1), "card: \"horizontal-flip\" is not true or false");
  EXPECT_EQ(message("brightness", {1, "2"}), "card: \"brightness\" is not a list of two numbers");
  EXPECT_EQ(message("brightness", {1.5, 1.25}),
            "card: \"brightness\" is 1.5 to 1.25, expected a range between 0 and 10");
  message("rotation", "much");
  message("randaugment", {{"operations", 99}, {"magnitude", 1}});
  Json json = ToJson(Augmentation());
  json.erase("crop");
  MessageOf(ErrorKind::kModel, [&] { AugmentationFromJson(json, "card"); });
}

TEST(Augmentation, TextsAndBack) {
  Augmentation a;
  EXPECT_EQ(BrightnessText(a), "none");
  EXPECT_EQ(RandAugmentText(a), "none");
  ParseBrightness("0.8,1.25", &a);
  ParseRandAugment("2,9", &a);
  EXPECT_EQ(BrightnessText(a), "0.8,1.25");
  EXPECT_EQ(RandAugmentText(a), "2,9");
  const Augmentation before = a;
  for (const char* text : {"", "1", "1,", "1.2,0.8", "-1,1", "1,11", "nan,1", "0.8,1.2,1.3"}) {
    MessageOf(ErrorKind::kUsage, [&] { ParseBrightness(text, &a); });
  }
  for (const char* text : {"", "2", "15,9", "2,31", "-1,9", "2,9,1", "2.5,9"}) {
    MessageOf(ErrorKind::kUsage, [&] { ParseRandAugment(text, &a); });
  }
  EXPECT_EQ(a, before) << "a refused value was stored";
  ParseBrightness("none", &a);
  ParseRandAugment("none", &a);
  EXPECT_FALSE(a.any());
  for (const FillMode mode : {FillMode::kNearest, FillMode::kConstant, FillMode::kReflect, FillMode::kWrap}) {
    EXPECT_EQ(ParseFillMode(Name(mode)), mode);
  }
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [] { ParseFillMode("mirror"); }),
            "fill mode \"mirror\" is unknown; use nearest, constant, reflect, wrap");
}

}  // namespace
}  // namespace siskin
