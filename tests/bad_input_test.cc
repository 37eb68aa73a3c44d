// Photos, models and disks that are not what they should be: each a message with the remedy and the right exit code.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/utf8.h"
#include "photos.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

bool Says(const RunResult& result, const std::string& text) {
  return (result.out + result.err).find(text) != std::string::npos;
}

// One line, no stack of them: "siskin: error: WHAT".
void ExpectRefused(const RunResult& result, int exit_code, const std::string& text) {
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  EXPECT_NE(result.err.find("siskin: error: "), std::string::npos) << result.err;
  EXPECT_TRUE(Says(result, text)) << result.err;
}

RunResult TrainOn(const Workshop& shop, const fs::path& photos) {
  std::vector<std::string> arguments = shop.TrainArguments();
  arguments[1] = photos;
  return RunSiskin(arguments);
}

class BadPhotos : public ::testing::Test {
 protected:
  void Add(const std::string& name, const std::string& bytes) const {
    fs::create_directories((photos() / name).parent_path());
    WriteText(photos() / name, bytes);
  }
  fs::path photos() const { return shop_.path("photos"); }
  fs::path fresh() const { return shop_.path("fresh"); }

  const Workshop shop_{8};
};

TEST_F(BadPhotos, FoldersThatCannotBeTrainedOn) {
  ExpectRefused(TrainOn(shop_, shop_.path("nowhere")), 3, "no such folder");
  fs::create_directory(fresh());
  ExpectRefused(TrainOn(shop_, fresh()), 3, "fresh");
  ExpectRefused(RunSiskin({"check", fresh()}), 3, "fresh");
  // One class only.
  fs::copy(photos() / "bird", fresh() / "bird");
  ExpectRefused(TrainOn(shop_, fresh()), 3, "class");
  // The second class has one photo: too few for training, validation and test.
  fs::create_directory(fresh() / "other");
  fs::copy_file(photos() / "other" / "001.jpg", fresh() / "other" / "001.jpg");
  ExpectRefused(TrainOn(shop_, fresh()), 3, "other");
  ExpectRefused(TrainOn(shop_, photos() / "bird" / "001.jpg"), 3, "001.jpg");
}

TEST_F(BadPhotos, NoReadablePhoto) {
  for (const char* name : {"a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg", "b/4.jpg"}) {
    fs::create_directories((fresh() / name).parent_path());
    WriteText(fresh() / name, "garbage");
  }
  ExpectRefused(TrainOn(shop_, fresh()), 3, "");
  shop_.Train();
  ExpectRefused(RunSiskin({"eval", shop_.path("model.safetensors"), fresh()}), 3, "");
}

TEST_F(BadPhotos, AreListedAndLeftOut) {
  const std::string photo = OnePhoto(photos());
  Add("bird/empty.jpg", "");
  Add("bird/garbage.jpg", "these are not the bytes of a photo");
  Add("bird/truncated.jpg", photo.substr(0, photo.size() / 8));
  Add("bird/huge.png", HugePng());
  fs::create_symlink("nowhere.jpg", photos() / "bird" / "dangling.jpg");

  const RunResult checked = RunSiskin({"check", photos()});
  EXPECT_EQ(checked.exit_code, 4) << checked.err;
  for (const char* name : {"empty", "garbage", "truncated", "huge", "dangling"}) {
    EXPECT_NE(checked.out.find(std::string("bird/") + name), std::string::npos) << name << "\n" << checked.out;
  }
  EXPECT_TRUE(Says(checked, "65535")) << checked.out;

  const RunResult trained = RunSiskin(shop_.TrainArguments());
  EXPECT_EQ(trained.exit_code, 4) << trained.err;
  const std::string skipped = ReadText(shop_.path("run") / "skipped.csv");
  EXPECT_EQ(CountLines(skipped), 6u) << skipped;

  const RunResult answered = RunSiskin({"predict", shop_.path("model.safetensors"), photos() / "bird" / "huge.png",
                                        photos() / "bird" / "empty.jpg", photos() / "bird" / "001.jpg"});
  EXPECT_EQ(answered.exit_code, 4);
  EXPECT_EQ(CountLines(answered.out), 3u) << answered.out;
  EXPECT_TRUE(Says(answered, "2 of 3 photos could not be read")) << answered.err;
}

TEST_F(BadPhotos, AFileThatMayNotBeRead) {
  Add("bird/secret.jpg", OnePhoto(photos()));
  ::chmod(shop_.path("").c_str(), 0755);
  ::chmod((photos() / "bird" / "secret.jpg").c_str(), 0);
  const RunResult checked = RunSiskin({"check", photos()}, {.as_nobody = true});
  EXPECT_EQ(checked.exit_code, 4);
  EXPECT_TRUE(Says(checked, "Permission denied")) << checked.out;
}

