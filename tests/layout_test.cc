// Folders of photos as people have them: unpacked archives, copies, names of another system.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "photos.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

class Layout : public ::testing::Test {
 protected:
  fs::path photos() const { return shop_.path("photos"); }
  std::string model() const { return shop_.path("model.safetensors"); }
  RunResult Train(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = shop_.TrainArguments();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunSiskin(arguments);
  }
  RunResult Eval(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"eval", model(), photos()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunSiskin(arguments);
  }
  Json Check(int exit_code) const {
    const RunResult checked = RunSiskin({"check", photos(), "--format", "json"});
    EXPECT_EQ(checked.exit_code, exit_code) << checked.err;
    return ParseJson(checked.out, "check");
  }

  const Workshop shop_{8};
};

TEST_F(Layout, EmptyFoldersAndLoosePicturesAreNoFailures) {
  fs::create_directory(photos() / "bat");
  WriteText(photos() / "loose.jpg", OnePhoto(photos()));
  const std::string empty = "1 folder without photos is left out: \"bat\"";
  const std::string loose = "1 picture in no class folder is left out: \"loose.jpg\"";

  const RunResult checked = RunSiskin({"check", photos()});
  EXPECT_EQ(checked.exit_code, 0) << checked.out;
  EXPECT_TRUE(Contains(checked.out, "note: " + empty) && Contains(checked.out, "note: " + loose)) << checked.out;
  EXPECT_TRUE(Contains(checked.out, "unusable: 0")) << checked.out;
  EXPECT_EQ(Check(0)["skipped"].size(), 0u);

  const RunResult trained = Train();
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_TRUE(Contains(trained.err, empty) && Contains(trained.err, loose)) << trained.err;
  EXPECT_FALSE(Contains(trained.out, "left out ")) << trained.out;

  const RunResult evaluated = Eval();
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_TRUE(Contains(evaluated.err, empty) && Contains(evaluated.err, loose)) << evaluated.err;
  EXPECT_FALSE(Contains(evaluated.err, "could not be read")) << evaluated.err;
}

// As an archive unpacks: training, evaluation and split file mean the same photos by the outer and the inner folder.
TEST_F(Layout, OneFolderTooMany) {
  fs::create_directories(shop_.path("outer") / "__MACOSX" / "photos");
  fs::rename(photos(), shop_.path("outer") / "PetImages");
  fs::rename(shop_.path("outer"), photos());
  WriteText(photos() / "readme.txt", "Cats and dogs.");
  WriteText(photos() / "PetImages" / "cover.jpg", OnePhoto(photos() / "PetImages"));
  WriteText(photos() / "__MACOSX" / "photos" / "._001.jpg", "resource fork");
  const fs::path inner = photos() / "PetImages";
  const std::string note =
      "the classes are taken from " + inner.string() + ", since " + photos().string() + " holds nothing else";

  const RunResult trained = Train();
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_TRUE(Contains(trained.err, note)) << trained.err;
  const Json checked = Check(0);
  EXPECT_EQ(checked["findings"][0], note);
  EXPECT_EQ(checked["root"], inner.string());

  const RunResult evaluated = Eval({"--format", "json"});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_TRUE(Contains(evaluated.err, note)) << evaluated.err;
  EXPECT_TRUE(Contains(evaluated.err, "a model was trained on these photos")) << evaluated.err;
  const Json numbers = ParseJson(evaluated.out, "eval");
  const Json tested = ParseJson(ReadText(shop_.path("run") / "report.json"), "report")["metrics"]["test"];
  EXPECT_EQ(numbers["log_loss"], tested["log_loss"]);
  const RunResult split = Eval({"--format", "json", "--split-file", shop_.path("run") / "split.csv"});
  EXPECT_EQ(split.exit_code, 0) << split.err;
  EXPECT_EQ(ParseJson(split.out, "eval"), numbers);
  const RunResult by_inner = RunSiskin({"eval", model(), inner, "--format", "json"});
  EXPECT_EQ(ParseJson(by_inner.out, "eval")["log_loss"], numbers["log_loss"]);
}

TEST_F(Layout, CommonNamesOfSplits) {
  fs::create_directory(shop_.path("splits"));
  for (const char* split : {"seg_train", "Validation Images", "testset"}) {
    fs::copy(photos(), shop_.path("splits") / split, fs::copy_options::recursive);
  }
  fs::remove_all(photos());
  fs::rename(shop_.path("splits"), photos());
  const RunResult trained = Train();
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  const RunResult evaluated = Eval({"--format", "json"});
  EXPECT_EQ(ParseJson(evaluated.out, "eval")["photos"], 16) << evaluated.err;
  EXPECT_EQ(Check(0)["classes"][0]["validation"], 8);
}

TEST_F(Layout, SplitsByOtherNamesAreNotTrainedOnAsClasses) {
  for (const char* batch : {"2023", "2024"}) {
    fs::create_directories(shop_.path("batches") / batch);
    fs::copy(photos(), shop_.path("batches") / batch, fs::copy_options::recursive);
  }
  fs::remove_all(photos());
  fs::rename(shop_.path("batches"), photos());
  const std::string why = "\"2023\", \"2024\" hold the same folders (\"bird\", \"other\")";

  const RunResult trained = Train();
  EXPECT_EQ(trained.exit_code, 3) << trained.err;
  EXPECT_TRUE(Contains(trained.err, why) && Contains(trained.err, "train, validation and test")) << trained.err;
  EXPECT_TRUE(Contains(Check(3)["findings"][0].get<std::string>(), why));

  // Unless they are meant.
  std::string split = "path,class,split\n";
  for (const std::string batch : {"2023", "2024"}) {
    for (const std::string photo : {"bird/001.jpg,", "other/001.jpg,"})
      split += batch + "/" + photo + batch + ",train\n";
    split += batch + "/bird/002.jpg," + batch + ",validation\n";
  }
  WriteText(shop_.path("split.csv"), split);
  const RunResult meant = Train({"--split-file", shop_.path("split.csv")});
  EXPECT_EQ(meant.exit_code, 0) << meant.err;
}

// A model file is JSON: with such a name every verb would refuse the model that the training took hours for.
TEST_F(Layout, ClassNamesThatAreNotUtf8AreRefusedBeforeTraining) {
  fs::rename(photos() / "other", photos() / "\xE9t\xE9");
  const RunResult trained = Train();
  EXPECT_EQ(trained.exit_code, 3) << trained.err;
  EXPECT_TRUE(Contains(trained.err, "\"\\xe9t\\xe9\"") && Contains(trained.err, "convmv -f latin1")) << trained.err;
  EXPECT_FALSE(fs::exists(model()));
  EXPECT_TRUE(Contains(Check(3)["findings"][0].get<std::string>(), "convmv"));
  const RunResult checked = RunSiskin({"check", photos()});
  EXPECT_TRUE(Contains(checked.out, "convmv -f latin1")) << checked.out;
  EXPECT_TRUE(Contains(checked.err, "siskin: error: ")) << checked.err;
}

TEST_F(Layout, SpellingsOfAnAccentAreOneName) {
  fs::rename(photos() / "other", photos() / "Cafe\u0301");  // as macOS unpacks it
  ASSERT_EQ(Train().exit_code, 0);
  fs::rename(photos() / "Cafe\u0301", photos() / "Caf\u00E9");
  const RunResult evaluated = Eval({"--split", "all"});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_TRUE(Contains(evaluated.out, "Caf\u00E9")) << evaluated.out;
}

}  // namespace
}  // namespace siskin::testing
