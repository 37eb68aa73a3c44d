// Nothing that a run reads is replaced by what it writes, nor is somebody else's file. Driven by the program's own
// table of options (cli/options.h): an option that takes a file and is in none of the command lines below fails the
// first test.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/testing.h"
#include "cli/command_line.h"
#include "cli/verb.h"
#include "photos.h"
#include "program.h"
#include "train/run_folder.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using Use = cli::TextValue::Use;
using Entry = cli::OptionTable::Entry;

Arguments Plus(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// What the program itself understands by a command line: which options name which files.
class Understood {
 public:
  explicit Understood(const Arguments& arguments) : verbs_(cli::DeclareVerbs(&line_)) {
    const cli::CommandLine::Outcome outcome = line_.Parse(arguments);
    EXPECT_EQ(outcome.text, "");
  }

  const cli::OptionTable& table() const { return line_.options(); }
  std::vector<const Entry*> Given(Use use) const {
    std::vector<const Entry*> given;
    for (const Entry* entry : table().Chosen()) {
      const bool named = entry->value.use == use && !entry->value.values().empty() && !entry->value.values()[0].empty();
      if (named) given.push_back(entry);
    }
    return given;
  }

  // Every file that would be written.
  std::vector<cli::PlannedFile> Planned() const {
    std::vector<cli::PlannedFile> files;
    for (const Entry* entry : Given(Use::kWrites)) {
      if (!entry->value.plan) {
        files.push_back({*entry->value.text, entry->value.type});
      } else {
        for (const cli::PlannedFile& file : entry->value.plan(*entry->value.text)) files.push_back(file);
      }
    }
    return files;
  }

  // A file for each thing that is read: of a folder one of its photos.
  std::vector<fs::path> Read() const {
    std::vector<fs::path> files;
    for (const Entry* entry : Given(Use::kReads)) {
      for (const std::string& value : entry->value.values()) {
        if (fs::is_regular_file(value)) files.emplace_back(value);
        if (fs::is_directory(value)) files.push_back(fs::path(value) / "bird" / "002.jpg");
      }
    }
    return files;
  }

 private:
  cli::CommandLine line_;
  std::vector<std::unique_ptr<cli::Verb>> verbs_;
};

// All files below a folder. A file that was replaced or written to is another one.
using Snapshot = std::map<std::string, std::tuple<ino_t, off_t, mode_t, time_t, long>>;

Snapshot SnapshotOf(const fs::path& folder) {
  Snapshot snapshot;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    struct stat info{};
    EXPECT_EQ(::lstat(entry.path().c_str(), &info), 0);
    if (S_ISDIR(info.st_mode)) {
      snapshot[entry.path()] = {};
    } else {
      snapshot[entry.path()] = {info.st_ino, info.st_size, info.st_mode, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
    }
  }
  return snapshot;
}

class Outputs : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shop_ = new Workshop(8);
    shop_->Train();
    fs::copy_file(In("model.safetensors"), In("other.safetensors"));
    fs::copy_file(In("run/split.csv"), In("split.csv"));
  }
  static void TearDownTestSuite() {
    delete shop_;
    shop_ = nullptr;
  }

  static std::string In(const std::string& name) { return shop_->path(name); }
  static std::string OutputIn(const std::string& name) { return In("out/" + name); }

  // Command lines that work, with every option that names a file. Outputs are below out/.
  static std::vector<Arguments> Commands() {
    const std::string model = In("model.safetensors"), photos = In("photos"), weights = In("weights.safetensors");
    const Arguments small = {"--weights", weights, "--network", "mobilenet", "--alpha",      "0.25",
                             "--size",    "32",    "--epochs",  "1",         "--split-file", In("split.csv")};
    const Arguments train =
        Plus({"train", photos, "--run-dir", OutputIn("run"), "--head", "8", "--finetune", "off"}, small);
    return {
        {"check", photos, "-o", OutputIn("check")},
        Plus(train, {"-o", OutputIn("m.safetensors")}),
        Plus(train, {"-o", OutputIn("m.safetensors"), "--augment-preview", OutputIn("p.png")}),
        {"predict", model, photos, In("photos/other/001.jpg"), "-o", OutputIn("answers")},
        {"eval", model, photos, "--split-file", In("split.csv"), "-o", OutputIn("metrics"), "--predictions",
         OutputIn("p.csv"), "--report", OutputIn("r.html")},
        {"compare", photos, "--split-file", In("split.csv"), "--networks", "mobilenet", "--weights", "none", "--size",
         "32", "--run-dir", OutputIn("runs"), "-o", OutputIn("networks")},
        {"compare", model, In("other.safetensors"), photos, "--split-file", In("split.csv"), "-o", OutputIn("pair")},
        {"features", "mobilenet", photos, "--alpha", "0.25", "--size", "32", "--weights", weights, "-o",
         OutputIn("f.npy")},
        {"features", model, photos, "-o", OutputIn("g.npy")},
        {"info", model, "-o", OutputIn("card")},
        {"info", model, "--diagram", OutputIn("d.svg"), "-o", OutputIn("card")},
        {"export", model, "-o", OutputIn("m.onnx")},
        {"export", model, "-o", OutputIn("m.keras")},
        {"export", model, "-o", OutputIn("m.h")},
        {"export", model, "-o", OutputIn("copy.safetensors")},
        {"export", model, "--to", "tfjs", "-o", OutputIn("web")},
        {"networks", "-o", OutputIn("networks")},
        {"demo-data", OutputIn("demo")},
    };
  }

  static void ClearOutputs() {
    fs::remove_all(In("out"));
    fs::create_directories(In("out"));
  }

  // Refused, and everything is as it was.
  static std::string ExpectUntouched(const Arguments& arguments, const RunOptions& options = {}) {
    const Snapshot before = SnapshotOf(In(""));
    const RunResult result = RunSiskin(arguments, options);
    EXPECT_EQ(result.exit_code, 2) << Line(arguments) << result.out << result.err;
    EXPECT_TRUE(SnapshotOf(In("")) == before) << Line(arguments) << " changed a file or left one";
    return result.err;
  }

  static std::string Line(const Arguments& arguments) {
    std::string line = "siskin";
    for (const std::string& argument : arguments) line += " " + argument;
    return line + "\n";
  }

  static Workshop* shop_;
};

