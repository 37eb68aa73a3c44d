#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/testing.h"
#include "data/dataset.h"

namespace siskin {
namespace {

using testing::MessageOf;

// Classes c0, c1, ... with so many photos each.
Dataset MakeDataset(const std::vector<int>& counts) {
  Dataset dataset;
  dataset.root = "photos";
  for (size_t label = 0; label < counts.size(); ++label) {
    dataset.class_names.push_back(fmt::format("c{}", label));
    for (int i = 0; i < counts[label]; ++i) {
      dataset.photos.push_back({.path = fmt::format("c{}/{:05}.jpg", label, i), .label = static_cast<int>(label)});
    }
  }
  return dataset;
}

std::map<std::string, Split> SplitByPath(const Dataset& dataset) {
  std::map<std::string, Split> splits;
  for (const Photo& photo : dataset.photos) splits[photo.path] = photo.split;
  return splits;
}

using Counts = std::vector<int>;

TEST(AssignSplits, FractionsHoldInEveryClass) {
  Dataset dataset = MakeDataset({100, 1000, 7});
  AssignSplits(&dataset, 0.15, 0.15, 1);
  EXPECT_TRUE(dataset.has_splits);
  EXPECT_EQ(dataset.CountByClass(Split::kValidation), (Counts{15, 150, 1}));
  EXPECT_EQ(dataset.CountByClass(Split::kTest), (Counts{15, 150, 1}));
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (Counts{70, 700, 5}));
}

// Classes c0, c1, ... with so many photos in training, validation and test each.
Dataset MakeSplitDataset(const std::vector<std::array<int, 3>>& counts) {
  Dataset dataset;
  dataset.has_splits = true;
  for (size_t split = 0; split < 3; ++split) {
    std::vector<int> of_split;
    for (const auto& in_class : counts) of_split.push_back(in_class[split]);
    const Dataset part = MakeDataset(of_split);
    dataset.class_names = part.class_names;
    for (Photo photo : part.photos) {
      photo.path = fmt::format("{}/{}", kSplitNames[split], photo.path);
      photo.split = static_cast<Split>(split);
      dataset.photos.push_back(photo);
    }
  }
  std::ranges::sort(dataset.photos, {}, &Photo::path);
  return dataset;
}

TEST(DrawPhotos, EveryClassKeepsItsShare) {
  Dataset dataset = MakeDataset({100, 1000, 7});
  ASSERT_TRUE(DrawPhotos(&dataset, 110, 1));
  EXPECT_FALSE(dataset.has_splits);
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (Counts{9, 98, 3})) << "three at least: for three splits";
  EXPECT_TRUE(std::ranges::is_sorted(dataset.photos, {}, &Photo::path));
  AssignSplits(&dataset, 0.15, 0.15, 1);
}

TEST(DrawPhotos, SplitsGetTwoPartsTrainingTwoTestOneValidation) {
  Dataset dataset = MakeSplitDataset({{200, 100, 500}, {200, 100, 500}});
  ASSERT_TRUE(DrawPhotos(&dataset, 100, 1));
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (Counts{20, 20}));
  EXPECT_EQ(dataset.CountByClass(Split::kValidation), (Counts{10, 10}));
  EXPECT_EQ(dataset.CountByClass(Split::kTest), (Counts{20, 20}));

  Dataset few_tests = MakeSplitDataset({{200, 100, 5}, {200, 100, 5}});
  ASSERT_TRUE(DrawPhotos(&few_tests, 100, 1));
  EXPECT_EQ(few_tests.CountByClass(Split::kTest), (Counts{5, 5}));
  EXPECT_EQ(few_tests.CountByClass(Split::kTrain), (Counts{35, 35})) << "what the test lacks goes to training";
}

