// `siskin networks` and the pictures of `siskin info --diagram`.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/json.h"
#include "base/testing.h"
#include "program.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

TEST(Networks, TableHasWhatAPersonChoosesBy) {
  const std::string table = RunSiskin({"networks"}).out;
  for (const char* text : {"xception", "inception_resnet_v2", "55,873,736", "223.5 MB", "13.16 G", "80.3 %", "95.3 %",
                           "Apache-2.0", "depth"}) {
    EXPECT_NE(table.find(text), std::string::npos) << text << "\n" << table;
  }
  EXPECT_EQ(table.find("one photo"), std::string::npos);
}

TEST(Networks, MeasuresThisMachine) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const RunResult result = RunSiskin({"networks", "--networks", "mobilenet_v2,mobilenet", "--measure", "--seconds", "0",
                                      "--format", "json", "-j", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = ParseJson(result.out, "networks");
  std::vector<std::string> names;
  for (const Json& network : json["networks"]) {
    names.push_back(network["name"]);
    const Json& measured = network["measured"];
    EXPECT_GT(measured["ms_per_photo"].get<double>(), 0);
    EXPECT_GT(measured["photos_per_second"].get<double>(), 0);
    EXPECT_GT(measured["memory_bytes"].get<double>(), network["bytes"].get<double>());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"mobilenet_v2", "mobilenet"}));
}

// The pictures in the documentation are those that the program draws; if they should change: scripts/draw_networks.
TEST(Diagrams, PicturesOfTheDocumentationAreOurs) {
  const TemporaryFolder folder;
  const fs::path root = SISKIN_SOURCE_DIR;
  const std::string command =
      (root / "scripts/draw_networks").string() + " " + SISKIN_PROGRAM + " " + folder.path().string();
  ASSERT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe)
  std::set<std::string> drawn, kept;
  for (const auto& entry : fs::directory_iterator(folder.path())) drawn.insert(entry.path().filename());
  for (const auto& entry : fs::directory_iterator(root / "docs/images")) kept.insert(entry.path().filename());
  EXPECT_EQ(drawn, kept);
  for (const std::string& name : drawn) {
    EXPECT_EQ(ReadText(folder.path() / name), ReadText(root / "docs/images" / name)) << name;
  }
}

TEST(Diagrams, GoToStandardOutputAndToFiles) {
  const RunResult drawn = RunSiskin({"info", "mobilenet", "--diagram", "-"});
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_TRUE(drawn.out.starts_with("<svg ")) << drawn.out.substr(0, 100);
  EXPECT_TRUE(drawn.out.ends_with("</svg>\n"));
  const RunResult wrong = RunSiskin({"info", "xception", "--diagram", "-", "--block", "blok5"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.err.find("did you mean block5?"), std::string::npos) << wrong.err;
  EXPECT_EQ(RunSiskin({"info", "xception", "--block", "block5"}).exit_code, 2);
  const RunResult nowhere = RunSiskin({"info", "xception", "--diagram", "/nonexistent/x.svg"});
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_NE(nowhere.err.find("/nonexistent"), std::string::npos) << nowhere.err;
}

}  // namespace
}  // namespace siskin::testing