Workshop* Outputs::shop_ = nullptr;

TEST_F(Outputs, EveryOptionThatTakesAFileIsInTheWalk) {
  std::set<std::pair<std::string, std::string>> walked;  // of a command: an output together with an input
  for (const Arguments& arguments : Commands()) {
    const Understood understood(arguments);
    for (const Entry* output : understood.Given(Use::kWrites)) {
      const std::string name = output->command + " " + output->name;
      walked.emplace(name, "");
      for (const Entry* input : understood.Given(Use::kReads)) walked.emplace(name, input->name);
    }
  }
  const Understood program({"networks"});
  for (const Entry& output : program.table().entries) {
    if (output.value.use != Use::kWrites) continue;
    const std::string name = output.command + " " + output.name;
    EXPECT_TRUE(walked.contains({name, ""})) << name << " is in no command line of this test";
    for (const Entry& input : program.table().entries) {
      if (input.command != output.command || input.value.use != Use::kReads) continue;
      EXPECT_TRUE(walked.contains({name, input.name})) << name << " with " << input.name;
    }
  }
}

TEST_F(Outputs, WhatIsDeclaredAsAWordNamesNoFile) {
  const Understood program({"networks"});
  for (const Entry& entry : program.table().entries) {
    if (entry.value.use != Use::kWord) continue;
    for (const char* file : {"FILE", "DIR", "OUT", "PATH", "PHOTO", "MODEL", "-file", "-dir", "output", "report"}) {
      const std::string text = entry.name + " " + entry.placeholder;
      EXPECT_EQ(text.find(file), std::string::npos) << entry.command << " " << text << " seems to take a file";
    }
  }
}

TEST_F(Outputs, NoneReplacesAnInputThatItNames) {
  ClearOutputs();
  for (const Arguments& arguments : Commands()) {
    const Understood understood(arguments);
    for (const Entry* output : understood.Given(Use::kWrites)) {
      if (output->value.plan && output->value.plan(*output->value.text).empty()) continue;  // not this time
      for (const fs::path& input : understood.Read()) {
        Arguments changed = arguments;
        const auto named = std::ranges::find(changed, *output->value.text);
        ASSERT_NE(named, changed.end()) << Line(arguments);
        *named = input;
        ExpectUntouched(changed);
        *named = input.parent_path() / "." / ".." / input.parent_path().filename() / input.filename();
        ExpectUntouched(Plus(changed, output->command == "demo-data" ? Arguments() : Arguments{"--force"}));
      }
    }
  }
}