TEST(DrawPhotos, IsAFunctionOfSeedAndPathAndNeverMoreThanIsAllowed) {
  const Dataset all = MakeSplitDataset({{31, 17, 11}, {5, 2, 1}, {80, 3, 40}});
  for (size_t most = 15; most <= all.photos.size() + 1; ++most) {
    Dataset drawn = all, again = all, other = all;
    ASSERT_TRUE(DrawPhotos(&drawn, most, 3)) << most;
    EXPECT_EQ(drawn.photos.size(), std::min(most, all.photos.size()));
    for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
      EXPECT_GT(std::ranges::min(drawn.CountByClass(split)), 0) << most;
    }
    ASSERT_TRUE(DrawPhotos(&again, most, 3));
    EXPECT_EQ(SplitByPath(again), SplitByPath(drawn));
    ASSERT_TRUE(DrawPhotos(&other, most, 4));
    // Of nearly all photos another seed may leave out the same few.
    EXPECT_TRUE(most >= 100 || SplitByPath(other) != SplitByPath(drawn)) << most;
  }
}

TEST(DrawPhotos, TooFewForEveryClassChangeNothing) {
  Dataset dataset = MakeDataset({10, 10});
  EXPECT_FALSE(DrawPhotos(&dataset, 5, 1));
  EXPECT_EQ(dataset.photos.size(), 20u);
  EXPECT_TRUE(DrawPhotos(&dataset, 6, 1));
  EXPECT_TRUE(DrawPhotos(&dataset, 0, 1)) << "0: all";
  EXPECT_EQ(dataset.photos.size(), 6u);
}

TEST(RepeatSplits, NumbersAreEnough) {
  for (const auto& [validation, test] : {std::pair(0.15, 0.15), std::pair(0.333, 0.01), std::pair(0.5, 0.0)}) {
    const Dataset plain = MakeDataset({100, 7, 31});
    Dataset assigned = plain, repeated = plain, other = plain;
    AssignSplits(&assigned, validation, test, 5);
    const Counts in_validation = assigned.CountByClass(Split::kValidation),
                 in_test = assigned.CountByClass(Split::kTest);
    ASSERT_TRUE(RepeatSplits(&repeated, in_validation, in_test, 5));
    EXPECT_EQ(SplitByPath(repeated), SplitByPath(assigned));
    EXPECT_TRUE(repeated.has_splits);
    ASSERT_TRUE(RepeatSplits(&other, in_validation, in_test, 6));
    EXPECT_NE(SplitByPath(other), SplitByPath(assigned));
  }
}

TEST(RepeatSplits, NumbersThatCannotBeChangeNothing) {
  Dataset dataset = MakeDataset({5, 5});
  for (const auto& [validation, test] : {std::pair(Counts{3, 3}, Counts{2, 3}), std::pair(Counts{1}, Counts{1, 1})}) {
    EXPECT_FALSE(RepeatSplits(&dataset, validation, test, 5));
  }
  EXPECT_FALSE(dataset.has_splits);
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (Counts{5, 5}));
}

TEST(AssignSplits, IsAFunctionOfSeedAndPathOnly) {
  Dataset dataset = MakeDataset({200, 200}), shuffled = dataset, other_seed = dataset;
  std::ranges::reverse(shuffled.photos);
  for (Photo& photo : shuffled.photos) photo.modified_ns = 42;
  AssignSplits(&dataset, 0.2, 0.1, 7);
  AssignSplits(&shuffled, 0.2, 0.1, 7);
  AssignSplits(&other_seed, 0.2, 0.1, 8);
  EXPECT_EQ(SplitByPath(dataset), SplitByPath(shuffled));
  EXPECT_NE(SplitByPath(dataset), SplitByPath(other_seed));
  // Pinned: a change would silently put photos of old tests into new trainings.
  Dataset small = MakeDataset({8, 8});
  AssignSplits(&small, 0.25, 0.25, 0);
  std::string splits;
  for (const Photo& photo : small.photos) splits += "rvt"[static_cast<size_t>(photo.split)];
  EXPECT_EQ(splits, "rvrttrvrvvrtrrtr");
}

