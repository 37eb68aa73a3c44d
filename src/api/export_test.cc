// The public export against the functions below it. What the files are good for: tests/export_test.cc.
#include "siskin/export.h"

#include <gtest/gtest.h>

#include <set>

#include "base/files.h"
#include "base/testing.h"
#include "export/export.h"
#include "model/self_proof.h"
#include "model/testing_model.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

class ExportApiTest : public ::testing::Test {
 protected:
  ExportApiTest() {
    ThreadPool threads(1);
    ClassifierModel model = testing::SmallModel({"cat", "dog"});
    WriteModel(model_, &model, threads);
  }

  testing::TemporaryFolder folder_;
  fs::path out_ = folder_.path() / "out", model_ = folder_.path() / "m.safetensors";
};

TEST_F(ExportApiTest, EveryTargetSaysWhatItWrites) {
  std::set<std::string_view> names, texts;
  for (const ExportTarget& target : ExportTargets()) {
    EXPECT_TRUE(names.insert(target.name).second) << target.name;
    EXPECT_TRUE(texts.insert(target.writes).second) << target.name;
    EXPECT_FALSE(target.writes.empty()) << target.name;
    EXPECT_EQ(FindExportTarget(target.name, "x").name, target.name);
    if (target.is_folder()) continue;
    EXPECT_EQ(FindExportTarget("auto", "x" + std::string(target.ending)).name, target.name);
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"onnx", "keras", "tfjs", "safetensors", "c"}));
}

// Keras' files need siskin-import, which tests/export_test.cc has.
TEST_F(ExportApiTest, WritesTheFilesOfTheFunctionsBelow) {
  const fs::path expected = folder_.path() / "expected";
  for (const char* name : {"onnx", "tfjs", "safetensors", "c"}) {
    SCOPED_TRACE(name);
    fs::create_directories(out_);
    fs::create_directories(expected);
    const fs::path file = FindExportTarget(name, "").is_folder() ? "." : "pets.h";
    const Exported exported = Export(model_, name, out_ / file);
    const auto files = FindExporter(name, "").write(ReadModel(model_), expected / file, FileOps::System());
    ASSERT_EQ(exported.files.size(), files.size());
    for (size_t i = 0; i < files.size(); ++i) {
      EXPECT_EQ(exported.files[i].path.filename(), files[i].path.filename());
      EXPECT_EQ(exported.files[i].bytes, fs::file_size(exported.files[i].path));
      EXPECT_EQ(ReadFile(exported.files[i].path), ReadFile(files[i].path));
    }
    EXPECT_TRUE(exported.usage.ends_with("\n")) << exported.usage;
    fs::remove_all(out_);
    fs::remove_all(expected);
  }
}

TEST_F(ExportApiTest, AModelWithoutProofGetsOne) {
  SaveModel(model_, testing::SmallModel({"cat", "dog"}));
  ASSERT_TRUE(ReadModelCard(model_).references.empty());
  Export(model_, "auto", folder_.path() / "with-proof.safetensors");
  ThreadPool threads(1);
  EXPECT_TRUE(Verify(ReadModel(folder_.path() / "with-proof.safetensors"), threads).passed());
}

TEST_F(ExportApiTest, AWrongTargetsErrorNamesTheRightOnes) {
  testing::ExpectError(ErrorKind::kUsage, "\"coreml\"; there are onnx, keras, tfjs, safetensors, c",
                       [&] { Export(model_, "coreml", out_); });
  testing::ExpectError(ErrorKind::kUsage, "onnx|keras|tfjs|safetensors|c", [&] { Export(model_, "auto", out_); });
  EXPECT_FALSE(fs::exists(out_));
  testing::ExpectError(ErrorKind::kUsage, "use one like pets.h", [&] { Export(model_, "c", out_ / "my-pets.h"); });
  EXPECT_TRUE(fs::is_empty(out_));
}

TEST_F(ExportApiTest, SaysWhatIsNoModel) {
  testing::ExpectError(ErrorKind::kIo, "did you mean mobilenet?", [&] { Export("mobilnet", "onnx", out_); });
  WriteFileAtomic(model_, "no model");
  testing::ExpectError(ErrorKind::kModel, [&] { Export(model_, "onnx", out_); });
}

// Under any name that leads to it.
TEST_F(ExportApiTest, DoesNotReplaceTheModelThatItReads) {
  const std::string bytes = ReadFile(model_);
  const auto expect_refused = [&](const fs::path& model, const char* target, const fs::path& out) {
    testing::ExpectError(ErrorKind::kUsage, "would replace the model", [&] { Export(model, target, out); });
    EXPECT_EQ(ReadFile(model), bytes) << target;
  };
  expect_refused(model_, "safetensors", model_);
  expect_refused(model_, "onnx", folder_.path() / "." / "m.safetensors");
  fs::create_hard_link(model_, folder_.path() / "pets.S");
  expect_refused(model_, "c", folder_.path() / "pets.h");
  fs::create_directories(out_);
  fs::create_symlink(model_, out_ / "model.json");
  expect_refused(model_, "tfjs", out_);
  fs::rename(model_, out_ / "group1-shard1of1.bin");
  fs::remove(out_ / "model.json");
  expect_refused(out_ / "group1-shard1of1.bin", "tfjs", out_);
}

// Beside pets.h the model lies as pets.safetensors: it stays as it is.
TEST_F(ExportApiTest, AHeaderMayLieBesideItsModel) {
  const std::string bytes = ReadFile(model_);
  const Exported exported = Export(model_, "c", folder_.path() / "m.h");
  ASSERT_EQ(exported.files.size(), 3u);
  EXPECT_EQ(exported.files[2].path, model_);
  EXPECT_EQ(ReadFile(model_), bytes);
}

TEST_F(ExportApiTest, WhatCannotBeWrittenIsSaidBeforeAModelIsRead) {
  WriteFileAtomic(out_, "no folder");
  testing::ExpectError(ErrorKind::kIo, "Not a directory", [&] { Export("no-model", "onnx", out_ / "x.onnx"); });
  testing::ExpectError(ErrorKind::kIo, "Not a directory", [&] { Export("no-model", "tfjs", out_ / "x"); });
}

TEST_F(ExportApiTest, AFullDiskIsAnErrorOfTheSystemAndLeavesWhatWasThere) {
  for (const char* name : {"onnx", "safetensors"}) {
    SCOPED_TRACE(name);
    WriteFileAtomic(out_, "old");
    {
      const testing::FileSizeLimit small_disk(10'000);
      testing::ExpectError(ErrorKind::kIo, out_.string(), [&] { Export(model_, name, out_); });
    }
    EXPECT_EQ(ReadFile(out_), "old");
    const auto files = std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator());
    EXPECT_EQ(files, 2) << "a part of a file was left behind";
  }
}

}  // namespace
}  // namespace siskin