TEST_F(BadPhotos, LoopsOfFoldersEnd) {
  fs::create_directory_symlink("..", photos() / "bird" / "up");
  fs::create_directory_symlink(".", photos() / "bird" / "here");
  const RunResult checked = RunSiskin({"check", photos(), "--format", "json"}, {.seconds = 60});
  EXPECT_TRUE(checked.exit_code == 0 || checked.exit_code == 4) << checked.err;
  EXPECT_EQ(RunSiskin(shop_.TrainArguments()).exit_code, checked.exit_code);
}

TEST_F(BadPhotos, NamesMayBeAnyBytes) {
  const std::string newline = "bird/two\nlines.jpg", invalid = "bird/\xff\xfe.jpg", comma = "bird/a,\"b\".jpg";
  for (const std::string& name : {newline, invalid, comma}) Add(name, OnePhoto(photos()));
  ASSERT_EQ(RunSiskin(shop_.TrainArguments()).exit_code, 0);
  const std::string model = shop_.path("model.safetensors");
  const std::vector<std::string> files = {photos() / newline, photos() / invalid, photos() / comma};

  const RunResult text = RunSiskin({"predict", model, files[0], files[1], files[2]});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(CountLines(text.out), 3u) << text.out;
  EXPECT_TRUE(IsValidUtf8(text.out));

  const RunResult lines = RunSiskin({"predict", model, files[0], files[1], files[2], "--format", "jsonl"});
  EXPECT_TRUE(IsValidUtf8(lines.out));
  ASSERT_EQ(CountLines(lines.out), 3u) << lines.out;
  EXPECT_EQ(ParseJson(lines.out.substr(0, lines.out.find('\n')), "line")["path"], files[0]);

  const RunResult csv = RunSiskin({"predict", model, files[0], files[1], files[2], "--format", "csv"});
  EXPECT_NE(csv.out.find("\"" + files[0] + "\","), std::string::npos) << csv.out;
  EXPECT_NE(csv.out.find(files[1] + ","), std::string::npos) << csv.out;
  EXPECT_NE(csv.out.find("a,\"\"b\"\".jpg\","), std::string::npos) << csv.out;

  const RunResult list = RunSiskin({"predict", model, "-"}, {.standard_input = files[0] + '\0' + files[1] + '\0'});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_EQ(CountLines(list.out), 2u) << list.out;
}

TEST_F(BadPhotos, ASplitFileThatDoesNotFit) {
  WriteText(shop_.path("split.csv"), "path,class,split\nbird/none.jpg,bird,train\n");
  std::vector<std::string> arguments = shop_.TrainArguments();
  arguments.insert(arguments.end(), {"--split-file", shop_.path("split.csv")});
  ExpectRefused(RunSiskin(arguments), 3, "none.jpg");
  WriteText(shop_.path("split.csv"), "garbage");
  ExpectRefused(RunSiskin(arguments), 3, "split.csv");
}

TEST_F(BadPhotos, EvalNeedsTheModelsClasses) {
  shop_.Train();
  fs::rename(photos() / "other", photos() / "strange");
  ExpectRefused(RunSiskin({"eval", shop_.path("model.safetensors"), photos()}), 3, "'strange'");
}

TEST_F(BadPhotos, AnEmptyListIsNoSuccess) {
  shop_.Train();
  ExpectRefused(RunSiskin({"predict", shop_.path("model.safetensors"), "-"}), 3, "nothing to do");
}