TEST(AssignSplits, OnePhotoMoreHardlyMovesTheOthers) {
  Dataset before = MakeDataset({200, 200}), after = MakeDataset({201, 200});
  AssignSplits(&before, 0.2, 0.2, 3);
  AssignSplits(&after, 0.2, 0.2, 3);
  const auto old_splits = SplitByPath(before);
  int moved = 0;
  for (const auto& [path, split] : SplitByPath(after)) {
    const auto old = old_splits.find(path);
    moved += old != old_splits.end() && old->second != split;
  }
  EXPECT_LE(moved, 2);
}

TEST(AssignSplits, SmallClasses) {
  Dataset dataset = MakeDataset({3, 4});
  AssignSplits(&dataset, 0.01, 0.9, 1);
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (Counts{1, 1}));
  EXPECT_EQ(dataset.CountByClass(Split::kValidation), (Counts{1, 1}));
  EXPECT_EQ(dataset.CountByClass(Split::kTest), (Counts{1, 2}));
  Dataset two = MakeDataset({2, 5});
  EXPECT_EQ(MessageOf(ErrorKind::kData, [&] { AssignSplits(&two, 0.15, 0.15, 1); }),
            "class \"c0\" has 2 photos, too few for training, validation and test: every part needs at least one; add "
            "photos, or leave out the test with --test 0");
  AssignSplits(&two, 0.15, 0, 1);
  EXPECT_EQ(two.CountByClass(Split::kValidation), (Counts{1, 1}));
  EXPECT_EQ(two.CountByClass(Split::kTest), (Counts{0, 0}));
  Dataset one = MakeDataset({1, 5});
  // One photo is too few for validation as well, and there is no training without that.
  EXPECT_EQ(MessageOf(ErrorKind::kData, [&] { AssignSplits(&one, 0.15, 0.15, 1); }),
            "class \"c0\" has 1 photo, too few for training, validation and test: every part needs at least one; add "
            "photos");
  EXPECT_EQ(MessageOf(ErrorKind::kData, [&] { AssignSplits(&one, 0.15, 0, 1); }),
            "class \"c0\" has 1 photo, too few for training and validation: every part needs at least one; add photos");
  EXPECT_EQ(MessageOf(ErrorKind::kData, [&] { AssignSplits(&one, 0, 0.15, 1); }),
            "class \"c0\" has 1 photo, too few for training and test: every part needs at least one; add photos, or "
            "leave out the test with --test 0");
}

TEST(AssignSplits, GivenSplitsStay) {
  Dataset dataset = MakeDataset({100, 100});
  for (size_t i = 0; i < dataset.photos.size(); i += 4) dataset.photos[i].split = Split::kTest;
  const Dataset before = dataset;
  AssignSplits(&dataset, 0.2, 0.5, 1);
  EXPECT_EQ(dataset.CountByClass(Split::kTest), (Counts{25, 25}));
  EXPECT_EQ(dataset.CountByClass(Split::kValidation), (Counts{15, 15}));  // a fifth of the 75 that were left
  for (size_t i = 0; i < dataset.photos.size(); i += 4) EXPECT_EQ(dataset.photos[i].split, Split::kTest);
  const auto complete = SplitByPath(dataset);
  AssignSplits(&dataset, 0.5, 0.4, 2);
  EXPECT_EQ(SplitByPath(dataset), complete);
}

TEST(AssignSplits, FoldersWithoutTraining) {
  Dataset dataset = MakeDataset({5, 5});
  for (Photo& photo : dataset.photos) photo.split = Split::kTest;
  EXPECT_EQ(MessageOf(ErrorKind::kData, [&] { AssignSplits(&dataset, 0.15, 0.15, 1); }),
            "class \"c0\" has no photos for training; a folder with train/c0/*.jpg is needed");
}

