#include "data/check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/testing.h"
#include "data/testing_files.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;
using testing::EncodeJpeg;
using testing::UniformPicture;

// What a progress bar would have been told.
class RecordedProgress : public Progress {
 public:
  void Begin(std::string_view, std::string_view, size_t count) override { total = count; }
  void Advance(size_t count) override { done += count; }
  void Finish() override { finished = true; }
  size_t total = 0, done = 0;
  bool finished = false;
};

class CheckTest : public ::testing::Test {
 protected:
  void Add(const std::string& path, const std::string& bytes) { testing::PutFile(folder_.path() / path, bytes); }
  // Different pictures of one colour each, numbers 0 to 255.
  static std::string Photo(int number, int side = 80) {
    const auto r = static_cast<uint8_t>(number % 16 * 16), g = static_cast<uint8_t>(number / 16 * 16);
    return EncodeJpeg(UniformPicture(side, side, r, g, 100));
  }
  // class/N.jpg, `count` of them, no two alike.
  void AddClass(const std::string& name, int count) {
    for (int i = 0; i < count; ++i) Add(fmt::format("{}/{:03}.jpg", name, i), Photo(next_++));
  }
  DatasetReport Check() { return CheckDataset(folder_.path(), {threads_, progress_, stop_}); }
  static bool HasFinding(const DatasetReport& report, const std::string& text) {
    return std::ranges::find(report.findings, text) != report.findings.end();
  }

  testing::TemporaryFolder folder_;
  ThreadPool threads_{2};
  RecordedProgress progress_;
  std::atomic<bool> stop_{false};
  int next_ = 10;  // smaller numbers are for the tests' own photos
};

TEST_F(CheckTest, NothingToComplainAbout) {
  AddClass("a", 50);
  AddClass("b", 60);
  Add("b/large.jpg", Photo(7, 200));
  const DatasetReport report = Check();
  EXPECT_EQ(report.findings, std::vector<std::string>{});
  EXPECT_EQ(report.broken.size() + report.damaged.size() + report.duplicates.size(), 0u);
  EXPECT_EQ(report.smallest.width, 80);
  EXPECT_EQ(report.median.width, 80);
  EXPECT_EQ(report.largest.height, 200);
  uint64_t bytes = 0;
  for (const auto& photo : report.dataset.photos) bytes += photo.bytes;
  EXPECT_EQ(report.total_bytes, bytes);
  EXPECT_EQ(progress_.total, 111u);
  EXPECT_EQ(progress_.done, 111u);
  EXPECT_TRUE(progress_.finished);
}

TEST_F(CheckTest, BrokenAndDamaged) {
  AddClass("a", 50);
  AddClass("b", 50);
  const std::string good = Photo(3);
  Add("a/garbage.jpg", "garbage");
  Add("a/half.jpg", good.substr(0, good.size() / 2));
  Add("b/cut.jpg", good.substr(0, good.size() - 2));
  Add("b/empty.jpg", "");
  const DatasetReport report = Check();
  ASSERT_EQ(report.broken.size(), 2u);
  EXPECT_EQ(report.broken[0].path, "a/garbage.jpg");
  EXPECT_EQ(report.broken[0].reason, "not a JPEG, PNG or WebP file (it begins with 67 61 72 62 61 67 65)");
  ASSERT_EQ(report.damaged.size(), 1u);
  EXPECT_EQ(report.damaged[0].path, "b/cut.jpg");
  EXPECT_TRUE(HasFinding(report, "1 file is not counted as photos, the first: b/empty.jpg: 0 bytes"));
  EXPECT_TRUE(HasFinding(report,
                         "2 photos cannot be decoded and will be left out, the first: a/garbage.jpg: not a JPEG, "
                         "PNG or WebP file (it begins with 67 61 72 62 61 67 65)"));
  EXPECT_TRUE(
      HasFinding(report, "1 photo damaged but usable, the first: b/cut.jpg: damaged JPEG: Premature end of JPEG file"));
}

TEST_F(CheckTest, EmptyFoldersAndLoosePictures) {
  AddClass("a", 50);
  AddClass("b", 50);
  fs::create_directories(folder_.path() / "c");
  Add("loose.jpg", Photo(3));
  const DatasetReport report = Check();
  EXPECT_TRUE(report.dataset.skipped.empty());
  EXPECT_EQ(report.findings, (std::vector<std::string>{"1 folder without photos is left out: \"c\"",
                                                       "1 picture in no class folder is left out: \"loose.jpg\""}));
}

