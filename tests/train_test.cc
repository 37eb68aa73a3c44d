// From photos to a tested model and its answers, through the program.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "photos.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> With(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Json ParseLine(const std::string& text) {
  return ParseJson(text, "a line of output");
}

TEST(Train, EndsWithATestedModelThatEveryVerbTakes) {
  const Workshop shop;
  const RunResult trained = RunSiskin(shop.TrainArguments());
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_NE(trained.out.find("\ntest accuracy "), std::string::npos) << trained.out;
  EXPECT_NE(trained.out.find("95 % interval"), std::string::npos) << trained.out;
  EXPECT_NE(trained.err.find("next: siskin predict " + shop.path("model.safetensors").string()), std::string::npos);
  for (const char* file : {"log.csv", "split.csv", "skipped.csv", "report.json", "report.html", "log.jsonl"}) {
    EXPECT_TRUE(fs::exists(shop.path("run") / file)) << file;
  }

  EXPECT_NE(trained.out.find("\nreport        " + (shop.path("run") / "report.html").string() + "\n"),
            std::string::npos)
      << trained.out;

  const std::string model = shop.path("model.safetensors");
  const RunResult verified = RunSiskin({"verify", model});
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
  const RunResult info = RunSiskin({"info", model});
  EXPECT_NE(info.out.find("2: bird, other"), std::string::npos) << info.out;
  EXPECT_NE(info.out.find("head_logits"), std::string::npos) << info.out;
  const RunResult drawn = RunSiskin({"info", model, "--diagram", "-"});
  EXPECT_NE(drawn.out.find("model (MobileNet)</text>"), std::string::npos) << drawn.err;
  EXPECT_NE(drawn.out.find("<title>head_logits: "), std::string::npos) << drawn.out;
  const RunResult answered = RunSiskin({"predict", model, shop.path("photos")});
  EXPECT_EQ(answered.exit_code, 0) << answered.err;
  EXPECT_EQ(CountLines(answered.out), 40u) << answered.out;
  const auto evaluate = [&](const std::vector<std::string>& more) {
    const RunResult evaluated = RunSiskin(With({"eval", model, shop.path("photos"), "--format", "json"}, more));
    EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
    return ParseLine(evaluated.out);
  };
  EXPECT_EQ(evaluate({"--split", "all"})["photos"], 40);
  // What it has never seen, which is what the training itself tested.
  const Json test = evaluate({});
  EXPECT_EQ(test["photos"], 6);
  EXPECT_EQ(test["log_loss"], ParseLine(ReadText(shop.path("run") / "report.json"))["metrics"]["test"]["log_loss"]);
  EXPECT_EQ(evaluate({"--split-file", shop.path("run") / "split.csv"}), test);
}

// What a terminal shows in the end: the last thing written to each of its lines.
std::vector<std::string> ScreenLines(const std::string& text) {
  std::vector<std::string> lines(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      lines.emplace_back();
    } else if (text.compare(i, 4, "\r\x1b[K") == 0) {  // back to the beginning, the line is cleared
      lines.back().clear();
      i += 3;
    } else if (text[i] != '\r') {
      lines.back() += text[i];
    }
  }
  return lines;
}

TEST(Train, TheEpochsOfTheHeadAreOneLineOnATerminalAndALineEachInALog) {
  const Workshop shop;
  const std::vector<std::string> arguments = With(shop.TrainArguments(), {"--epochs", "30", "--finetune", "off"});
  const auto epochs_of = [](const std::vector<std::string>& lines) {
    return std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("epoch "); });
  };
  const auto best_of = [](const std::vector<std::string>& lines) {
    return std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("head: epoch "); });
  };
  const RunResult seen = RunSiskin(arguments, {.terminal = true});
  ASSERT_EQ(seen.exit_code, 0) << seen.err;
  const std::vector<std::string> screen = ScreenLines(seen.err);
  EXPECT_EQ(epochs_of(screen), 0) << seen.err;
  EXPECT_EQ(best_of(screen), 1) << seen.err;
  EXPECT_NE(seen.err.find("epoch 30/30"), std::string::npos) << "they were shown while it went on";
  for (const std::string& line : screen) EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;

  const std::vector<std::string> log = ScreenLines(RunSiskin(arguments).err);
  EXPECT_EQ(epochs_of(log), 30);
  EXPECT_EQ(best_of(log), 1);
  EXPECT_EQ(epochs_of(ScreenLines(RunSiskin(With(arguments, {"-v"}), {.terminal = true}).err)), 30);
}