TEST(AssignSplits, WrongFractions) {
  Dataset dataset = MakeDataset({10, 10});
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [&] { AssignSplits(&dataset, 15, 0, 1); }),
            "the validation part is 15, expected a fraction from 0 to less than 1 (0.15 is 15 %)");
  EXPECT_NE(MessageOf(ErrorKind::kUsage, [&] { AssignSplits(&dataset, 0.1, -0.1, 1); }), "no error");
  EXPECT_NE(MessageOf(ErrorKind::kUsage, [&] { AssignSplits(&dataset, 0.1, std::nan(""), 1); }), "no error");
  EXPECT_EQ(MessageOf(ErrorKind::kUsage, [&] { AssignSplits(&dataset, 0.5, 0.5, 1); }),
            "validation (0.5) and test (0.5) together leave no photos for training");
}

class SplitFileTest : public ::testing::Test {
 protected:
  std::string ReadError(const std::string& text, Dataset dataset) {
    WriteFileAtomic(file_, text);
    const std::string message = MessageOf(ErrorKind::kData, [&] { ReadSplitFile(file_, &dataset); });
    EXPECT_TRUE(message.starts_with(file_.native() + ":")) << message;
    return message.substr(std::min(message.size(), file_.native().size() + 1));
  }

  testing::TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "split.csv";
};

TEST_F(SplitFileTest, RoundTripOfAnyBytes) {
  Dataset dataset;
  dataset.class_names = {"a,b", "new\nline", "\xFF\"\xFE"};
  dataset.photos = {{.path = "a,b/\r\n.jpg", .label = 0, .split = Split::kTest},
                    {.path = "a,b/ \"x\".jpg", .label = 0},
                    {.path = "new\nline/\xC3.jpg", .label = 1},
                    {.path = "\xFF\"\xFE/,.jpg", .label = 2},
                    {.path = "\xFF\"\xFE/1.jpg", .label = 2, .split = Split::kValidation}};
  WriteSplitFile(dataset, file_);
  Dataset read = dataset;
  for (Photo& photo : read.photos) photo.split = Split::kTrain;
  ReadSplitFile(file_, &read);
  EXPECT_TRUE(read.has_splits);
  EXPECT_EQ(SplitByPath(read), SplitByPath(dataset));
}

TEST_F(SplitFileTest, TextIsPlainCsv) {
  Dataset dataset = MakeDataset({1, 1});
  dataset.photos[1].split = Split::kTest;
  WriteSplitFile(dataset, file_);
  EXPECT_EQ(ReadFile(file_), "path,class,split\nc0/00000.jpg,c0,train\nc1/00000.jpg,c1,test\n");
}

TEST_F(SplitFileTest, KeepsOnlyThePhotosNamed) {
  Dataset dataset = MakeDataset({3, 3});
  // Windows line ends, a byte order mark and further columns, as spreadsheets write them.
  WriteFileAtomic(
      file_, "\xEF\xBB\xBFsplit,note,path,class\r\ntrain,x,c1/00002.jpg,c1\r\n\r\ntrain,\"a, b\",c0/00001.jpg,c0\r\n");
  ReadSplitFile(file_, &dataset);
  ASSERT_EQ(dataset.photos.size(), 2u);
  EXPECT_EQ(dataset.photos[0].path, "c0/00001.jpg");
  EXPECT_EQ(dataset.photos[1].path, "c1/00002.jpg");
}

// Excel's "Unicode text" and PowerShell's > write UTF-16.
TEST_F(SplitFileTest, ReadsUtf16) {
  const std::u16string text = u"path,class,split\r\nc0/00001.jpg,c0,train\r\nc1/\u00E9\U0001F426.jpg,c1,test\r\n";
  const Dataset dataset = [] {
    Dataset made = MakeDataset({2, 1});
    made.photos[2].path = "c1/\u00E9\U0001F426.jpg";
    return made;
  }();
  using testing::Utf16;
  for (const std::string& bytes :
       {"\xFF\xFE" + Utf16(text), "\xFE\xFF" + Utf16(text, true), Utf16(text), Utf16(text, true)}) {
    WriteFileAtomic(file_, bytes);
    Dataset read = dataset;
    ReadSplitFile(file_, &read);
    ASSERT_EQ(read.photos.size(), 2u);
    EXPECT_EQ(read.photos[0].path, "c0/00001.jpg");
    EXPECT_EQ(read.photos[1].split, Split::kTest);
  }
  EXPECT_TRUE(ReadError("\xFF\xFE" + Utf16(text) + "\n", dataset).starts_with(" is UTF-16 text, but ends in half a"));
}

