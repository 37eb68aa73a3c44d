#include "data/inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/testing.h"
#include "data/testing_files.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class ExpandInputsTest : public ::testing::Test {
 protected:
  ExpandInputsTest() {
    for (const char* name : {"b.jpg", "a.png", "c/2.jpg", "c/1.JPG", "notes.txt", "c/.hidden.jpg", "new\nline.jpg"}) {
      testing::PutFile(folder_.path() / name, "photo");
    }
    testing::PutFile(folder_.path() / "c/empty.jpg", "");
  }
  // Arguments and results relative to the folder; `in` is standard input.
  Strings Expand(const Strings& arguments, const std::string& in = "") {
    Strings full;
    for (const std::string& argument : arguments) full.push_back(argument == "-" ? "-" : Full(argument));
    std::istringstream stream(in);
    Strings out;
    for (const fs::path& path : ExpandInputs(full, stream))
      out.push_back(path.lexically_relative(folder_.path()).lexically_normal().native());
    return out;
  }
  std::string Error_(const std::string& argument) {
    try {
      Expand({argument});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      return error.what();
    }
    return "no error";
  }
  std::string Full(const std::string& path) const { return (folder_.path() / path).native(); }

  testing::TemporaryFolder folder_;
};

TEST_F(ExpandInputsTest, FilesStayInTheirOrderEvenIfMissing) {
  EXPECT_EQ(Expand({"b.jpg", "missing.jpg", "a.png", "notes.txt"}),
            (Strings{"b.jpg", "missing.jpg", "a.png", "notes.txt"}));
}

TEST_F(ExpandInputsTest, FoldersAreSortedAndKeepWhatCannotBeRead) {
  EXPECT_EQ(Expand({"c"}), (Strings{"c/1.JPG", "c/2.jpg", "c/empty.jpg"}));
  EXPECT_EQ(Expand({"."}), (Strings{"a.png", "b.jpg", "c/1.JPG", "c/2.jpg", "c/empty.jpg", "new\nline.jpg"}));
}

TEST_F(ExpandInputsTest, GlobsThatTheShellLeft) {
  EXPECT_EQ(Expand({"*.jpg", "a*"}), (Strings{"b.jpg", "new\nline.jpg", "a.png"}));
  EXPECT_EQ(Expand({"*"}), (Strings{"a.png", "b.jpg", "c/1.JPG", "c/2.jpg", "c/empty.jpg", "new\nline.jpg"}));
  EXPECT_EQ(Expand({"c/[12].*"}), (Strings{"c/1.JPG", "c/2.jpg"}));
}

TEST_F(ExpandInputsTest, NamesWithGlobCharactersThatExistAreNames) {
  testing::PutFile(folder_.path() / "odd[1]*.jpg", "photo");
  EXPECT_EQ(Expand({"odd[1]*.jpg"}), (Strings{"odd[1]*.jpg"}));
}

TEST_F(ExpandInputsTest, ListOnStandardInput) {
  EXPECT_EQ(Expand({"-"}, Full("b.jpg") + "\n\n" + Full("gone.jpg") + "\n" + Full("c")),
            (Strings{"b.jpg", "gone.jpg", "c/1.JPG", "c/2.jpg", "c/empty.jpg"}));
  const std::string nul(1, '\0');
  EXPECT_EQ(Expand({"-"}, Full("new\nline.jpg") + nul + Full("b.jpg") + nul), (Strings{"new\nline.jpg", "b.jpg"}));
  EXPECT_EQ(Expand({"-"}, ""), Strings{});
}

TEST_F(ExpandInputsTest, NothingFound) {
  MakeFolder(folder_.path() / "empty");
  EXPECT_EQ(Error_("empty"), Full("empty") + ": no JPEG, PNG or WebP photos in this folder");
  EXPECT_EQ(Error_("*.webp"), Full("*.webp") + ": no photo matches this pattern");
}

}  // namespace
}  // namespace siskin
