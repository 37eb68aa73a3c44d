#include "data/layout.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace siskin {
namespace {

using Strings = std::vector<std::string>;

std::vector<Photo> PhotosAt(const Strings& paths) {
  std::vector<Photo> photos;
  for (const std::string& path : paths) photos.emplace_back().path = path;
  return photos;
}

TEST(FoldersIn, NamesThoseWithPhotos) {
  EXPECT_EQ(FoldersIn("a", PhotosAt({"a/x/1.jpg", "a/y/deep/2.jpg", "ab/z/3.jpg", "b/a/w/4.jpg"})),
            (Strings{"x", "y"}));
  EXPECT_EQ(FoldersIn("b/a", PhotosAt({"a/x/1.jpg", "b/a/w/4.jpg"})), (Strings{"w"}));
  EXPECT_EQ(FoldersIn("a", PhotosAt({"a/1.jpg", "a/2.jpg"})), Strings{});
  EXPECT_EQ(FoldersIn("a", {}), Strings{});
}

TEST(FoldersIn, AFewStraysAreNoClass) {
  EXPECT_EQ(FoldersIn("a", PhotosAt({"a/stray.jpg", "a/x/1.jpg", "a/y/1.jpg"})), (Strings{"x", "y"}));
  EXPECT_EQ(FoldersIn("a", PhotosAt({"a/1.jpg", "a/2.jpg", "a/x/1.jpg", "a/y/1.jpg"})), Strings{});
  Strings paths = {"a/stray.jpg", "a/stray.png"};
  for (int i = 0; i < 18; ++i) paths.push_back("a/x/" + std::to_string(i) + ".jpg");
  EXPECT_EQ(FoldersIn("a", PhotosAt(paths)), (Strings{"x"}));
  paths.push_back("a/2.jpg");
  EXPECT_EQ(FoldersIn("a", PhotosAt(paths)), Strings{});
}

TEST(WrapsClasses, FoldersAroundClassesOrSplits) {
  EXPECT_TRUE(WrapsClasses("a", PhotosAt({"a/x/1.jpg", "a/y/2.jpg"})));
  EXPECT_TRUE(WrapsClasses("a", PhotosAt({"a/b/c/x/1.jpg", "a/b/c/y/2.jpg"})));
  EXPECT_TRUE(WrapsClasses("a", PhotosAt({"a/train/x/1.jpg"})));
  EXPECT_FALSE(WrapsClasses("a", PhotosAt({"a/1.jpg", "a/2.jpg"})));
  EXPECT_FALSE(WrapsClasses("a", PhotosAt({"a/b/c/1.jpg"})));
  EXPECT_FALSE(WrapsClasses("a", {}));
}

TEST(DoubtAboutClasses, SplitsAndBatches) {
  const std::string same =
      "\"fold1\", \"fold2\" hold the same folders (\"cat\", \"dog\"), so that they look like splits or batches rather "
      "than classes; if they are splits, rename them train, validation and test; if one of them is enough, train on "
      "\"fold1\" alone; if they are the classes, say so by a --split-file, or move their photos out of those folders";
  EXPECT_EQ(DoubtAboutClasses({{"fold1", {"cat", "dog"}}, {"fold2", {"cat", "dog"}}}), same);
  EXPECT_EQ(DoubtAboutClasses({{"fold1", {"cat", "dog"}}, {"fold2", {"cat", "dog"}}, {"samples", {}}}), same);
  // Spelled in another case or form, one class missing in one of them.
  EXPECT_NE(DoubtAboutClasses({{"a", {"Caf\u00E9", "bar", "inn"}}, {"b", {"BAR", "cafe\u0301"}}}), "");
}

TEST(DoubtAboutClasses, SplitsWithinClasses) {
  EXPECT_EQ(
      DoubtAboutClasses({{"cats", {"test", "train"}}, {"dogs", {"test", "train"}}}),
      "\"cats\", \"dogs\" each hold the splits \"test\", \"train\", which training would mix; the splits come first: "
      "\"cats/test\" becomes \"test/cats\"");
}

TEST(DoubtAboutClasses, ACopyOfTheOthers) {
  EXPECT_EQ(
      DoubtAboutClasses({{"cell_images", {"Parasitized", "Uninfected"}}, {"Parasitized", {}}, {"Uninfected", {}}}),
      "\"cell_images\" holds folders of the same names as those beside it (\"Parasitized\", \"Uninfected\"), so that "
      "it looks like a copy of them rather than a class; remove it, or train on it alone; if it is a class, say so "
      "by a --split-file");
}

TEST(DoubtAboutClasses, NoneAboutClasses) {
  for (const std::vector<Candidate>& classes : std::vector<std::vector<Candidate>>{
           {},
           {{"cats", {"2019", "2020"}}},
           {{"cats", {}}, {"dogs", {}}},
           {{"cats", {"images"}}, {"dogs", {"images"}}},
           {{"cats", {"adults", "kittens"}}, {"dogs", {"adults", "puppies"}}},
           {{"church", {"indoor", "outdoor"}}, {"store", {"indoor", "outdoor"}}, {"abbey", {}}, {"arch", {}}},
           {{"cats", {"dogs", "small"}}, {"dogs", {}}}}) {
    EXPECT_EQ(DoubtAboutClasses(classes), "");
  }
}

}  // namespace
}  // namespace siskin
