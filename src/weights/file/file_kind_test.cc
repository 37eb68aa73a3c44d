#include "weights/file/file_kind.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/testing.h"
#include "weights/file/safetensors.h"
#include "weights/testing_archive.h"

namespace siskin {
namespace {

using namespace std::string_literals;

TEST(FileKind, ByTheFirstBytes) {
  EXPECT_EQ(KindOfFile(""), FileKind::kEmpty);
  EXPECT_EQ(KindOfFile("\x89HDF\r\n\x1a\n..."), FileKind::kHdf5);
  EXPECT_EQ(KindOfFile("\x1c\0\0\0TFL3"s), FileKind::kTflite);
  EXPECT_EQ(KindOfFile("\xFF\xD8\xFF\xE0"), FileKind::kPhoto);
  EXPECT_EQ(KindOfFile("\x89PNG\r\n"), FileKind::kPhoto);
  EXPECT_EQ(KindOfFile("RIFF\x10\0\0\0WEBPVP8 "s), FileKind::kPhoto);
  EXPECT_EQ(KindOfFile("\x80\x02\x8a\nl\xfc\x9c"), FileKind::kPickle);
  EXPECT_EQ(KindOfFile("/* A classifier of 2 classes"), FileKind::kCHeader);
  EXPECT_EQ(KindOfFile(R"( {"format": "layers-model", "weightsManifest": []})"), FileKind::kTfjs);
  EXPECT_EQ(KindOfFile(R"({"epoch": 1})"), FileKind::kJson);
  EXPECT_EQ(KindOfFile("[1, 2]"), FileKind::kJson);
  EXPECT_EQ(KindOfFile("12345678{ is a text"), FileKind::kText);
  EXPECT_EQ(KindOfFile("hello"), FileKind::kText);
  EXPECT_EQ(KindOfFile(std::string(1000, '\0')), FileKind::kUnknown);
}

TEST(FileKind, ByTheMembersOfAnArchive) {
  EXPECT_EQ(KindOfFile(testing::MakeArchive({{"config.json", "{}"}, {"model.weights.h5", ""}})), FileKind::kKeras);
  EXPECT_EQ(KindOfFile(testing::MakeArchive({{"archive/data.pkl", "x"}, {"archive/data/0", ""}})), FileKind::kTorch);
  EXPECT_EQ(KindOfFile(testing::MakeArchive({{"word/document.xml", "x"}})), FileKind::kArchive);
}

TEST(FileKind, Safetensors) {
  std::string bytes;
  SerializeSafetensors({}, {}, [&](std::string_view piece) { bytes += piece; });
  EXPECT_EQ(KindOfFile(bytes), FileKind::kSafetensors);
}

TEST(FileKind, EveryOneHasADescription) {
  for (int kind = 0; kind <= static_cast<int>(FileKind::kText); ++kind) {
    EXPECT_GT(Describe(static_cast<FileKind>(kind)).size(), 5u) << kind;
  }
}

TEST(FileKind, Folders) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(DescribeFolder(folder.path()), "a folder");
  std::ofstream(folder.path() / "model.json") << "{}";
  EXPECT_EQ(DescribeFolder(folder.path()), "the folder of a TensorFlow.js model (model.json)");
}

}  // namespace
}  // namespace siskin
