// What the program says about itself and about mistakes, and what it does with outputs that fail.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "base/testing.h"
#include "program.h"

namespace siskin::testing {
namespace {

const std::vector<std::vector<std::string>> kVerbs = {{"check"},
                                                      {"train"},
                                                      {"predict"},
                                                      {"eval"},
                                                      {"compare"},
                                                      {"features"},
                                                      {"info"},
                                                      {"verify"},
                                                      {"export"},
                                                      {"networks"},
                                                      {"demo-data"},
                                                      {"doctor"},
                                                      {"weights", "list"},
                                                      {"weights", "pull"},
                                                      {"weights", "import"},
                                                      {"weights", "path"},
                                                      {"completion"}};

// Runs something that must be refused as wrong usage and returns what was said.
std::string Refusal(const std::vector<std::string>& arguments) {
  const RunResult result = RunSiskin(arguments);
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("siskin: error: ")) << result.err;
  return result.err;
}

TEST(CommandLine, Version) {
  const RunResult result = RunSiskin({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "siskin " SISKIN_VERSION "\n");
  EXPECT_EQ(result.err, "");
}

TEST(CommandLine, WithoutArgumentsTheHelpIsAMistakesAnswer) {
  const RunResult result = RunSiskin({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("siskin train photos/"), std::string::npos) << result.err;
}

TEST(CommandLine, EveryVerbTeaches) {
  const std::string overview = RunSiskin({"--help"}).out;
  for (std::vector<std::string> arguments : kVerbs) {
    std::string name = "siskin";
    for (const std::string& word : arguments) name += " " + word;
    EXPECT_NE(overview.find("\n  " + arguments[0] + " "), std::string::npos) << name;
    arguments.emplace_back("--help");
    const RunResult help = RunSiskin(arguments);
    EXPECT_EQ(help.exit_code, 0) << help.err;
    EXPECT_TRUE(help.out.starts_with("Usage: " + name)) << help.out;
    EXPECT_NE(help.out.find("\nExample"), std::string::npos) << name << " has no example";
  }
}

TEST(CommandLine, HelpFitsATerminal) {
  std::vector<std::vector<std::string>> all = kVerbs;
  all.push_back({});
  for (std::vector<std::string> arguments : all) {
    arguments.emplace_back("-h");
    std::istringstream help(RunSiskin(arguments).out);
    for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(CommandLine, ShowsDefaults) {
  const std::string help = RunSiskin({"train", "--help"}).out;
  EXPECT_NE(help.find("--epochs N"), std::string::npos);
  EXPECT_NE(help.find("(default: 50)"), std::string::npos);
  EXPECT_NE(help.find("(default: runs/train)"), std::string::npos);
}

TEST(CommandLine, TyposNameTheNearest) {
  EXPECT_NE(Refusal({"trian", "photos"}).find("did you mean train?"), std::string::npos);
  EXPECT_NE(Refusal({"train", "photos", "--epoch", "5"}).find("did you mean --epochs?"), std::string::npos);
  EXPECT_NE(Refusal({"train", "photos", "--lrr=5"}).find("did you mean --lr?"), std::string::npos);
  EXPECT_NE(Refusal({"train", "photos", "--optimizer", "adm"}).find("adam"), std::string::npos);
  EXPECT_NE(Refusal({"train", "photos", "--network", "xeption"}).find("xception"), std::string::npos);
  EXPECT_NE(Refusal({"predict", "m", "p", "--format", "jsnl"}).find("did you mean jsonl?"), std::string::npos);
  EXPECT_NE(Refusal({"weights", "pul", "x"}).find("did you mean pull?"), std::string::npos);
  EXPECT_NE(Refusal({"weights", "pull", "xception-imagnet"}).find("did you mean xception-imagenet?"),
            std::string::npos);
}

TEST(CommandLine, MistakesSayWhatIsMissingOrWrong) {
  EXPECT_NE(Refusal({"predict"}).find("MODEL is missing"), std::string::npos);
  EXPECT_NE(Refusal({"predict", "model"}).find("PHOTOS is missing"), std::string::npos);
  EXPECT_NE(Refusal({"weights"}).find("needs a verb: list, pull, import, path"), std::string::npos);
  EXPECT_NE(Refusal({"networks", "more"}).find("unexpected argument 'more'"), std::string::npos);
  EXPECT_NE(Refusal({"predict", "m", "p", "--top"}).find("--top needs a value"), std::string::npos);
  EXPECT_NE(Refusal({"predict", "m", "p", "--top", "many"}).find("'many' is not a whole number"), std::string::npos);
  EXPECT_NE(Refusal({"predict", "m", "p", "-j", "-3"}).find("-3 is not from 0 to"), std::string::npos);
  EXPECT_NE(Refusal({"eval", "m", "d", "--min-accuracy", "95"}).find("95 is not from 0 to 1"), std::string::npos);
  EXPECT_NE(Refusal({"train", "p", "--epochs", "0"}).find("--epochs"), std::string::npos);
  EXPECT_NE(Refusal({"train", "p", "--nesterov"}).find("--nesterov needs"), std::string::npos);
  EXPECT_NE(Refusal({"info", "xception", "--size", "12"}).find("71"), std::string::npos);
}

TEST(CommandLine, TheLastOfRepeatedOptionsCounts) {
  EXPECT_EQ(RunSiskin({"networks", "--format", "json", "--format", "text"}).out, RunSiskin({"networks"}).out);
}

TEST(CommandLine, NothingIsColouredOutsideOfATerminal) {
  EXPECT_EQ(RunSiskin({"trian"}, {.environment = {{"TERM", "xterm-256color"}}}).err.find('\x1b'), std::string::npos);
}

TEST(CommandLine, OutputsThatFailAreNoticed) {
  const RunResult full = RunSiskin({"networks"}, {.standard_output = "/dev/full"});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_NE(full.err.find("No space left on device"), std::string::npos) << full.err;
  const RunResult help = RunSiskin({"--help"}, {.standard_output = "/dev/full"});
  EXPECT_EQ(help.exit_code, 1);
}

TEST(CommandLine, AReaderThatWentAwayEndsItQuietly) {
  const RunResult result = RunSiskin({"info", "xception"}, {.reader_gone = true});
  EXPECT_EQ(result.exit_code, -SIGPIPE);
  EXPECT_EQ(result.err, "");
}

TEST(CommandLine, TheInstructionSetCanBeChosen) {
  const RunResult wrong = RunSiskin({"networks"}, {.environment = {{"SISKIN_ISA", "mmx"}}});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.err.find("mmx"), std::string::npos) << wrong.err;
  const RunResult doctor = RunSiskin({"doctor"}, {.environment = {{"SISKIN_ISA", "scalar"}}});
  EXPECT_NE(doctor.out.find("scalar in use"), std::string::npos) << doctor.out;
}

TEST(CommandLine, NetworksHaveKerasParameterCounts) {
  const std::string networks = RunSiskin({"networks"}).out;
  EXPECT_NE(networks.find("22,910,480"), std::string::npos) << networks;
  EXPECT_NE(networks.find("4,253,864"), std::string::npos) << networks;
}

TEST(CommandLine, WeightsAreKeptWhereToldTo) {
  const TemporaryFolder folder;
  const RunOptions here{.environment = {{"SISKIN_WEIGHTS", folder.path()}}};
  EXPECT_EQ(RunSiskin({"weights", "path"}, here).out, folder.path().string() + "\n");
  const RunResult list = RunSiskin({"weights", "list"}, here);
  EXPECT_NE(list.out.find("  no  "), std::string::npos) << list.out;
  EXPECT_EQ(list.out.find("  yes  "), std::string::npos) << list.out;
  const RunResult predict = RunSiskin({"predict", "mobilenet", "photo.jpg"}, here);
  EXPECT_EQ(predict.exit_code, 1);
  EXPECT_NE(predict.err.find("siskin weights pull mobilenet-imagenet"), std::string::npos) << predict.err;
}

TEST(CommandLine, CompletionScriptsAreValid) {
  const TemporaryFolder folder;
  const RunResult bash = RunSiskin({"completion", "bash"});
  WriteText(folder.path() / "siskin.bash", bash.out);
  const std::string command = "bash -n " + (folder.path() / "siskin.bash").string();
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_NE(bash.out.find("--epochs"), std::string::npos);
  EXPECT_NE(RunSiskin({"completion", "zsh"}).out.find("compdef _siskin siskin"), std::string::npos);
  EXPECT_NE(RunSiskin({"completion", "fish"}).out.find("-l min-accuracy"), std::string::npos);
}

}  // namespace
}  // namespace siskin::testing
