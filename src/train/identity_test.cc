#include "train/identity.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace siskin {
namespace {

// Photos 0.jpg, 1.jpg, ... of each class; of every five one is for validation and one for the test.
Dataset Photos(const std::vector<std::pair<std::string, int>>& classes) {
  Dataset dataset;
  for (const auto& [name, count] : classes) {
    for (int i = 0; i < count; ++i) {
      const Split split = i % 5 == 3 ? Split::kValidation : i % 5 == 4 ? Split::kTest : Split::kTrain;
      dataset.photos.push_back({.path = name + "/" + std::to_string(i) + ".jpg",
                                .label = static_cast<int>(dataset.class_names.size()),
                                .split = split,
                                .bytes = 1000});
    }
    dataset.class_names.push_back(name);
  }
  return dataset;
}

std::string Text(const Json& saved, const Json& now) {
  std::string text;
  for (const std::string& clause : Differences(saved, now)) text += (text.empty() ? "" : "; ") + clause;
  return text;
}

std::string PhotosText(const Dataset& before, const Dataset& after) {
  return Text(IdentityOf({}, 1, "abc", before), IdentityOf({}, 1, "abc", after));
}

TEST(Identity, TheSameTrainingHasNoDifference) {
  const Json identity = IdentityOf({}, 1, "abc", Photos({{"cat", 10}, {"dog", 10}}));
  EXPECT_EQ(Text(identity, ParseJson(ToText(identity), "as a checkpoint holds it")), "");
}

TEST(Identity, OptionsSeedAndWeights) {
  const Dataset photos = Photos({{"cat", 10}, {"dog", 10}});
  const Json saved = IdentityOf({}, 1, "abc", photos);
  Recipe recipe;
  recipe.optimizer.lr = 0.01;
  recipe.standardize = false;
  recipe.optimizer.kind = Optimizer::kSgd;
  EXPECT_EQ(
      Text(saved, IdentityOf(recipe, 2, "abd", photos)),
      "--standardize was true, now false; --optimizer was adamw, now sgd; --lr was 0.003, now 0.01; --seed was 1, "
      "now 2; the weights of the network are different ones");
  EXPECT_EQ(Text(saved, IdentityOf(FindRecipe("article"), 1, "abc", photos)).substr(0, 32),
            "--recipe was default, now articl");
  EXPECT_NE(Text(saved, IdentityOf(FindRecipe("article"), 1, "abc", photos)).find("; and "), std::string::npos)
      << "nobody reads twenty options";
}

TEST(Identity, ClassesThatCameOrWent) {
  const Dataset two = Photos({{"cat", 10}, {"dog", 10}}), three = Photos({{"cat", 10}, {"dog", 10}, {"fox", 1}});
  EXPECT_EQ(PhotosText(two, three), "the photos changed: class \"fox\" was added (1 photo)");
  EXPECT_EQ(PhotosText(three, two), "the photos changed: class \"fox\" was removed");
  EXPECT_EQ(PhotosText(two, Photos({{"dog", 10}, {"kitten", 10}})),
            "the photos changed: class \"kitten\" was added (10 photos), class \"cat\" was removed");
}

TEST(Identity, PhotosThatCameOrWent) {
  EXPECT_EQ(PhotosText(Photos({{"cat", 10}, {"dog", 10}, {"fox", 10}}), Photos({{"cat", 47}, {"dog", 8}, {"fox", 10}})),
            "the photos changed: class \"cat\" had 10 photos, now 47, class \"dog\" had 10 photos, now 8");
  std::vector<std::pair<std::string, int>> few, more;
  for (int i = 0; i < 120; ++i) {
    few.emplace_back(std::to_string(1000 + i), 6);
    more.emplace_back(std::to_string(1000 + i), 7);
  }
  const std::string text = PhotosText(Photos(few), Photos(more));
  EXPECT_NE(text.find("class \"1004\" had 6 photos, now 7, and 115 more"), std::string::npos) << text;
  EXPECT_EQ(text.find("1005"), std::string::npos) << text;
}

TEST(Identity, AsManyPhotosAsBefore) {
  const Dataset before = Photos({{"cat", 10}, {"dog", 10}});
  Dataset split = before;
  split.photos[3].split = Split::kTrain;
  EXPECT_EQ(PhotosText(before, split),
            "the photos changed: train had 12 photos, now 13, validation had 4 photos, now 3");
  Dataset renamed = before;
  renamed.photos[0].path = "cat/new.jpg";
  EXPECT_NE(PhotosText(before, renamed).find("as many of every class as before, but not the same ones"),
            std::string::npos);
  Dataset edited = before;
  edited.photos[0].bytes = 999;
  EXPECT_EQ(PhotosText(before, edited),
            "the photos changed: none was added or removed, but the file of at least one has another size");
}

TEST(Identity, WhateverStandsInTheFileIsOnlyADifference) {
  const Json now = IdentityOf({}, 1, "abc", Photos({{"cat", 10}, {"dog", 10}}));
  for (const char* saved : {"null", "[]", "7", "{}", R"({"photos": 3, "recipe": [], "seed": {}, "weights": null})",
                            R"({"photos": {"classes": [["cat"], 5, [1, 2, 3, 4], ["cat", "a", 0.5, null]]}})"}) {
    EXPECT_FALSE(Differences(ParseJson(saved, "test"), now).empty()) << saved;
  }
}

}  // namespace
}  // namespace siskin