TEST_F(CheckTest, ClassNamesThatAModelCannotHold) {
  AddClass("a", 50);
  AddClass("\xE9t\xE9", 50);
  const DatasetReport report = Check();
  const std::string obstacle =
      "1 class folder is named in other bytes than UTF-8, which a model file cannot hold: \"\\xe9t\\xe9\"; rename it "
      "with mv, or convert names in Latin-1 with: convmv -f latin1 -t utf8 -r --notest FOLDER";
  EXPECT_EQ(report.obstacles, std::vector<std::string>{obstacle});
  EXPECT_EQ(report.findings, std::vector<std::string>{obstacle});
  EXPECT_EQ(ParseJson(ToText(ToJson(report)), "test")["obstacles"][0], obstacle);
}

TEST_F(CheckTest, Duplicates) {
  AddClass("train/a", 50);
  AddClass("train/b", 50);
  AddClass("test/a", 50);
  AddClass("test/b", 50);
  for (const char* path : {"train/a/x.jpg", "train/b/x.jpg"}) Add(path, Photo(1));
  for (const char* path : {"train/a/y.jpg", "test/a/y.jpg", "test/a/z.jpg"}) Add(path, Photo(2));
  for (const char* path : {"train/b/v.jpg", "train/b/w.jpg"}) Add(path, Photo(3));
  const DatasetReport report = Check();
  EXPECT_EQ(report.duplicates, (std::vector<std::vector<std::string>>{{"test/a/y.jpg", "test/a/z.jpg", "train/a/y.jpg"},
                                                                      {"train/a/x.jpg", "train/b/x.jpg"},
                                                                      {"train/b/v.jpg", "train/b/w.jpg"}}));
  EXPECT_EQ(
      report.findings,
      (std::vector<std::string>{
          "1 identical photo appears in more than one class (the first: train/a/x.jpg = train/b/x.jpg): at most one "
          "of the labels is right, remove the others",
          "1 identical photo appears in more than one split (the first: test/a/y.jpg = test/a/z.jpg): the test would "
          "measure memory, keep each in one split only",
          "1 identical photo appears more than once within a class (the first: train/b/v.jpg = train/b/w.jpg)"}));
}

TEST_F(CheckTest, ImbalanceFewTinyAndFormats) {
  AddClass("cats", 10);
  for (int i = 0; i < 30; ++i) {
    Add(fmt::format("dogs/{}.png", i), EncodePng(UniformPicture(20, 90, static_cast<uint8_t>(i), 200, 0)));
  }
  EXPECT_EQ(
      Check().findings,
      (std::vector<std::string>{
          "class cats has only 10 photos: results will depend on chance, 100 and more are better",
          "class dogs has 30 photos, class cats only 10: consider --class-weight balanced",
          "30 photos narrower than 64 pixels: they are enlarged and show little",
          "all photos of class cats are JPEG and all of class dogs are PNG: the network may learn the file format "
          "instead of what is in the photos"}));
}

TEST_F(CheckTest, ClassOfBrokenPhotos) {
  AddClass("a", 50);
  Add("b/1.jpg", "garbage");
  EXPECT_TRUE(HasFinding(Check(), "class b has no readable photo: it cannot be learned or tested"));
}

TEST_F(CheckTest, StopsWhenAsked) {
  AddClass("a", 2);
  AddClass("b", 2);
  stop_ = true;
  try {
    Check();
    FAIL() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

TEST_F(CheckTest, JsonHasEverything) {
  AddClass("train/a", 2);
  AddClass("train/\xFF", 1);
  AddClass("test/a", 1);
  AddClass("test/\xFF", 1);
  const Json json = ParseJson(ToText(ToJson(Check())), "test");
  EXPECT_EQ(json["photos"], 5);
  EXPECT_EQ(json["has_splits"], true);
  EXPECT_EQ(json["classes"][0]["train"], 2);
  EXPECT_EQ(json["classes"][0]["photos"], 3);
  EXPECT_EQ(json["classes"][1]["name"], "\xEF\xBF\xBD");
  EXPECT_EQ(json["median"]["width"], 80);
  EXPECT_TRUE(json["findings"].is_array());
  EXPECT_TRUE(json["duplicates"].empty());
}

}  // namespace
}  // namespace siskin