TEST(Train, AQuickTryTakesAPartOfThePhotosAndSaysWhich) {
  const Workshop shop;
  const RunResult trained = RunSiskin(With(shop.TrainArguments(), {"--max-photos", "30"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(CountLines(ReadText(shop.path("run") / "split.csv")), 31u);
  const RunResult evaluated =
      RunSiskin({"eval", shop.path("model.safetensors"), shop.path("photos"), "--format", "json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(ParseLine(evaluated.out)["photos"], 4) << "those of the 30 that were kept for the test: " << evaluated.err;

  const RunResult too_few = RunSiskin(With(shop.TrainArguments(), {"--max-photos", "4"}));
  EXPECT_EQ(too_few.exit_code, 2);
  EXPECT_NE(too_few.err.find("--max-photos 4: too few for 2 classes"), std::string::npos) << too_few.err;
}

TEST(Train, EvalWritesAPage) {
  const Workshop shop;
  shop.Train();
  const fs::path page = shop.path("page.html");
  const RunResult evaluated = RunSiskin({"eval", shop.path("model.safetensors"), shop.path("photos"), "--report", page,
                                         "--format", "json", "--split", "all"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const std::string html = ReadText(page);
  EXPECT_NE(html.find(fmt::format("{} of 40 photos right", ParseLine(evaluated.out)["correct"].get<int>())),
            std::string::npos);
  EXPECT_NE(html.find("siskin eval "), std::string::npos) << "the command";
  EXPECT_EQ(html.find("<h2>Training</h2>"), std::string::npos) << "there are no curves";
  EXPECT_NE(html.find("id=\"rocTitle\""), std::string::npos);
}

TEST(Train, TheSameSeedGivesTheSameFileForAnyNumberOfThreads) {
  const Workshop shop;
  std::vector<std::string> models;
  for (const std::string threads : {"1", "2", "3"}) {
    const fs::path model = shop.path("model" + threads);
    const RunResult trained =
        RunSiskin(With(shop.TrainArguments(), {"-j", threads, "-o", model, "--run-dir", shop.path("run" + threads)}));
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    models.push_back(ReadText(model));
  }
  EXPECT_TRUE(models[0] == models[1] && models[0] == models[2]);
  const RunResult other = RunSiskin(With(shop.TrainArguments(), {"--seed", "1"}));
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_FALSE(ReadText(shop.path("model.safetensors")) == models[0]) << "the seed changes nothing";
}

// Ctrl-C in the middle of the epochs, then --resume: the same bits as without it.
TEST(Train, GoesOnBitForBitAfterAnInterruption) {
  const Workshop shop;
  const std::vector<std::string> arguments = With(shop.TrainArguments(), {"--epochs", "100"});
  const RunResult straight =
      RunSiskin(With(arguments, {"-o", shop.path("straight"), "--run-dir", shop.path("run-straight")}));
  ASSERT_EQ(straight.exit_code, 0) << straight.err;

  BackgroundSiskin training(arguments, shop.path("log"));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (CountLines(ReadText(shop.path("run") / "log.csv")) < 5 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  training.Signal(SIGINT);
  ASSERT_EQ(training.Wait(), 130) << ReadText(shop.path("log"));
  EXPECT_NE(ReadText(shop.path("log")).find("--resume"), std::string::npos) << ReadText(shop.path("log"));
  EXPECT_FALSE(fs::exists(shop.path("model.safetensors")));

  const RunResult resumed = RunSiskin(With(arguments, {"--resume"}));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("going on after epoch"), std::string::npos) << resumed.err;
  EXPECT_TRUE(ReadText(shop.path("model.safetensors")) == ReadText(shop.path("straight")));
}

TEST(Train, ResumeSaysWhatChanged) {
  const Workshop shop;
  shop.Train();
  const std::string split = ReadText(shop.path("run") / "split.csv");
  fs::copy(shop.path("photos") / "bird", shop.path("photos") / "fox", fs::copy_options::recursive);
  const RunResult refused = RunSiskin(With(shop.TrainArguments(), {"--resume", "--lr", "0.5"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--lr was 0.003, now 0.5; the photos changed: class \"fox\" was added (20 photos); train "
                             "without --resume"),
            std::string::npos)
      << refused.err;
  EXPECT_EQ(ReadText(shop.path("run") / "split.csv"), split);
}

// Killed, not asked: `tests/survival` does this 200 times at random moments.
TEST(Train, FineTuningGoesOnBitForBitAfterAKill) {
  const Workshop shop;
  const auto arguments =
      With(shop.TrainArguments(), {"--finetune", "all", "--finetune-epochs", "36", "--finetune-batch", "4", "--augment",
                                   "article", "--keep-finetuned"});
  const RunResult straight = RunSiskin(
      With(arguments, {"-o", shop.path("straight"), "--run-dir", shop.path("run-straight"), "--threads", "1"}));
  ASSERT_EQ(straight.exit_code, 0) << straight.err;
  EXPECT_NE(straight.out.find("fine-tuning "), std::string::npos) << straight.out;

  const auto wait_for_lines = [&](size_t lines) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (CountLines(ReadText(shop.path("run") / "log.csv")) < lines && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  {
    BackgroundSiskin training(arguments, shop.path("log"));
    wait_for_lines(8);  // a header, three epochs of the head, four of the network
    training.Signal(SIGKILL);
    EXPECT_EQ(training.Wait(), -SIGKILL) << ReadText(shop.path("log"));
  }
  {
    BackgroundSiskin training(With(arguments, {"--resume"}), shop.path("log"));
    wait_for_lines(20);
    training.Signal(SIGINT);
    EXPECT_EQ(training.Wait(), 130) << ReadText(shop.path("log"));
  }
  EXPECT_FALSE(fs::exists(shop.path("model.safetensors")));
  const RunResult resumed = RunSiskin(With(arguments, {"--resume"}));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("fine-tuning goes on in epoch"), std::string::npos) << resumed.err;
  EXPECT_TRUE(ReadText(shop.path("model.safetensors")) == ReadText(shop.path("straight")));
}

TEST(Train, RandomWeightsNeedBatchStatistics) {
  const Workshop shop;
  const std::vector<std::string> arguments = {
      "train", shop.path("photos"), "-o", shop.path("scratch.safetensors"), "--run-dir", shop.path("scratch"), "--size",
      "32",    "--finetune-epochs", "1"};
  const RunResult recipe = RunSiskin(With(arguments, {"--recipe", "scratch"}));
  EXPECT_EQ(recipe.exit_code, 0) << recipe.err;
  EXPECT_EQ(recipe.err.find("--recipe scratch"), std::string::npos) << recipe.err;
  const RunResult still = RunSiskin(With(arguments, {"--recipe", "scratch", "--no-train-bn"}));
  EXPECT_EQ(still.exit_code, 0) << still.err;
  EXPECT_NE(still.err.find("add --train-bn, or take --recipe scratch"), std::string::npos) << still.err;
}

TEST(Train, ASecondRunReadsTheFeatures) {
  const Workshop shop;
  shop.Train();
  const RunResult again = RunSiskin(With(shop.TrainArguments(), {"--epochs", "4", "--format", "json"}));
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const Json report = ParseLine(again.out);
  EXPECT_EQ(report["features_from_cache"], true);
  EXPECT_EQ(report["epochs_run"], 4);
  EXPECT_EQ(report["test"]["photos"], 6);
}

TEST(Train, AGateThatFailsHasItsOwnExitCode) {
  const Workshop shop;
  // One epoch at a learning rate of nothing: no better than chance, and certainly not perfect.
  const RunResult trained =
      RunSiskin(With(shop.TrainArguments(), {"--min-accuracy", "1", "--epochs", "1", "--lr", "1e-9"}));
  EXPECT_EQ(trained.exit_code, 5) << trained.err;
  EXPECT_NE(trained.err.find("below --min-accuracy"), std::string::npos) << trained.err;
  EXPECT_TRUE(fs::exists(shop.path("model.safetensors")));
  const RunResult evaluated =
      RunSiskin({"eval", shop.path("model.safetensors"), shop.path("photos"), "--min-accuracy", "1"});
  EXPECT_EQ(evaluated.exit_code, 5) << evaluated.err;
}

TEST(Train, APreviewShowsAugmentationAndTrainsNothing) {
  const Workshop shop;
  const auto preview = [&](const std::string& name, const std::vector<std::string>& more) {
    const std::string file = shop.path(name);
    const RunResult drawn = RunSiskin(With(With(shop.TrainArguments(), {"--augment-preview", file}), more));
    EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
    EXPECT_EQ(drawn.out, "");
    return ReadText(file);
  };
  const std::string light = preview("a.png", {"--augment", "light"});
  EXPECT_TRUE(light.starts_with("\x89PNG"));
  EXPECT_FALSE(fs::exists(shop.path("run")));
  EXPECT_FALSE(fs::exists(shop.path("model.safetensors")));

  // An option changes the preset, whichever comes first.
  const std::string turned = preview("b.png", {"--augment", "light", "--rotation", "90"});
  EXPECT_TRUE(turned == preview("c.png", {"--rotation", "90", "--augment", "light"}));
  EXPECT_FALSE(turned == light);
  EXPECT_FALSE(preview("d.png", {"--augment", "light", "--seed", "8"}) == light) << "the seed changes nothing";

  const RunResult nowhere = RunSiskin(With(shop.TrainArguments(), {"--augment-preview", shop.path("photos")}));
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_NE(nowhere.err.find("is a folder"), std::string::npos) << nowhere.err;
  const RunResult unknown = RunSiskin(With(shop.TrainArguments(), {"--augment", "lihgt"}));
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("did you mean light?"), std::string::npos) << unknown.err;
}

TEST(Verify, NoticesAChangedWeight) {
  const Workshop shop;
  shop.Train();
  std::string bytes = ReadText(shop.path("model.safetensors"));
  // The data end with the backbone's last tensors by name; any float there changed by a lot moves the answers.
  for (size_t i = bytes.size() - 40000; i < bytes.size(); i += 4) bytes[i + 3] = static_cast<char>(bytes[i + 3] ^ 0x80);
  WriteText(shop.path("changed"), bytes);
  const RunResult verified = RunSiskin({"verify", shop.path("changed")});
  EXPECT_EQ(verified.exit_code, 5) << verified.out << verified.err;
}

TEST(Features, AreRowsOfANumpyArrayWithTheirPhotos) {
  const Workshop shop(5);
  WriteText(shop.path("photos") / "bird" / "broken.jpg", "not a photo");
  const RunResult result = RunSiskin({"features", "mobilenet", shop.path("photos"), "-o", shop.path("f.npy"), "--alpha",
                                      "0.25", "--size", "32", "--weights", shop.path("weights.safetensors")});
  EXPECT_EQ(result.exit_code, 4) << result.err;  // the broken one
  const std::string array = ReadText(shop.path("f.npy"));
  EXPECT_TRUE(array.starts_with("\x93NUMPY"));
  EXPECT_NE(array.find("'shape': (10, 256)"), std::string::npos);
  EXPECT_EQ(CountLines(ReadText(shop.path("f.csv"))), 11u);
}

TEST(Predict, WritesJsonLinesExactlyAsPromised) {
  const Workshop shop(10);
  shop.Train();
  const std::string photo = shop.path("photos") / "bird" / "001.jpg";
  const std::string broken = shop.path("broken.jpg");
  WriteText(broken, ReadText(photo).substr(0, 100));
  const RunResult result = RunSiskin({"predict", shop.path("model.safetensors"), photo, broken, "--format", "jsonl"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  ASSERT_EQ(CountLines(result.out), 2u) << result.out;
  const Json good = ParseLine(result.out.substr(0, result.out.find('\n')));
  std::vector<std::string> keys;
  for (const auto& [key, value] : good.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"v", "path", "label", "score", "scores"}));
  EXPECT_EQ(good["v"], 1);
  EXPECT_EQ(good["path"], photo);
  EXPECT_EQ(good["scores"][good["label"].get<std::string>()], good["score"]);
  EXPECT_NEAR(good["scores"]["bird"].get<double>() + good["scores"]["other"].get<double>(), 1, 1e-6);
  const Json bad = ParseLine(result.out.substr(result.out.find('\n') + 1));
  EXPECT_EQ(bad["path"], broken);
  EXPECT_TRUE(bad["error"].is_string());
  EXPECT_FALSE(bad.contains("label"));
}

TEST(Predict, TakesFoldersPatternsAndLists) {
  const Workshop shop(10);
  shop.Train();
  const std::string model = shop.path("model.safetensors"), birds = shop.path("photos") / "bird";
  const auto lines = [&](const std::vector<std::string>& inputs, const std::string& standard_input = "") {
    const RunResult result =
        RunSiskin(With({"predict", model}, inputs), {.standard_input = standard_input, .folder = shop.path("photos")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return CountLines(result.out);
  };
  EXPECT_EQ(lines({birds}), 10u);
  EXPECT_EQ(lines({birds + "/00?.jpg"}), 9u);
  EXPECT_EQ(lines({"-"}, "bird/001.jpg\nother/002.jpg\n"), 2u);
  EXPECT_EQ(lines({"-"}, std::string("bird/001.jpg\0other/002.jpg\0", 26)), 2u);
  // A name that looks like a list, and one that looks like an option.
  fs::copy_file(birds + "/001.jpg", shop.path("photos") / "[a,b]");
  fs::copy_file(birds + "/001.jpg", shop.path("photos") / "-x.jpg");
  EXPECT_EQ(lines({"[a,b]"}), 1u);
  EXPECT_EQ(lines({"--", "-x.jpg"}), 1u);
}

TEST(Predict, WritesCsvToAFile) {
  const Workshop shop(10);
  shop.Train();
  const RunResult result = RunSiskin({"predict", shop.path("model.safetensors"), shop.path("photos"), "--format", "csv",
                                      "-o", shop.path("answers.csv")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  const std::string csv = ReadText(shop.path("answers.csv"));
  EXPECT_TRUE(csv.starts_with("path,label,score,error,bird,other\n")) << csv;
  EXPECT_EQ(CountLines(csv), 21u);
}

TEST(Predict, AnswersDoNotDependOnBatchOrThreads) {
  const Workshop shop(10);
  shop.Train();
  const auto answers = [&](const std::string& batch, const std::string& threads) {
    return RunSiskin({"predict", shop.path("model.safetensors"), shop.path("photos"), "--format", "jsonl", "--batch",
                      batch, "-j", threads})
        .out;
  };
  const std::string alone = answers("1", "1");
  EXPECT_EQ(CountLines(alone), 20u);
  EXPECT_EQ(alone, answers("8", "2"));
  EXPECT_EQ(alone, answers("7", "3"));
}

TEST(Predict, ABareNetworkNamesWhatItSees) {
  const fs::path cats = SharedFolder("data/dogs-vs-cats/test/cats");
  if (cats.empty()) GTEST_SKIP() << kNoShared;
  if (!MobileNetIsHere()) GTEST_SKIP() << kNoMobileNet;
  const RunResult result = RunSiskin({"predict", "mobilenet", cats / "cat.3000.jpg"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("Egyptian cat"), std::string::npos) << result.out;
  EXPECT_EQ(CountLines(result.out), 5u) << result.out;
}

TEST(Train, RealWeightsTellDrawnBirdsFromTheRest) {
  if (UnderSanitizer()) GTEST_SKIP() << kTooSlow;
  if (!MobileNetIsHere()) GTEST_SKIP() << kNoMobileNet;
  const TemporaryFolder folder;
  DrawPhotos(folder.path() / "photos", 60);
  const std::string model = folder.path() / "model.safetensors";
  const RunResult trained =
      RunSiskin({"train", folder.path() / "photos", "-o", model, "--run-dir", folder.path() / "run", "--network",
                 "mobilenet", "--size", "96", "--epochs", "20"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const RunResult evaluated =
      RunSiskin({"eval", model, folder.path() / "photos", "--split", "all", "--min-accuracy", "0.9"});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.out << evaluated.err;
}

}  // namespace
}  // namespace siskin::testing
