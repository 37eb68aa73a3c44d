// Lists, tables and patterns as people have them: written by Windows, given in the wrong place; and photos of one
// class.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "photos.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

// A trained model and its photos.
class Lists : public ::testing::Test {
 protected:
  Lists() { shop_.Train(); }
  fs::path photos() const { return shop_.path("photos"); }
  std::string model() const { return shop_.path("model.safetensors"); }
  // In the folder of the photos.
  RunResult Run(const std::vector<std::string>& arguments, const std::string& standard_input = "") const {
    return RunSiskin(arguments, {.standard_input = standard_input, .folder = photos(), .seconds = 60});
  }

  const Workshop shop_{8};
};

TEST_F(Lists, MayBeWrittenByWindows) {
  const std::u16string text = u"bird/001.jpg\r\nother/002.jpg\r\n";
  for (const std::string& list : {"\xFF\xFE" + Utf16(text), "\xFE\xFF" + Utf16(text, true), Utf16(text),
                                  std::string("\xEF\xBB\xBF"
                                              "bird/001.jpg\r\nother/002.jpg\r\n")}) {
    const RunResult answered = Run({"predict", model(), "-", "--format", "csv"}, list);
    EXPECT_EQ(answered.exit_code, 0) << answered.err;
    EXPECT_EQ(CountLines(answered.out), 3u) << answered.out;
    EXPECT_TRUE(Contains(answered.out, "\nbird/001.jpg,")) << answered.out;
    const RunResult rows = Run({"features", model(), "-", "-o", shop_.path("f.npy")}, list);
    EXPECT_EQ(rows.exit_code, 0) << rows.err;
    EXPECT_EQ(ReadText(shop_.path("f.csv")), "path\nbird/001.jpg\nother/002.jpg\n");
  }
  const RunResult broken = Run({"predict", model(), "-"}, "\xFF\xFE" + Utf16(text) + "\n");
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_TRUE(Contains(broken.err, "standard input: is UTF-16 text, but ends in half a character")) << broken.err;
}

TEST_F(Lists, InPlaceOfAPhotoGetAHint) {
  WriteText(photos() / "list.txt", "bird/001.jpg\n");
  for (const char* verb : {"predict", "features"}) {
    const RunResult result = Run({verb, model(), "list.txt", "-o", shop_.path("out.npy")});
    EXPECT_EQ(result.exit_code, 2);
    const std::string meant = std::string("siskin ") + verb + " " + model() + " - < list.txt\n";
    EXPECT_TRUE(Contains(result.err, "list.txt: looks like a list of paths") && Contains(result.err, meant))
        << result.err;
  }
}

TEST_F(Lists, ASplitFileMayBeWrittenByWindows) {
  const fs::path file = shop_.path("split.csv");
  WriteText(file, "\xFF\xFE" + Utf16(u"path,class,split\r\nbird/001.jpg,bird,test\r\nother/002.jpg,other,test\r\n"));
  const RunResult evaluated = Run({"eval", model(), photos(), "--split-file", file, "--format", "json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(ParseJson(evaluated.out, "eval")["photos"], 2);
}

TEST_F(Lists, TwoStarsInAPatternAreAnyFolders) {
  const auto lines = [&](const std::string& pattern) {
    const RunResult result = Run({"predict", model(), pattern, "--format", "csv"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return CountLines(result.out) - 1;
  };
  fs::copy_file(photos() / "bird" / "001.jpg", photos() / "001.jpg");
  EXPECT_EQ(lines("**/001.jpg"), 3u);
  EXPECT_EQ(lines("**"), 17u);
  const RunResult none = Run({"predict", model(), "**/*.webp"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_TRUE(Contains(none.err, "no photo matches this pattern")) << none.err;
}

TEST_F(Lists, PhotosOfOneClassAreScored) {
  const fs::path one = shop_.path("one"), page = shop_.path("page.html"), answers = shop_.path("answers.csv");
  fs::create_directory(one);
  fs::copy(photos() / "bird", one / "bird");
  const RunResult evaluated =
      Run({"eval", model(), one, "--format", "json", "--report", page, "--predictions", answers});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const Json json = ParseJson(evaluated.out, "eval");
  EXPECT_EQ(json["photos"], 8);
  EXPECT_EQ(json["accuracy"], json["classes"][0]["recall"]);
  EXPECT_TRUE(json["roc_auc"].is_null());
  EXPECT_TRUE(json["classes"][1]["precision"].is_null());
  EXPECT_EQ(CountLines(ReadText(answers)), 9u);
  EXPECT_TRUE(Contains(ReadText(page), "needs photos of two classes"));
  const RunResult text = Run({"eval", model(), one});
  EXPECT_TRUE(Contains(text.out, "\nROC AUC         -\n")) << text.out;
  EXPECT_FALSE(Contains(text.out, "nan")) << text.out;

  const RunResult compared = Run({"compare", model(), model(), one, "--format", "json"});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  EXPECT_EQ(ParseJson(compared.out, "compare")["photos"], 8);

  fs::rename(one / "bird", one / "birds");
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"eval", model()}, {"compare", model(), model()}}) {
    std::vector<std::string> arguments = verb;
    arguments.push_back(one);
    const RunResult strange = Run(arguments);
    EXPECT_EQ(strange.exit_code, 3);
    EXPECT_TRUE(Contains(strange.err, "'birds' is none of the model's classes (bird, other)")) << strange.err;
  }
}

TEST_F(Lists, NoValidationIsNeverAdvised) {
  std::vector<std::string> arguments = shop_.TrainArguments();
  arguments.insert(arguments.end(), {"--val", "0"});
  const RunResult none = RunSiskin(arguments);
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_TRUE(Contains(none.err, "--val 0 leaves no photos to choose the best epoch by; give a share")) << none.err;

  fs::create_directories(shop_.path("small") / "bird");
  fs::copy(photos() / "other", shop_.path("small") / "other");
  fs::copy_file(photos() / "bird" / "001.jpg", shop_.path("small") / "bird" / "001.jpg");
  arguments = shop_.TrainArguments();
  arguments[1] = shop_.path("small");
  const RunResult few = RunSiskin(arguments);
  EXPECT_EQ(few.exit_code, 3);
  EXPECT_TRUE(Contains(few.err, "class \"bird\" has 1 photo, too few")) << few.err;
  EXPECT_FALSE(Contains(few.err, "--val 0")) << few.err;
}

}  // namespace
}  // namespace siskin::testing