TEST_F(SplitFileTest, MayNameOnlyPhotosToBeScored) {
  Dataset dataset = MakeDataset({2, 2});
  WriteFileAtomic(file_, "path,class,split\nc1/00001.jpg,c1,test\n");
  ReadSplitFile(file_, &dataset);
  ASSERT_EQ(dataset.photos.size(), 1u);
  EXPECT_EQ(dataset.photos[0].path, "c1/00001.jpg");
  EXPECT_EQ(dataset.class_names.size(), 2u);
}

// Every comma becomes a field of 32 bytes: a file of a gigabyte took 32 of memory.
TEST_F(SplitFileTest, RefusesAFileLargerThanItsPhotosExplain) {
  Dataset dataset = MakeDataset({2, 2});
  WriteFileAtomic(file_, "path,class,split\n" + std::string(100'000, ','));
  testing::ExpectError(ErrorKind::kIo, "is 100017 bytes large", [&] { ReadSplitFile(file_, &dataset); });
}

TEST_F(SplitFileTest, Errors) {
  const Dataset dataset = MakeDataset({2, 2});
  const std::string head = "path,class,split\n";
  EXPECT_EQ(ReadError("", dataset), " is empty; expected the line path,class,split and one per photo");
  EXPECT_EQ(ReadError("path,split\n", dataset), " the first line names no column \"class\"; expected path,class,split");
  EXPECT_EQ(ReadError(head + "c0/00000.jpg,c0\n", dataset), "2: only 2 values; expected path,class,split");
  EXPECT_EQ(ReadError(head + "c0/00000.jpg,c0,train\nc0/x.jpg,c0,train\n", dataset),
            "3: there is no photo c0/x.jpg in photos; was the file made for another folder?");
  EXPECT_EQ(ReadError(head + "c0/00000.jpg,c1,train\n", dataset),
            "2: c0/00000.jpg is of class \"c1\" here, but lies in the folder of class \"c0\"");
  EXPECT_EQ(ReadError(head + "c0/00000.jpg,c0,training\n", dataset),
            "2: split \"training\" is unknown; expected train, validation or test");
  EXPECT_EQ(ReadError(head + "c0/00000.jpg,c0,train\nc0/00000.jpg,c0,test\n", dataset),
            "3: c0/00000.jpg is listed twice");
  EXPECT_EQ(ReadError(head + "\"c0/00000.jpg,c0,train\n", dataset), "2: a quote is never closed");
  EXPECT_EQ(ReadError(head + "\"c0/00000.jpg\"x,c0,train\n", dataset),
            "2: text after a closing quote; write a quote inside a quoted value twice");
  EXPECT_EQ(ReadError(head, dataset), " names no photo; expected one in each line");
  EXPECT_EQ(MessageOf(ErrorKind::kIo,
                      [&] {
                        Dataset copy = dataset;
                        ReadSplitFile(folder_.path() / "missing.csv", &copy);
                      }),
            (folder_.path() / "missing.csv").native() + ": cannot open: No such file or directory");
}

TEST(Csv, FieldsAreQuotedWhenNeeded) {
  EXPECT_EQ(CsvField("plain text"), "plain text");
  EXPECT_EQ(CsvField(""), "");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(CsvField("two\nlines"), "\"two\nlines\"");
}

TEST(Csv, LineNumbersCountLinesInsideQuotes) {
  const std::vector<CsvRecord> records = ParseCsv("a,b\n\"1\n2\n3\",x\nlast,\n", "test");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].line, 2);
  EXPECT_EQ(records[1].fields[0], "1\n2\n3");
  EXPECT_EQ(records[2].line, 5);
  EXPECT_EQ(records[2].fields, (std::vector<std::string>{"last", ""}));
}

}  // namespace
}  // namespace siskin