// A model or weights file that is damaged in every way a disk or a network can: refused, never believed.
TEST(BadModel, IsRefusedWhereverItIsCut) {
  const Workshop shop(8);
  shop.Train();
  const std::string bytes = ReadText(shop.path("model.safetensors"));
  const std::string photo = shop.path("photos") / "bird" / "001.jpg";
  for (const size_t length :
       {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{9}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    WriteText(shop.path("cut"), bytes.substr(0, length));
    ExpectRefused(RunSiskin({"predict", shop.path("cut"), photo}), 1, "cut");
  }
}

TEST(BadModel, WeightsAreRefusedWhereverTheyAreCut) {
  const Workshop shop(8);
  const std::string bytes = ReadText(shop.path("weights.safetensors"));
  for (const size_t length : {size_t{0}, size_t{8}, size_t{1000}, bytes.size() / 2, bytes.size() - 1}) {
    WriteText(shop.path("weights.safetensors"), bytes.substr(0, length));
    ExpectRefused(RunSiskin(shop.TrainArguments()), 1, "weights.safetensors");
  }
}

TEST(BadModel, AHeaderOf2To60BytesIsNotAllocated) {
  const Workshop shop(8);
  std::string bytes("\0\0\0\0\0\0\0\x10", 8);
  bytes += "{}";
  WriteText(shop.path("greedy"), bytes);
  ExpectRefused(RunSiskin({"info", shop.path("greedy")}), 1, "greedy");
  ExpectRefused(RunSiskin({"verify", shop.path("greedy")}), 1, "greedy");
  fs::copy_file(shop.path("greedy"), shop.path("weights.safetensors"), fs::copy_options::overwrite_existing);
  ExpectRefused(RunSiskin(shop.TrainArguments()), 1, "weights.safetensors");
}

TEST(BadModel, OtherFilesAreNamedForWhatTheyAre) {
  const Workshop shop(8);
  ExpectRefused(RunSiskin({"verify", shop.path("weights.safetensors")}), 1, "no model of siskin");
  ExpectRefused(RunSiskin({"verify", shop.path("photos") / "bird" / "001.jpg"}), 1, "001.jpg");
  ExpectRefused(RunSiskin({"verify", shop.path("photos")}), 1, "photos");
  ExpectRefused(RunSiskin({"predict", "no-such-model.safetensors", "x.jpg"}), 1, "no such model file");
}

// What `siskin export` wrote was refused with "its header claims 7742648127124015112 bytes".
TEST(BadModel, ExportsAreNamedWithWhatToGiveInstead) {
  const Workshop shop(8);
  shop.Train();
  const std::string model = shop.path("model.safetensors"), photo = shop.path("photos") / "bird" / "001.jpg";
  const std::string exports = shop.path("exports");
  fs::create_directory(exports);
  for (const char* name : {"pets.onnx", "pets.keras", "pets.h"}) {
    const RunResult result = RunSiskin({"export", model, "-o", exports + "/" + name});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  ASSERT_EQ(RunSiskin({"export", model, "--to", "tfjs", "-o", exports + "/pets"}).exit_code, 0);
  const std::string train = "the .safetensors file that `siskin train` wrote";
  const std::pair<const char*, std::string> kinds[] = {
      {"pets.onnx", "is an ONNX model"},
      {"pets.keras", "is a Keras model"},
      {"pets/model.json", "is a TensorFlow.js model"},
      {"pets", "is the folder of a TensorFlow.js model"},
  };
  for (const auto& [name, what] : kinds) {
    const std::string file = exports + "/" + name;
    for (const char* verb : {"predict", "eval"}) {
      const RunResult refused = RunSiskin({verb, file, photo});
      ExpectRefused(refused, 1, what);
      EXPECT_TRUE(Says(refused, train)) << refused.err;
    }
    for (const char* verb : {"info", "verify"}) ExpectRefused(RunSiskin({verb, file}), 1, what);
  }
  ExpectRefused(RunSiskin({"predict", exports + "/pets.h", photo}), 1, "give the .safetensors file beside it");
  ExpectRefused(RunSiskin({"predict", exports + "/pets.S", photo}), 1, train);
  ExpectRefused(RunSiskin({"predict", exports + "/pets/group1-shard1of1.bin", photo}), 1, train);
  ExpectRefused(RunSiskin({"predict", exports, photo}), 1, "did you mean " + exports + "/pets.safetensors?");
}

TEST(BadModel, OtherProgramsFilesAreNamedWithWhatToGiveInstead) {
  const Workshop shop(8);
  const std::string photo = shop.path("photos") / "bird" / "001.jpg", file = shop.path("given");
  const std::pair<std::string, const char*> kinds[] = {
      {"", "is an empty file"},
      {R"({"classes": 2})", "is a JSON file"},
      {"\x89HDF\r\n\x1a\n...", "is an HDF5 file"},
      {std::string("\x1c\0\0\0TFL3\0\0", 10), "is a TensorFlow Lite model"},
      {std::string("\x80\x02\x8a\nl\xfc\x9c", 7), "safetensors.torch.save_file"},
      {ReadText(photo), "siskin predict MODEL PHOTO"},
  };
  for (const auto& [bytes, what] : kinds) {
    WriteText(file, bytes);
    ExpectRefused(RunSiskin({"predict", file, photo}), 1, what);
    ExpectRefused(RunSiskin({"info", file}), 1, what);
  }
  ExpectRefused(RunSiskin({"predict", shop.path("photos"), photo}), 1, "is a folder, not a model of Siskin");
}

TEST(BadModel, WeightsOfAnotherKindAreNamed) {
  const Workshop shop(8);
  const auto train_with = [&](const std::string& bytes) {
    WriteText(shop.path("weights.safetensors"), bytes);
    return RunSiskin(shop.TrainArguments());
  };
  ExpectRefused(train_with(std::string("\x80\x02\x8a\nl\xfc\x9c", 7)), 1, "safetensors.torch.save_file");
  ExpectRefused(train_with(OnePhoto(shop.path("photos"))), 1, "but a photo; it reads safetensors");
  fs::remove(shop.path("weights.safetensors"));
  fs::create_directory(shop.path("weights.safetensors"));
  ExpectRefused(RunSiskin(shop.TrainArguments()), 1, "is a folder; give the file itself");
}

// Of 24 flipped bits 12 passed: the references do not depend on every weight, and not at all on names and threshold.
TEST(BadModel, VerifyNoticesFlippedBits) {
  const Workshop shop(8);
  shop.Train();
  const std::string model = shop.path("model.safetensors"), bytes = ReadText(model);
  const RunResult good = RunSiskin({"verify", model, "--format", "json"});
  ASSERT_EQ(good.exit_code, 0) << good.out << good.err;
  EXPECT_EQ(ParseJson(good.out, "verify")["weights"], "same");
  const auto verify_flipped = [&](size_t at, unsigned bit) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 1u << bit);
    WriteText(shop.path("damaged"), damaged);
    return RunSiskin({"verify", shop.path("damaged")});
  };
  const size_t threshold = bytes.find("threshold") + 13, name = bytes.find("other");
  for (const size_t at : {threshold, name}) ExpectRefused(verify_flipped(at, 0), 1, "its card");
  ExpectRefused(verify_flipped(2, 0), 1, "damaged");
  const size_t data = bytes.size() - 800'000;
  for (size_t at = data; at < bytes.size(); at += 100'003) {
    const RunResult flipped = verify_flipped(at - at % 4, 0);  // the lowest bit of a float: no score moves
    EXPECT_EQ(flipped.exit_code, 5) << at << flipped.out << flipped.err;
    EXPECT_TRUE(Says(flipped, "THE WEIGHTS ARE NOT THOSE THAT WERE WRITTEN")) << flipped.out;
  }
}

