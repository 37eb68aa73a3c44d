#include "train/recipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "siskin/error.h"

namespace siskin {
namespace {

std::string UsageError(Recipe* recipe, const char* field, const char* text) {
  try {
    SetRecipeField(recipe, field, text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  ADD_FAILURE() << field << " = " << text << " was accepted";
  return "";
}

TEST(Recipe, EveryFieldPrintsWhatItParses) {
  for (const std::string& name : RecipeNames()) {
    const Recipe recipe = FindRecipe(name);
    Recipe copy = FindRecipe(name == "default" ? "article" : "default");
    copy.name = recipe.name;
    for (const RecipeField& field : RecipeFields()) field.parse(&copy, field.print(recipe));
    EXPECT_EQ(ToJson(copy), ToJson(recipe));
  }
}

TEST(Recipe, FieldsAreComplete) {
  std::set<std::string> names;
  for (const RecipeField& field : RecipeFields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name << " twice";
    EXPECT_FALSE(field.help.empty()) << field.name;
    EXPECT_EQ(field.placeholder.empty(), field.type == RecipeField::Type::kFlag) << field.name;
  }
}

// Help shows group by group: every field once.
TEST(Recipe, EveryFieldIsInOneGroup) {
  std::vector<std::string> names;
  for (const RecipeGroup group : {RecipeGroup::kInput, RecipeGroup::kHead, RecipeGroup::kTraining,
                                  RecipeGroup::kFineTune, RecipeGroup::kAugment}) {
    const std::vector<std::string> of_group = FieldNames(group);
    EXPECT_FALSE(of_group.empty());
    names.insert(names.end(), of_group.begin(), of_group.end());
  }
  std::vector<std::string> all;
  for (const RecipeField& field : RecipeFields()) all.push_back(field.name);
  EXPECT_EQ(names, all);
}

TEST(Recipe, JsonIsTyped) {
  const Json json = ToJson(FindRecipe("article"));
  EXPECT_EQ(json["name"], "article");
  EXPECT_EQ(json["epochs"], 50);
  EXPECT_EQ(json["lr"], 0.01);
  EXPECT_EQ(json["head"], "256,128");
  EXPECT_EQ(json["nesterov"], false);
  EXPECT_EQ(json["optimizer"], "sgd");
}

TEST(Recipe, ArticleIsTheArticles) {
  const Recipe article = FindRecipe("article");
  EXPECT_EQ(BackboneOf(article).height, 150);
  EXPECT_EQ(article.head, (HeadSpec{{256, 128}, 0.5f}));
}

TEST(Recipe, RefusesValues) {
  Recipe recipe;
  EXPECT_EQ(UsageError(&recipe, "epochs", "0"), "--epochs is \"0\", expected a whole number from 1 to 1000000");
  EXPECT_EQ(UsageError(&recipe, "optimizer", "rmsprop"),
            "--optimizer is \"rmsprop\", expected one of sgd, adam, adamw");
  UsageError(&recipe, "epochs", "5x");
  UsageError(&recipe, "epochs", "");
  UsageError(&recipe, "lr", "nan");
  UsageError(&recipe, "lr", "-1");
  UsageError(&recipe, "dropout", "1");
  UsageError(&recipe, "head", "256,");
  UsageError(&recipe, "head", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1");
  UsageError(&recipe, "nesterov", "yes");
  EXPECT_EQ(UsageError(&recipe, "wieght-decay", "1"), "a recipe has no \"wieght-decay\"; did you mean weight-decay?");
  EXPECT_EQ(ToJson(recipe), ToJson(Recipe())) << "a refused value was stored";
}

TEST(Recipe, WeightDecayFollowsTheOptimizer) {
  Recipe recipe;
  EXPECT_EQ(recipe.optimizer.decay(), 5);
  EXPECT_EQ(ToJson(recipe)["weight-decay"], "auto");
  recipe.optimizer.kind = Optimizer::kSgd;
  EXPECT_EQ(recipe.optimizer.decay(), 0);
  SetRecipeField(&recipe, "weight-decay", "0.25");
  EXPECT_EQ(recipe.optimizer.decay(), 0.25);
  EXPECT_EQ(ToJson(recipe)["weight-decay"], 0.25);
  SetRecipeField(&recipe, "weight-decay", "auto");
  EXPECT_EQ(recipe.optimizer.decay(), 0);
}

TEST(Recipe, AugmentationIsAPresetAndItsExceptions) {
  Recipe recipe = FindRecipe("article");
  EXPECT_EQ(recipe.augment, FindAugmentation("article"));
  EXPECT_EQ(ToJson(recipe)["augment"], "article");
  EXPECT_EQ(FindRecipe("default").augment, FindAugmentation("light"));

  SetRecipeField(&recipe, "augment", "light");
  SetRecipeField(&recipe, "rotation", "45");
  SetRecipeField(&recipe, "brightness", "0.5,1.5");
  SetRecipeField(&recipe, "horizontal-flip", "false");
  SetRecipeField(&recipe, "fill-mode", "wrap");
  SetRecipeField(&recipe, "randaugment", "3,10");
  Augmentation expected = FindAugmentation("light");
  expected.rotation = 45;
  expected.brightness_low = 0.5;
  expected.brightness_high = 1.5;
  expected.horizontal_flip = false;
  expected.fill_mode = FillMode::kWrap;
  expected.randaugment_ops = 3;
  expected.randaugment_magnitude = 10;
  EXPECT_EQ(recipe.augment, expected);
  const Json json = ToJson(recipe);
  EXPECT_EQ(json["augment"], "custom");
  EXPECT_EQ(json["rotation"], 45);
  EXPECT_EQ(json["randaugment"], "3,10");

  Recipe copy;
  copy.name = recipe.name;
  for (const RecipeField& field : RecipeFields()) field.parse(&copy, field.print(recipe));
  EXPECT_EQ(copy.augment, recipe.augment) << "a changed preset is not what its fields say";

  UsageError(&recipe, "augment", "more");
  UsageError(&recipe, "zoom", "1");
  UsageError(&recipe, "fill-mode", "mirror");
  EXPECT_EQ(recipe.augment, expected) << "a refused value was stored";
}

// Help and RecipeOptions go by the table: the field that sets the others comes first.
TEST(Recipe, ThePresetStandsBeforeItsExceptions) {
  const auto place = [](std::string_view name) {
    return std::ranges::find(RecipeFields(), name, &RecipeField::name) - RecipeFields().begin();
  };
  for (const AugmentationNumber& number : AugmentationNumbers()) EXPECT_LT(place("augment"), place(number.name));
  for (const char* name : {"brightness", "horizontal-flip", "vertical-flip", "fill-mode", "randaugment"}) {
    EXPECT_LT(place("augment"), place(name)) << name;
  }
}

TEST(Recipe, HeadWithoutHiddenLayers) {
  Recipe recipe;
  SetRecipeField(&recipe, "head", "none");
  EXPECT_TRUE(recipe.head.hidden.empty());
  EXPECT_EQ(ToJson(recipe)["head"], "none");
}

TEST(Recipe, UnknownNameNamesTheNearest) {
  try {
    FindRecipe("artcle");
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "there is no recipe \"artcle\" (did you mean article?); choose one of default, article, scratch");
  }
}

TEST(Recipe, FieldsThatContradictEachOther) {
  Recipe recipe;
  recipe.optimizer.nesterov = true;
  EXPECT_THROW(CheckRecipe(recipe), Error);
  recipe.optimizer.kind = Optimizer::kSgd;
  CheckRecipe(recipe);
  recipe.optimizer.momentum = 0;
  EXPECT_THROW(CheckRecipe(recipe), Error);
  recipe = Recipe();
  recipe.optimizer.warmup = recipe.optimizer.epochs + 1;
  EXPECT_THROW(CheckRecipe(recipe), Error);
  recipe = Recipe();
  recipe.size = 70;  // Xception takes 71 and more
  EXPECT_THROW(CheckRecipe(recipe), Error);
}

TEST(Recipe, PreprocessingFollowsTheFields) {
  Recipe recipe = FindRecipe("article");
  const Preprocessing article = PreprocessingOf(recipe);
  EXPECT_EQ(article.width, 150);
  EXPECT_EQ(article.interpolation, Interpolation::kNearest);
  EXPECT_FLOAT_EQ(article.scale[0], 1 / 255.0f);
  SetRecipeField(&recipe, "scaling", "own");
  EXPECT_FLOAT_EQ(PreprocessingOf(recipe).shift[0], -1);
}

}  // namespace
}  // namespace siskin
