#include "data/glob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/testing.h"
#include "data/testing_files.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class GlobTest : public ::testing::Test {
 protected:
  GlobTest() {
    for (const char* name : {"x.jpg", "a/x.jpg", "a/y.png", "a/b/x.jpg", "a/b/z.png", "a/b/c/b/1.png", "a-1/x.jpg",
                             ".hidden/x.jpg", "a/.hidden/x.jpg", "a/.x.jpg", "[1]/x.jpg", "1/x.jpg"}) {
      testing::PutFile(folder_.path() / name, "photo");
    }
  }
  // Pattern and results relative to the folder.
  Strings Glob(const std::string& pattern) const {
    const std::string root = folder_.path().native();
    Strings out;
    for (const std::string& path : ExpandGlob(root + "/" + pattern)) {
      EXPECT_TRUE(path.starts_with(root)) << path;
      out.push_back(path.substr(std::min(path.size(), root.size() + 1)));
    }
    return out;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(GlobTest, WithinOneFolder) {
  EXPECT_EQ(Glob("a/*"), (Strings{"a/b", "a/x.jpg", "a/y.png"}));
  EXPECT_EQ(Glob("*/x.jpg"), (Strings{"1/x.jpg", "[1]/x.jpg", "a-1/x.jpg", "a/x.jpg"}));
  EXPECT_EQ(Glob("a/?.[jp][pn]g"), (Strings{"a/x.jpg", "a/y.png"}));
  EXPECT_EQ(Glob("a/[!x].*"), (Strings{"a/y.png"}));
  EXPECT_EQ(Glob("a//b/./x.*"), (Strings{"a/b/./x.jpg"}));
  EXPECT_EQ(Glob("a/*/"), (Strings{"a/b"}));
  EXPECT_EQ(Glob("a/z*"), Strings{});
  EXPECT_EQ(Glob("a/x.jpg/*"), Strings{});
}

TEST_F(GlobTest, HiddenNamesAndOddOnesAreNamed) {
  EXPECT_EQ(Glob(".*/x.jpg"), (Strings{".hidden/x.jpg"}));
  EXPECT_EQ(Glob("a/.x*"), (Strings{"a/.x.jpg"}));
  EXPECT_EQ(Glob("[1]/*"), (Strings{"1/x.jpg"}));
  EXPECT_EQ(Glob("\\[1\\]/*"), (Strings{"[1]/x.jpg"}));
  EXPECT_EQ(Glob("[[]1]/x.jpg"), (Strings{"[1]/x.jpg"}));
}

TEST_F(GlobTest, TwoStarsAreNoOneOrMoreFolders) {
  EXPECT_EQ(Glob("**/x.jpg"), (Strings{"1/x.jpg", "[1]/x.jpg", "a-1/x.jpg", "a/b/x.jpg", "a/x.jpg", "x.jpg"}));
  EXPECT_EQ(Glob("a/**/b/*.png"), (Strings{"a/b/c/b/1.png", "a/b/z.png"}));
  EXPECT_EQ(Glob("**/b/**/*.png"), (Strings{"a/b/c/b/1.png", "a/b/z.png"}));
  EXPECT_EQ(Glob("a/**/**/?.png"), (Strings{"a/b/c/b/1.png", "a/b/z.png", "a/y.png"}));
  EXPECT_EQ(Glob("**/.hidden/*"), (Strings{".hidden/x.jpg", "a/.hidden/x.jpg"}));
  EXPECT_EQ(Glob("a/**/[zy].*"), (Strings{"a/b/z.png", "a/y.png"}));
  EXPECT_EQ(Glob("**/q.jpg"), Strings{});
  EXPECT_EQ(Glob("a/x.jpg/**/x.jpg"), Strings{});
  // Within a name they are what one is.
  EXPECT_EQ(Glob("a**/x.jpg"), (Strings{"a-1/x.jpg", "a/x.jpg"}));
}

TEST_F(GlobTest, TwoStarsAtTheEndAreTheFolder) {
  EXPECT_EQ(Glob("a/**"), (Strings{"a"}));
  EXPECT_EQ(Glob("a/**/"), (Strings{"a"}));
  EXPECT_EQ(Glob("a*/**/**"), (Strings{"a", "a-1"}));
  EXPECT_EQ(Glob("**"), (Strings{""}));
  EXPECT_EQ(Glob("a/x.jpg/**"), Strings{});
  EXPECT_EQ(Glob("gone/**"), Strings{});
}

TEST_F(GlobTest, RelativeToTheWorkingFolder) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  const Strings everywhere = ExpandGlob("**"), photos = ExpandGlob("**/b/x.*"), up = ExpandGlob("a/../**/y.*");
  fs::current_path(before);
  EXPECT_EQ(everywhere, (Strings{""}));
  EXPECT_EQ(photos, (Strings{"a/b/x.jpg"}));
  EXPECT_EQ(up, (Strings{"a/../a/y.png"}));
}

TEST_F(GlobTest, LinksAreFollowedOnceAndNotUpwards) {
  fs::create_directory_symlink("..", folder_.path() / "a/up");
  fs::create_directory_symlink(".", folder_.path() / "a/here");
  fs::create_directory_symlink("b", folder_.path() / "a/z");
  fs::create_directory_symlink("/", folder_.path() / "a/b/everything");
  testing::TemporaryFolder elsewhere;
  testing::PutFile(elsewhere.path() / "deep/x.jpg", "photo");
  fs::create_directory_symlink(elsewhere.path(), folder_.path() / "a/b/link");
  EXPECT_EQ(Glob("a/**/x.jpg"), (Strings{"a/b/link/deep/x.jpg", "a/b/x.jpg", "a/x.jpg"}));
  EXPECT_EQ(Glob("a/z/*.png"), (Strings{"a/z/z.png"}));
}

// Two hundred folders deep: found again from each of them, the photo would be found some million times.
TEST_F(GlobTest, DeepTreesAreWalkedOnce) {
  std::string path = folder_.path().native() + "/deep";
  for (int i = 0; i < 200; ++i) path += "/d";
  testing::PutFile(path + "/1.jpg", "photo");
  const Strings found = ExpandGlob(folder_.path().native() + "/deep/**/d/**/d/**/*.jpg");
  EXPECT_EQ(found, (Strings{path + "/1.jpg"}));
}

}  // namespace
}  // namespace siskin
