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
    for (const fs::path& path : ExpandInputs(full, stream, "siskin predict M"))
      out.push_back(path.lexically_relative(folder_.path()).lexically_normal().native());
    return out;
  }
  std::string Error_(const std::string& argument, const std::string& in = "", ErrorKind kind = ErrorKind::kData) {
    return testing::MessageOf(kind, [&] { Expand({argument}, in); });
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

// What PowerShell's > and Notepad write: UTF-16 in place of bytes made every letter a path, and "/" was scanned.
TEST_F(ExpandInputsTest, ListsAsWindowsWritesThem) {
  testing::PutFile(folder_.path() / "caf\u00E9 \U0001F426.jpg", "photo");
  const std::u16string folder(folder_.path().native().begin(), folder_.path().native().end());
  const std::u16string list =
      folder + u"/b.jpg\r\n\r\n" + folder + u"/caf\u00E9 \U0001F426.jpg\r\n" + folder + u"/c\r\n";
  const Strings expected = {"b.jpg", "caf\u00E9 \U0001F426.jpg", "c/1.JPG", "c/2.jpg", "c/empty.jpg"};
  EXPECT_EQ(Expand({"-"}, "\xFF\xFE" + testing::Utf16(list, false)), expected);
  EXPECT_EQ(Expand({"-"}, "\xFE\xFF" + testing::Utf16(list, true)), expected);
  EXPECT_EQ(Expand({"-"}, testing::Utf16(list, false)), expected);
  EXPECT_EQ(Expand({"-"}, testing::Utf16(list, true)), expected);
  EXPECT_EQ(Expand({"-"}, "\xEF\xBB\xBF" + Full("b.jpg") + "\r\n" + Full("c") + "\r"),
            (Strings{"b.jpg", "c/1.JPG", "c/2.jpg", "c/empty.jpg"}));
  EXPECT_TRUE(Error_("-", "\xFF\xFE" + testing::Utf16(list, false) + "\n")
                  .starts_with("standard input: is UTF-16 text, but ends in half a character"));
}

// Only a NUL ends the name then.
TEST_F(ExpandInputsTest, NamesThatEndInACarriageReturnNeedNuls) {
  EXPECT_EQ(Expand({"-"}, Full("odd.jpg\r") + '\0' + Full("two\r\n.jpg") + '\0'),
            (Strings{"odd.jpg\r", "two\r\n.jpg"}));
  EXPECT_EQ(Expand({"-"}, Full("odd.jpg\r") + "\r\n"), (Strings{"odd.jpg\r"}));
}

TEST_F(ExpandInputsTest, AListInPlaceOfAPhotoIsNoticed) {
  const auto hint = [&](const std::string& name, const std::string& bytes) {
    testing::PutFile(folder_.path() / name, bytes);
    return Error_(name, "", ErrorKind::kUsage);
  };
  const std::string expected =
      ": looks like a list of paths, not like a photo: give it on standard input: "
      "siskin predict M - < ";
  EXPECT_EQ(hint("list.txt", "\nnew/1.jpg\nnew/2.jpg\n"), Full("list.txt") + expected + Full("list.txt"));
  EXPECT_EQ(hint("list", "\xEF\xBB\xBFgone.PNG\r\n"), Full("list") + expected + Full("list"));
  EXPECT_EQ(hint("w.txt", "\xFF\xFE" + testing::Utf16(u"gone.jpg\r\n")), Full("w.txt") + expected + Full("w.txt"));
  EXPECT_EQ(hint("nul.txt", Full("c") + '\0'), Full("nul.txt") + expected + Full("nul.txt"));
  // Beside photos, and if it is no list, it is a photo that cannot be read.
  EXPECT_EQ(Expand({"list.txt", "b.jpg"}), (Strings{"list.txt", "b.jpg"}));
  EXPECT_EQ(Expand({"notes.txt"}), (Strings{"notes.txt"}));
  testing::PutFile(folder_.path() / "a.csv", "path,label\nb.jpg,bird\n");
  testing::PutFile(folder_.path() / "list.jpg", "b.jpg\n");
  testing::PutFile(folder_.path() / "half.txt",
                   "\xFF\xFE"
                   "a");
  testing::PutFile(folder_.path() / "empty.txt", "");
  for (const char* name : {"a.csv", "list.jpg", "half.txt", "empty.txt"}) EXPECT_EQ(Expand({name}), (Strings{name}));
}

TEST_F(ExpandInputsTest, TwoStarsFindPhotosInFoldersBelow) {
  testing::PutFile(folder_.path() / "c/d/e/3.jpg", "photo");
  testing::PutFile(folder_.path() / "c/d.jpg", "photo");
  testing::PutFile(folder_.path() / "c/.hidden/4.jpg", "photo");
  EXPECT_EQ(Expand({"**/*.jpg"}),
            (Strings{"b.jpg", "c/2.jpg", "c/d.jpg", "c/d/e/3.jpg", "c/empty.jpg", "new\nline.jpg"}));
  EXPECT_EQ(Expand({"**/[0-9].*"}), (Strings{"c/1.JPG", "c/2.jpg", "c/d/e/3.jpg"}));
  EXPECT_EQ(Expand({"c/**/e/*.jpg"}), (Strings{"c/d/e/3.jpg"}));
  EXPECT_EQ(Expand({"c/**"}), Expand({"c"}));
  // A folder that is found brings its photos, which another match brings as well. By bytes "." comes before "/".
  EXPECT_EQ(Expand({"c/**/[de]*"}), (Strings{"c/d.jpg", "c/d/e/3.jpg", "c/empty.jpg"}));
  EXPECT_EQ(Expand({"c/d*"}), (Strings{"c/d.jpg", "c/d/e/3.jpg"}));
  EXPECT_EQ(Error_("**/*.webp"), Full("**/*.webp") + ": no photo matches this pattern");
  EXPECT_EQ(Error_("**/*.txt"), Full("**/*.txt") + ": no photo matches this pattern");
}

TEST_F(ExpandInputsTest, NothingFound) {
  MakeFolder(folder_.path() / "empty");
  EXPECT_EQ(Error_("empty"), Full("empty") + ": no JPEG, PNG or WebP photos in this folder");
  EXPECT_EQ(Error_("*.webp"), Full("*.webp") + ": no photo matches this pattern");
}

}  // namespace
}  // namespace siskin