// RLIMIT_FSIZE stands in for a disk that fills up: writes beyond it fail.
TEST(FullDisk, LeavesNoPartOfAModel) {
  const Workshop shop(8);
  std::vector<std::string> arguments = shop.TrainArguments();
  const RunResult result = RunSiskin(arguments, {.file_size_limit = 100'000});
  ExpectRefused(result, 1, "cannot write");
  for (const fs::directory_entry& entry : fs::directory_iterator(shop.path(""))) {
    EXPECT_EQ(entry.path().filename().string().find("model"), std::string::npos) << entry.path();
  }
  const RunResult again = RunSiskin(arguments);
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST(FullDisk, LeavesTheOldResultsAlone) {
  const Workshop shop(8);
  shop.Train();
  const std::string answers = shop.path("answers.csv");
  WriteText(answers, "old");
  const std::vector<std::string> arguments = {
      "predict", shop.path("model.safetensors"), shop.path("photos"), "--format", "csv", "-o", answers};
  ExpectRefused(RunSiskin(arguments, {.file_size_limit = 100}), 1, "answers.csv");
  EXPECT_EQ(ReadText(answers), "old");
  const RunResult full =
      RunSiskin({"predict", shop.path("model.safetensors"), shop.path("photos")}, {.standard_output = "/dev/full"});
  ExpectRefused(full, 1, "No space left on device");
}

TEST(FullDisk, ANameThatCannotBeWrittenIsNoticedBeforeTraining) {
  const Workshop shop(8);
  std::vector<std::string> arguments = shop.TrainArguments();
  arguments.insert(arguments.end(), {"-o", shop.path("photos")});
  const RunResult result = RunSiskin(arguments);
  ExpectRefused(result, 1, "is a folder");
  EXPECT_FALSE(fs::exists(shop.path("run"))) << "it trained first";
}

// As root, replacing /dev/null by a finished file would break the machine.
TEST(FullDisk, DevicesAreWrittenToNotReplaced) {
  const Workshop shop(8);
  shop.Train();
  const RunResult predicted =
      RunSiskin({"predict", shop.path("model.safetensors"), shop.path("photos"), "-o", "/dev/null"});
  EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace siskin::testing