// Also files that follow from a name: the list of the features, those of a run folder, of an export.
TEST_F(Outputs, NoneReplacesAnInputThatItLeadsTo) {
  for (const Arguments& arguments : Commands()) {
    const Understood understood(arguments);
    size_t count = 0;
    for (const cli::PlannedFile& file : understood.Planned()) {
      const bool embedded = file.type == &cli::kModel && arguments.back().ends_with(".h");  // a test of its own
      if (file.type == &cli::kPhotoFolder || embedded) continue;
      for (const fs::path& input : understood.Read()) {
        ClearOutputs();
        fs::create_directories(file.path.parent_path());
        if (++count % 2 == 0) {
          fs::create_symlink(input, file.path);
        } else {
          fs::create_hard_link(input, file.path);
        }
        const std::string refusal = ExpectUntouched(Plus(arguments, {"--force"}));
        EXPECT_NE(refusal.find("this run reads it"), std::string::npos) << refusal;
        EXPECT_NE(refusal.find(file.path.filename()), std::string::npos) << refusal;
        if (file.type == &cli::kRunFile) break;  // there are many, and they share one rule
      }
    }
  }
}

TEST_F(Outputs, NoneReplacesAFileOfAnotherKind) {
  const std::map<std::string, std::string> foreign = {
      {"photo", ReadText(In("photos/bird/001.jpg"))},
      {"PNG photo", HugePng()},
      {"model", ReadText(In("model.safetensors")).substr(0, 100'000)},
      {"safetensors", ReadText(In("weights.safetensors")).substr(0, 100'000)},
      {"table (path,class)", "path,class\n1.jpg,cat\n"},
      {"table (path)", "path\n1.jpg\n2.jpg\n"},
      {"table (photo;who)", "photo;who\n1.jpg;me\n"},
      {"web page", "<!DOCTYPE html>\n<html><body>mine</body></html>\n"},
      {"JSON", "{\n  \"name\": \"mine\",\n  \"version\": \"1.0\"\n}\n"},
      {"program", "#!/bin/sh\nrm -r mine\n"},
      {"another kind", std::string("\x01\x02\0\x03 binary", 11)},
  };
  constexpr size_t kKindsARun = 3;  // no divisor of the number of kinds: all come to many outputs
  size_t count = 0;
  for (const Arguments& arguments : Commands()) {
    for (const cli::PlannedFile& file : Understood(arguments).Planned()) {
      if (file.type == &cli::kPhotoFolder || file.type == &cli::kFolder) continue;
      for (const auto& [name, bytes] : foreign) {
        if (name == "model" && file.type == &cli::kModel) continue;
        if (name == "table (path)" && file.type == &cli::kFeatureList) continue;
        EXPECT_FALSE(cli::MayBeReplacedBy(*file.type, bytes)) << name << " by " << file.type->name;
        if (file.type == &cli::kRunFile && file.path.filename() != "split.csv") continue;  // they share one rule
        if (++count % kKindsARun != 0) continue;  // starting the program for each would take long under a sanitizer
        ClearOutputs();
        fs::create_directories(file.path.parent_path());
        WriteText(file.path, bytes);
        const std::string refusal = ExpectUntouched(arguments);
        EXPECT_NE(refusal.find(name.substr(0, name.find(" ("))), std::string::npos) << refusal;
        EXPECT_NE(refusal.find("--force"), std::string::npos) << refusal;
      }
    }
  }
}

// The same command again is normal, in another format too; so is a file that `touch` or mktemp made.
TEST_F(Outputs, AreReplacedByTheSameCommand) {
  const std::vector<Arguments> commands = Commands();
  ClearOutputs();
  for (const Arguments& arguments : commands) {
    const std::string& verb = arguments[0];
    if (verb == "demo-data" || (verb == "compare" && arguments[1] == In("photos"))) continue;
    if (verb == "export" && arguments.back().ends_with(".keras")) continue;  // needs HDF5: export_test.cc
    for (const cli::PlannedFile& file : Understood(arguments).Planned()) {
      if (file.type == &cli::kRunFile || file.type == &cli::kFolder) continue;
      fs::create_directories(file.path.parent_path());
      WriteText(file.path, "");
    }
    std::vector<Arguments> runs = {arguments};
    const bool many = verb == "predict" || verb == "eval" || verb == "compare";
    if (many || verb == "check" || verb == "info" || verb == "networks") {
      for (const char* format : {"csv", "jsonl", "json", "text"}) {
        if (format == std::string("csv") && !many) continue;
        if (format == std::string(verb == "predict" ? "json" : "jsonl")) continue;
        runs.push_back(Plus(arguments, {"--format", format}));
      }
    }
    runs.push_back(runs.back());
    for (const Arguments& run : runs) {
      const RunResult result = RunSiskin(run);
      EXPECT_EQ(result.exit_code, 0) << Line(run) << result.err;
    }
  }
}

TEST_F(Outputs, GoToStandardOutputWhereTheyAreText) {
  ClearOutputs();
  for (const Arguments& arguments : Commands()) {
    const Understood understood(arguments);
    for (const Entry* output : understood.Given(Use::kWrites)) {
      Arguments changed = arguments;
      const auto named = std::ranges::find(changed, *output->value.text);
      if (named == changed.end()) continue;  // a default
      *named = "-";
      if (output->value.type->is_text) {
        if (arguments[0] == "compare" && arguments[1] == In("photos")) continue;  // takes seconds
        const RunResult result = RunSiskin(changed);
        EXPECT_EQ(result.exit_code, 0) << Line(changed) << result.err;
        EXPECT_FALSE(result.out.empty() && arguments[0] != "info") << Line(changed);
        ClearOutputs();
      } else {
        const std::string refusal = ExpectUntouched(changed);
        EXPECT_NE(refusal.find("cannot go to standard output"), std::string::npos) << refusal;
      }
    }
  }
  EXPECT_FALSE(fs::exists("-"));
}

TEST_F(Outputs, ForceReplacesWhatIsNoInput) {
  ClearOutputs();
  const std::string photo = OutputIn("x.jpg"), model = In("model.safetensors");
  fs::copy_file(In("photos/bird/001.jpg"), photo);
  const Arguments predict = {"predict", model, In("photos/other"), "-o", photo};
  EXPECT_NE(ExpectUntouched(predict).find("is a JPEG photo"), std::string::npos);
  const RunResult forced = RunSiskin(Plus(predict, {"--force"}));
  EXPECT_EQ(forced.exit_code, 0) << forced.err;
  EXPECT_EQ(CountLines(ReadText(photo)), 8u);
}

TEST_F(Outputs, NoneReplacesAPhotoOfAListOrPattern) {
  const std::string photo = In("photos/bird/001.jpg"), model = In("model.safetensors");
  ExpectUntouched({"predict", model, "-", "--force", "-o", photo}, {.standard_input = photo + "\n"});
  // The list itself is a file here.
  ExpectUntouched({"predict", model, "-", "--force", "-o", "/dev/stdin"}, {.standard_input = photo + "\n"});
  ExpectUntouched({"predict", model, In("photos/bi*/*.jpg"), "--force", "-o", photo});
  ClearOutputs();
  fs::create_hard_link(photo, OutputIn("x.npy"));
  ExpectUntouched({"features", model, "-", "--force", "-o", OutputIn("x.npy")}, {.standard_input = photo + "\n"});
}

TEST_F(Outputs, AFolderOfPhotosIsNoRunFolder) {
  ClearOutputs();
  for (const char* folder : {"photos", "photos/bird", "photos/./other/"}) {
    const std::string refusal = ExpectUntouched({"train", In("photos"), "--run-dir", In(folder), "-o", OutputIn("m")});
    EXPECT_NE(refusal.find("another --run-dir"), std::string::npos) << refusal;
    ExpectUntouched({"compare", In("photos"), "--run-dir", In(folder), "--weights", "none"});
  }
}

TEST_F(Outputs, ASplitThatIsReadFromTheRunFolderStays) {
  ClearOutputs();
  Arguments train = Plus(shop_->TrainArguments(), {"-o", OutputIn("m"), "--run-dir", OutputIn("run"), "--epochs", "1"});
  ASSERT_EQ(RunSiskin(train).exit_code, 0);
  const std::string split = OutputIn("run/split.csv");
  std::string mine = ReadText(split);  // with a column that the program does not write
  for (size_t at = 0; (at = mine.find('\n', at)) != std::string::npos; at += 6) mine.insert(at, ",mine");
  WriteText(split, mine);
  const RunResult again = RunSiskin(Plus(train, {"--split-file", split}));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(ReadText(split), mine);
}

TEST_F(Outputs, AModelIsEmbeddedFromWhereItIs) {
  ClearOutputs();
  fs::copy_file(In("model.safetensors"), OutputIn("pets.safetensors"));
  const Snapshot before = SnapshotOf(OutputIn(""));
  const RunResult result = RunSiskin({"export", OutputIn("pets.safetensors"), "-o", OutputIn("pets.h")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(fs::exists(OutputIn("pets.S")));
  EXPECT_TRUE(SnapshotOf(OutputIn("")).at(OutputIn("pets.safetensors")) == before.at(OutputIn("pets.safetensors")));
}

TEST_F(Outputs, StoredWeightsAreNoInputAndOutputAtOnce) {
  ClearOutputs();
  const std::string stored = OutputIn("mobilenet-imagenet.safetensors");
  fs::copy_file(In("weights.safetensors"), stored);
  const RunOptions store{.environment = {{"SISKIN_WEIGHTS", OutputIn("")}}};
  ExpectUntouched({"weights", "import", stored, "--as", "mobilenet-imagenet"}, store);
  WriteText(stored, std::string("\x40\0\0\0\0\0\0\0", 8) + R"({"__metadata__":{"format":"siskin-weights-1",)");
  ExpectUntouched({"train", In("photos"), "-o", stored, "--force"}, store);  // the network may be made of them
}

TEST_F(Outputs, TwoNeedTwoNames) {
  ClearOutputs();
  const Arguments eval = {"eval", In("model.safetensors"), In("photos"), "-o", OutputIn("x")};
  EXPECT_NE(ExpectUntouched(Plus(eval, {"--predictions", OutputIn("./x")})).find("both -o and --predictions"),
            std::string::npos);
  EXPECT_EQ(
      RunSiskin({"eval", In("model.safetensors"), In("photos"), "-o", "/dev/null", "--report", "/dev/null"}).exit_code,
      0);
}

TEST_F(Outputs, FeaturesWantAnArraysName) {
  ClearOutputs();
  for (const char* name : {"x.csv", "x", "x.jpg"}) {
    const std::string refusal =
        ExpectUntouched({"features", In("model.safetensors"), In("photos"), "-o", OutputIn(name)});
    EXPECT_NE(refusal.find("FILE.npy"), std::string::npos) << refusal;
  }
}

// As `> file` does it, which a name of the same file must not take away.
TEST_F(Outputs, TheNameOfStandardOutputIsStandardOutput) {
  ClearOutputs();
  const std::string file = OutputIn("redirected");
  WriteText(file, "");
  const Snapshot before = SnapshotOf(In("out"));
  for (const std::string& name : {std::string("/dev/stdout"), file}) {
    const RunResult result = RunSiskin({"networks", "--networks", "xception", "-o", name}, {.standard_output = file});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(ReadText(file).starts_with("  network ")) << ReadText(file);
    EXPECT_EQ(std::get<0>(SnapshotOf(In("out")).at(file)), std::get<0>(before.at(file)));
    WriteText(file, "");
  }
}

TEST_F(Outputs, BehindALinkAreWrittenWithTheModeThatWasThere) {
  ClearOutputs();
  fs::create_directories(OutputIn("data"));
  WriteText(OutputIn("data/answers"), "");
  ASSERT_EQ(::chmod(OutputIn("data/answers").c_str(), 0600), 0);
  fs::create_symlink("data/answers", OutputIn("link"));
  const RunResult result = RunSiskin({"check", In("photos"), "-o", OutputIn("link")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(fs::is_symlink(OutputIn("link")));
  EXPECT_NE(ReadText(OutputIn("data/answers")).find("16 photos"), std::string::npos);
  EXPECT_EQ(fs::status(OutputIn("data/answers")).permissions(), fs::perms(0600));
}

}  // namespace
}  // namespace siskin::testing
