// `siskin compare`: networks side by side, and two models side by side.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing.h"
#include "photos.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

// Networks that know nothing, on a few drawn photos: what is measured does not matter here, that it is does.
std::vector<std::string> CompareArguments(const Workshop& shop, std::vector<std::string> more) {
  std::vector<std::string> arguments = {
      "compare", shop.path("photos"), "--run-dir", shop.path("runs"), "--weights", "none", "--size",
      "71",      "--epochs",          "3"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Compare, TrainsAndMeasuresEveryNetworkOnce) {
  const Workshop shop(10);
  const auto compare = [&] {
    const RunResult result =
        RunSiskin(CompareArguments(shop, {"--networks", "mobilenet_v2,mobilenet", "--format", "json"}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return ParseJson(result.out, "compare");
  };
  const Json json = compare();
  ASSERT_EQ(json["networks"].size(), 2u);
  EXPECT_EQ(json["networks"][0]["name"], "mobilenet") << "the catalogue's order";
  EXPECT_EQ(json["networks"][1]["name"], "mobilenet_v2");
  double best = 0;
  for (const Json& network : json["networks"]) {
    EXPECT_EQ(network["size"], 71);
    EXPECT_EQ(network["features_from_cache"], false);
    EXPECT_GT(network["ms_per_photo"], 0);
    EXPECT_GT(network["photos_per_second"], 0);
    EXPECT_GT(network["memory_bytes"], network["parameters"].get<int64_t>() * 4) << "weights are in it";
    EXPECT_EQ(network["model_bytes"], fs::file_size(network["model"].get<std::string>()));
    EXPECT_EQ(RunSiskin({"verify", network["model"]}).exit_code, 0);
    EXPECT_GT(network["test"]["photos"], 0);
    best = std::max(best, network["validation"]["accuracy"].get<double>());
  }
  for (const Json& network : json["networks"]) {
    if (network["name"] == json["best"]) {
      EXPECT_EQ(network["validation"]["accuracy"], best);
    }
  }

  if (UnderSanitizer()) return;  // three more measurements of the same networks
  // A second run reads the features of the first and comes to the same.
  const Json again = compare();
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again["networks"][i]["features_from_cache"], true);
    EXPECT_EQ(again["networks"][i]["test"], json["networks"][i]["test"]);
  }

  const RunResult text = RunSiskin(CompareArguments(shop, {"--networks", "mobilenet_v2,mobilenet"}));
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("\nbest: " + json["best"].get<std::string>()), std::string::npos) << text.out;
  const RunResult csv = RunSiskin(CompareArguments(shop, {"--networks", "mobilenet_v2,mobilenet", "--format", "csv"}));
  EXPECT_EQ(CountLines(csv.out), 3u) << csv.out;
  EXPECT_TRUE(csv.out.starts_with("network,size,validation_accuracy,")) << csv.out;
}

TEST(Compare, LimitsChooseAndMayLeaveNone) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  const Workshop shop(10);
  fs::create_directory(shop.path("photos") / "bat");
  const RunResult small = RunSiskin(CompareArguments(shop, {"--networks", "mobilenet_v2,mobilenet", "--max-mb", "11"}));
  EXPECT_EQ(small.exit_code, 0) << small.err;
  EXPECT_NE(small.out.find("best: mobilenet_v2, the only one within the limits"), std::string::npos) << small.out;
  EXPECT_NE(small.out.find("out: mobilenet, "), std::string::npos) << small.out;
  const size_t note = small.err.find("1 folder without photos is left out: \"bat\"");
  EXPECT_NE(note, std::string::npos) << small.err;
  EXPECT_EQ(small.err.find("without photos", note + 30), std::string::npos)
      << "once, not for each network: " << small.err;
  const RunResult none = RunSiskin(CompareArguments(shop, {"--networks", "mobilenet", "--max-mb", "1"}));
  EXPECT_EQ(none.exit_code, 5) << none.err;
  EXPECT_NE(none.out.find("mobilenet"), std::string::npos) << "the table is there all the same";
  EXPECT_NE(none.err.find("no network is within the limits"), std::string::npos) << none.err;
}

