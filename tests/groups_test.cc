// `--group`: is there a bird, asked of a network as it was published.
#include <gtest/gtest.h>

#include "base/json.h"
#include "photos.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

TEST(Groups, AMistypedWordIsWrongUsageAndNamesTheNearest) {
  const RunResult result = RunSiskin({"predict", "mobilenet", "no-such-photo.jpg", "--group", "brid"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("did you mean bird?"), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(RunSiskin({"predict", "mobilenet", "x.jpg", "--group", "bird", "--top", "3"}).exit_code, 2);
  EXPECT_EQ(RunSiskin({"predict", "mobilenet", "x.jpg", "--threshold", "0.5"}).exit_code, 2);
  EXPECT_EQ(RunSiskin({"eval", "mobilenet", ".", "--threshold", "0.5"}).exit_code, 2);
}

TEST(Groups, ATrainedModelHasClassesOfItsOwn) {
  const Workshop shop(5);
  shop.Train();
  const RunResult result =
      RunSiskin({"predict", shop.path("model.safetensors"), shop.path("photos"), "--group", "bird"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("bird, other"), std::string::npos) << result.err;
}

TEST(Groups, TellBirdsFromTheRestWithoutTraining) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const fs::path birds = SharedFolder("data/birds/validation");
  if (birds.empty()) GTEST_SKIP() << kNoShared;
  if (!MobileNetIsHere()) GTEST_SKIP() << kNoMobileNet;
  // Twenty of either class are enough to see that it works: docs/birds.md has the numbers of all.
  const TemporaryFolder folder;
  std::string photo;
  for (const char* name : {"bird", "other"}) {
    fs::create_directory(folder.path() / name);
    int count = 0;
    for (const auto& entry : fs::directory_iterator(birds / name)) {
      if (++count > 20) break;
      fs::copy_file(entry.path(), folder.path() / name / entry.path().filename());
      photo = entry.path();
    }
  }
  const RunResult evaluated = RunSiskin({"eval", "mobilenet", folder.path(), "--group", "bird", "--format", "json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const Json json = ParseJson(evaluated.out, "eval");
  EXPECT_EQ(json["photos"], 40);
  EXPECT_GT(json["accuracy"], 0.8);
  EXPECT_EQ(json["classes"][0]["name"], "other");
  EXPECT_EQ(json["classes"][1]["name"], "bird");

  // No photo is called a bird at threshold 1, every one at 0.
  for (const auto& [threshold, correct] : {std::pair("1", 20), std::pair("0", 20)}) {
    const RunResult result = RunSiskin(
        {"eval", "mobilenet", folder.path(), "--group", "bird", "--threshold", threshold, "--format", "json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(ParseJson(result.out, "eval")["correct"], correct) << threshold;
  }

  const RunResult predicted =
      RunSiskin({"predict", "mobilenet", photo, "--group", "bird,dog", "--group", "animal", "--format", "csv"});
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_EQ(CountLines(predicted.out), 4u) << predicted.out;
  EXPECT_NE(predicted.err.find("n01503061"), std::string::npos) << "what was taken for the word: " << predicted.err;
}

}  // namespace
}  // namespace siskin::testing