TEST(Compare, NamesNetworksWhoseWeightsAreNotHere) {
  const Workshop shop(5);
  const RunResult nothing = RunSiskin({"compare", shop.path("photos"), "--run-dir", shop.path("runs")},
                                      {.environment = {{"SISKIN_WEIGHTS", shop.path("empty")}}});
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_NE(nothing.err.find("siskin weights pull "), std::string::npos) << nothing.err;
  EXPECT_FALSE(fs::exists(shop.path("runs")));

  if (UnderSanitizer()) return;  // one more measurement
  if (!MobileNetIsHere()) GTEST_SKIP() << kNoMobileNet;
  const Json all = ParseJson(RunSiskin({"weights", "list", "--format", "json"}).out, "weights");
  fs::create_directory(shop.path("some"));
  for (const Json& one : all["weights"]) {
    const fs::path file = one["path"].get<std::string>();
    if (one["name"] == "mobilenet-imagenet") fs::create_symlink(file, shop.path("some") / file.filename());
  }
  const RunResult some =
      RunSiskin({"compare", shop.path("photos"), "--run-dir", shop.path("runs"), "--size", "96", "--epochs", "2"},
                {.environment = {{"SISKIN_WEIGHTS", shop.path("some")}}});
  EXPECT_EQ(some.exit_code, 0) << some.err;
  EXPECT_NE(some.out.find("\nbest: mobilenet, the only one"), std::string::npos) << some.out;
  EXPECT_NE(some.out.find("xception  no weights here: siskin weights pull xception-imagenet"), std::string::npos)
      << some.out;
}

TEST(Compare, TwoModelsAreComparedPhotoByPhoto) {
  const Workshop shop(20);
  shop.Train();
  const std::string a = shop.path("model.safetensors"), b = shop.path("b.safetensors");
  std::vector<std::string> other = shop.TrainArguments();
  other.insert(other.end(), {"-o", b, "--run-dir", shop.path("other"), "--epochs", "1", "--lr", "0.1", "--seed", "3"});
  ASSERT_EQ(RunSiskin(other).exit_code, 0);

  const auto correct = [&](const std::string& model) {
    return ParseJson(RunSiskin({"eval", model, shop.path("photos"), "--split", "all", "--format", "json"}).out,
                     "eval")["correct"]
        .get<int>();
  };
  const RunResult compared = RunSiskin({"compare", a, b, shop.path("photos"), "--split", "all", "--format", "json"});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  const Json json = ParseJson(compared.out, "compare");
  EXPECT_EQ(json["photos"], 40);
  EXPECT_EQ(json["both_right"].get<int>() + json["only_a_right"].get<int>(), correct(a));
  EXPECT_EQ(json["both_right"].get<int>() + json["only_b_right"].get<int>(), correct(b));
  EXPECT_EQ(json["a"]["model"], a);
  // Two classes: a photo with another answer is one that one of them gets right.
  EXPECT_EQ(json["flipped"].size(), json["only_a_right"].get<size_t>() + json["only_b_right"].get<size_t>());
  EXPECT_GT(json["flipped"].size(), 0u) << "the models do not differ, nothing is tested";
  const RunResult csv = RunSiskin({"compare", a, b, shop.path("photos"), "--split", "all", "--format", "csv"});
  EXPECT_EQ(CountLines(csv.out), json["flipped"].size() + 1);
  const RunResult text = RunSiskin({"compare", a, b, shop.path("photos"), "--split", "all"});
  EXPECT_NE(text.out.find("McNemar's exact test: p = "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find(json["flipped"][0]["path"].get<std::string>()), std::string::npos) << text.out;

  // They were trained on these photos, with another seed and so on other parts.
  const RunResult unseen = RunSiskin({"compare", a, b, shop.path("photos"), "--format", "json"});
  EXPECT_EQ(ParseJson(unseen.out, "compare")["photos"], 6);
  EXPECT_NE(unseen.err.find("the models kept other photos for their tests"), std::string::npos) << unseen.err;

  // With itself there is nothing to tell.
  const RunResult same = RunSiskin({"compare", a, a, shop.path("photos")});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_EQ(same.err.find("kept other photos"), std::string::npos) << same.err;
  EXPECT_NE(same.out.find("p = 1 "), std::string::npos) << same.out;
  EXPECT_NE(same.out.find("the same answer to every photo"), std::string::npos) << same.out;
}

TEST(Compare, WrongUsageIsSaid) {
  EXPECT_EQ(RunSiskin({"compare", "a", "b"}).exit_code, 2);
  const RunResult mixed = RunSiskin({"compare", "a", "b", "photos", "--max-mb", "5"});
  EXPECT_EQ(mixed.exit_code, 2) << mixed.err;
  const RunResult unknown = RunSiskin({"compare", "photos", "--networks", "mobilnet"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("did you mean mobilenet?"), std::string::npos) << unknown.err;
}

}  // namespace
}  // namespace siskin::testing
