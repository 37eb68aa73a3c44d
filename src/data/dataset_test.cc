#include "data/dataset.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/testing.h"
#include "data/testing_files.h"
#include "images/encode.h"
#include "images/testing_images.h"

namespace siskin {
namespace fs = std::filesystem;
namespace {

using testing::MessageOf;

class ScanFolderTest : public ::testing::Test {
 protected:
  // Scanning looks at names and sizes only.
  void Add(const std::string& path, const std::string& bytes = "photo") { testing::PutFile(root_ / path, bytes); }
  void AddAll(std::initializer_list<const char*> paths) {
    for (const char* path : paths) Add(path);
  }
  Dataset Scan() const { return ScanFolder(root_); }
  // The message without the path of the root.
  std::string ScanError() const {
    const std::string message = MessageOf(ErrorKind::kData, [&] { Scan(); });
    EXPECT_TRUE(message.starts_with(root_.native() + ": ")) << message;
    return message.substr(std::min(message.size(), root_.native().size() + 2));
  }
  static std::vector<std::string> Paths(const Dataset& dataset) {
    std::vector<std::string> paths;
    for (const Photo& photo : dataset.photos) paths.push_back(photo.path);
    return paths;
  }
  static std::optional<std::string> ReasonFor(const Dataset& dataset, const std::string& path) {
    for (const SkippedFile& file : dataset.skipped) {
      if (file.path == path) return file.reason;
    }
    return std::nullopt;
  }

  testing::TemporaryFolder folder_;
  const fs::path root_ = folder_.path() / "photos";
};

using Strings = std::vector<std::string>;

TEST_F(ScanFolderTest, ClassFolders) {
  AddAll({"dogs/b.jpg", "cats/2.PNG", "cats/1.jpeg", "cats/deep/er/3.WebP", "dogs/a.JPE", "dogs/c.jfif"});
  Add("dogs/d.jpg", "12345678");
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.class_names, (Strings{"cats", "dogs"}));
  EXPECT_EQ(Paths(dataset), (Strings{"cats/1.jpeg", "cats/2.PNG", "cats/deep/er/3.WebP", "dogs/a.JPE", "dogs/b.jpg",
                                     "dogs/c.jfif", "dogs/d.jpg"}));
  EXPECT_FALSE(dataset.has_splits);
  EXPECT_TRUE(dataset.skipped.empty());
  EXPECT_EQ(dataset.photos[2].label, 0);
  EXPECT_EQ(dataset.photos[6].label, 1);
  EXPECT_EQ(dataset.photos[6].bytes, 8u);
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (std::vector{3, 4}));
  EXPECT_EQ(dataset.InSplit(Split::kTest).size(), 0u);
}

TEST_F(ScanFolderTest, ModificationTimeInNanoseconds) {
  AddAll({"a/1.jpg", "b/1.jpg"});
  const timespec times[2] = {{1000, 0}, {1234567890, 123000000}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root_ / "a/1.jpg").c_str(), times, 0), 0);
  EXPECT_EQ(Scan().photos[0].modified_ns, 1234567890'123000000);
}

TEST_F(ScanFolderTest, SplitFoldersAndTheirSynonyms) {
  const char* const names[][3] = {{"train", "validation", "test"},
                                  {"Training", "val", "TESTING"},
                                  {"TRAIN", "dev", "Test"},
                                  {"train", "Valid", "test"},
                                  {"training_set", "val_set", "test_set"},
                                  {"seg_train", "seg_val", "seg_test"},
                                  {"train_dir", "validation_dir", "test_dir"},
                                  {"Training Data", "Validation Data", "Test Data"},
                                  {"train2017", "val2017", "test-images"}};
  for (const auto& [train, validation, test] : names) {
    fs::remove_all(root_);
    for (const std::string split : {train, validation, test})
      AddAll({(split + "/a/1.jpg").c_str(), (split + "/b/1.jpg").c_str()});
    Add(std::string(train) + "/b/2.jpg");
    const Dataset dataset = Scan();
    EXPECT_TRUE(dataset.has_splits);
    EXPECT_EQ(dataset.class_names, (Strings{"a", "b"}));
    EXPECT_EQ(dataset.CountByClass(Split::kTrain), (std::vector{1, 2})) << train;
    EXPECT_EQ(dataset.CountByClass(Split::kValidation), (std::vector{1, 1})) << validation;
    EXPECT_EQ(dataset.CountByClass(Split::kTest), (std::vector{1, 1})) << test;
  }
}

TEST_F(ScanFolderTest, JunkIsNoClassAndNoPhoto) {
  AddAll({"a/1.jpg", "b/1.jpg", "a/.hidden.jpg", "a/._1.jpg", ".git/x.jpg", "__MACOSX/a/._1.jpg", "__MACOSX/x.jpg",
          "a/Thumbs.db", "b/desktop.ini", "a/notes.txt", "README.md", "b/@eaDir/1.jpg", "a/1.jpg.part"});
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.class_names, (Strings{"a", "b"}));
  EXPECT_EQ(Paths(dataset), (Strings{"a/1.jpg", "b/1.jpg"}));
  EXPECT_TRUE(dataset.skipped.empty());
}

TEST_F(ScanFolderTest, WhatLooksLikeAPhotoButCannotBeOneIsListed) {
  AddAll({"a/1.jpg", "b/1.jpg", "loose.jpg", "b/old.GIF", "b/phone.heic"});
  Add("a/empty.jpg", "");
  fs::create_symlink("nowhere.jpg", root_ / "a/dangling.jpg");
  fs::create_symlink("circle.jpg", root_ / "a/circle.jpg");
  ASSERT_EQ(::mkfifo((root_ / "a/pipe.jpg").c_str(), 0600), 0);  // opening it would wait for ever
  fs::create_directories(root_ / "empty");
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.class_names, (Strings{"a", "b"}));
  EXPECT_EQ(Paths(dataset), (Strings{"a/1.jpg", "b/1.jpg"}));
  EXPECT_EQ(dataset.skipped.size(), 6u);
  EXPECT_EQ(ReasonFor(dataset, "a/empty.jpg"), "0 bytes");
  EXPECT_EQ(ReasonFor(dataset, "a/dangling.jpg"), "a link to nothing");
  EXPECT_EQ(ReasonFor(dataset, "a/circle.jpg"), "a link that leads back to itself");
  EXPECT_EQ(ReasonFor(dataset, "a/pipe.jpg"), "not a regular file");
  EXPECT_EQ(ReasonFor(dataset, "b/old.GIF"), ".gif files are not read; convert it to JPEG, PNG or WebP");
  EXPECT_EQ(dataset.notes, (Strings{"1 folder without photos is left out: \"empty\"",
                                    "1 picture in no class folder is left out: \"loose.jpg\""}));
}

// Nothing is wrong with these: they are left out, and a note says so.
TEST_F(ScanFolderTest, EmptyFoldersAndLoosePicturesAreNoBrokenPhotos) {
  AddAll({"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg", "z.jpg", "y.heic", "train/x.png",
          "test/notes.txt", "README.md", "train.py", "docs/index.html"});
  Add("w.jpg", "");
  for (const char* folder : {"train/c", "test/c", "val"}) fs::create_directories(root_ / folder);
  fs::create_symlink("nowhere.jpg", root_ / "test/dangling.jpg");
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.class_names, (Strings{"a", "b"}));
  EXPECT_EQ(Paths(dataset), (Strings{"test/a/1.jpg", "test/b/1.jpg", "train/a/1.jpg", "train/b/1.jpg"}));
  EXPECT_TRUE(dataset.skipped.empty());
  EXPECT_EQ(dataset.notes,
            (Strings{"4 folders without photos are left out: \"docs\", \"test/c\", \"train/c\", \"val\"",
                     "5 pictures in no class folder are left out: \"test/dangling.jpg\", \"train/x.png\", "
                     "\"w.jpg\", \"y.heic\", \"z.jpg\""}));
}

// What may have been a class is no picture beside the classes.
TEST_F(ScanFolderTest, ABrokenLinkToAFolderIsListed) {
  AddAll({"a/1.jpg", "b/1.jpg"});
  fs::create_symlink("nowhere", root_ / "c");
  const Dataset dataset = Scan();
  EXPECT_EQ(ReasonFor(dataset, "c"), "a link to nothing");
  EXPECT_TRUE(dataset.notes.empty());
}

// Root may read everything, so root becomes nobody for this test.
class WithoutPrivileges {
 public:
  WithoutPrivileges() : ok_(user_ != 0 || ::seteuid(65534) == 0) {}
  ~WithoutPrivileges() { ok_ = ::seteuid(user_) == 0; }
  WithoutPrivileges(const WithoutPrivileges&) = delete;
  WithoutPrivileges& operator=(const WithoutPrivileges&) = delete;
  bool ok() const { return ok_; }

 private:
  uid_t user_ = ::geteuid();
  bool ok_;
};

void SetPermissions(const fs::path& path, int mode) {
  std::error_code ignored;  // nobody may not undo what root did; root needs no undoing
  fs::permissions(path, static_cast<fs::perms>(mode), ignored);
}

TEST_F(ScanFolderTest, UnreadableFilesAndFoldersAreListed) {
  AddAll({"a/1.jpg", "b/1.jpg", "a/secret.jpg", "b/closed/2.jpg"});
  for (const fs::path& folder : {folder_.path(), root_, root_ / "a", root_ / "b"}) SetPermissions(folder, 0755);
  for (const char* photo : {"a/1.jpg", "b/1.jpg"}) SetPermissions(root_ / photo, 0644);
  SetPermissions(root_ / "a/secret.jpg", 0);
  SetPermissions(root_ / "b/closed", 0);
  const WithoutPrivileges nobody;
  if (!nobody.ok()) GTEST_SKIP() << "SKIPPED: root may read every file and cannot become another user";
  const Dataset dataset = Scan();
  EXPECT_EQ(Paths(dataset), (Strings{"a/1.jpg", "b/1.jpg"}));
  EXPECT_EQ(ReasonFor(dataset, "a/secret.jpg"), "cannot open: Permission denied");
  EXPECT_EQ(ReasonFor(dataset, "b/closed"), "cannot open the folder: Permission denied");
  SetPermissions(root_ / "b/closed", 0755);
}

TEST_F(ScanFolderTest, UnreadableTopFolder) {
  AddAll({"a/1.jpg"});
  SetPermissions(folder_.path(), 0755);
  SetPermissions(root_, 0);
  const WithoutPrivileges nobody;
  if (!nobody.ok()) GTEST_SKIP() << "SKIPPED: root may read every file and cannot become another user";
  EXPECT_EQ(ScanError(), "cannot open the folder: Permission denied");
  SetPermissions(root_, 0755);
}

TEST_F(ScanFolderTest, FilesWithoutExtensionAreLookedAt) {
  const std::string png = EncodePng(testing::GradientPicture(4, 4));
  Add("a/0001", png);
  Add("b/0001", png);
  Add("b/LICENSE", "some text");
  Add("b/nothing", "");
  const Dataset dataset = Scan();
  EXPECT_EQ(Paths(dataset), (Strings{"a/0001", "b/0001"}));
  EXPECT_TRUE(dataset.skipped.empty());
}

TEST_F(ScanFolderTest, LinksAreFollowedButNotInCircles) {
  AddAll({"a/1.jpg", "b/1.jpg", "b/sub/2.jpg"});
  const fs::path elsewhere = folder_.path() / "elsewhere";
  testing::PutFile(elsewhere / "3.jpg", "photo");
  fs::create_directory_symlink(elsewhere, root_ / "b/linked");
  fs::create_symlink(elsewhere / "3.jpg", root_ / "a/3.jpg");
  fs::create_directory_symlink("..", root_ / "b/sub/up");
  fs::create_directory_symlink(root_, root_ / "a/root");
  fs::create_directory_symlink("sub", root_ / "b/zzz");
  const Dataset dataset = Scan();
  EXPECT_EQ(Paths(dataset), (Strings{"a/1.jpg", "a/3.jpg", "b/1.jpg", "b/linked/3.jpg", "b/sub/2.jpg"}));
  EXPECT_EQ(ReasonFor(dataset, "a/root"), "a link to a folder that is listed already: the top folder");
  EXPECT_EQ(ReasonFor(dataset, "b/sub/up"), "a link to a folder that is listed already: b");
  EXPECT_EQ(ReasonFor(dataset, "b/zzz"), "a link to a folder that is listed already: b/sub");
}

// Twenty folders that all link to each other have more paths than there are atoms.
TEST_F(ScanFolderTest, ManyLinksDoNotExplode) {
  AddAll({"a/1.jpg", "b/1.jpg"});
  constexpr int kFolders = 20;
  for (int i = 0; i < kFolders; ++i) Add(fmt::format("a/{}/x.jpg", i));
  for (int i = 0; i < kFolders; ++i) {
    for (int j = 0; j < kFolders; ++j)
      fs::create_directory_symlink(root_ / fmt::format("a/{}", j), root_ / fmt::format("a/{}/to{}", i, j));
  }
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.photos.size(), kFolders + 2u);
  EXPECT_EQ(dataset.skipped.size(), size_t{kFolders} * kFolders);
}

TEST_F(ScanFolderTest, NamesMayHoldAnyBytes) {
  AddAll({"new\nline/a\nb.jpg", "\xFF\xFE/\xC3(.jpg", "with \"quotes\", commas/1.jpg", "ünï/ö.jpg"});
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.class_names, (Strings{"new\nline", "with \"quotes\", commas", "\xC3\xBCn\xC3\xAF", "\xFF\xFE"}));
  EXPECT_EQ(dataset.photos[0].path, "new\nline/a\nb.jpg");
  EXPECT_EQ(dataset.photos[3].path, "\xFF\xFE/\xC3(.jpg");
}

// As macOS decomposes names when it unpacks an archive.
TEST_F(ScanFolderTest, ComposedAndDecomposedNamesAreOneClass) {
  AddAll({"train/Caf\u00E9/1.jpg", "train/bar/1.jpg", "test/Cafe\u0301/1.jpg", "test/bar/1.jpg"});
  AddAll({"train/Cafe\u0301/e\u0301.jpg"});
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.class_names, (Strings{"Caf\u00E9", "bar"}));
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (std::vector{2, 1}));
  EXPECT_EQ(dataset.CountByClass(Split::kTest), (std::vector{1, 1}));
  EXPECT_EQ(Paths(dataset), (Strings{"test/Cafe\u0301/1.jpg", "test/bar/1.jpg", "train/Cafe\u0301/e\u0301.jpg",
                                     "train/Caf\u00E9/1.jpg", "train/bar/1.jpg"}))
      << "photos keep the bytes of their paths";
}

TEST_F(ScanFolderTest, ClassesNamedLikeSplits) {
  AddAll({"bus/1.jpg", "train/1.jpg"});
  const Dataset dataset = Scan();
  EXPECT_FALSE(dataset.has_splits);
  EXPECT_EQ(dataset.class_names, (Strings{"bus", "train"}));
}

TEST_F(ScanFolderTest, ClassesWhoseNamesBeginLikeSplits) {
  AddAll({"test tube/glass/1.jpg", "trainer/red/1.jpg", "training_shoes/blue/1.jpg", "valley/alpine/1.jpg"});
  const Dataset dataset = Scan();
  EXPECT_FALSE(dataset.has_splits);
  EXPECT_EQ(dataset.class_names, (Strings{"test tube", "trainer", "training_shoes", "valley"}));
}

TEST_F(ScanFolderTest, FoldersAroundTheClassFoldersAreOpened) {
  AddAll({"PetImages/PetImages/Dog/1.jpg", "PetImages/PetImages/x.jpg", "PetImages/cover.jpg",
          "__MACOSX/PetImages/._1.jpg", "readme[1].txt", "MSR-LA - 3467.docx"});
  for (int i = 0; i < 20; ++i) Add(fmt::format("PetImages/PetImages/Cat/{}.jpg", i));
  const fs::path inner = root_ / "PetImages/PetImages";
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.root, inner);
  EXPECT_EQ(dataset.class_names, (Strings{"Cat", "Dog"}));
  EXPECT_EQ(dataset.photos.size(), 21u);
  EXPECT_EQ(dataset.photos[20].path, "Dog/1.jpg");
  EXPECT_EQ(dataset.notes, (Strings{fmt::format("the classes are taken from {}, since {} holds nothing else",
                                                inner.native(), root_.native()),
                                    "1 picture in no class folder is left out: \"x.jpg\"",
                                    "1 picture in no class folder is left out: \"cover.jpg\""}));
  EXPECT_EQ(Fingerprint(dataset), Fingerprint(ScanFolder(inner)));
}

TEST_F(ScanFolderTest, AFolderAroundTheSplitsIsOpened) {
  AddAll({"cats_and_dogs/train/cats/1.jpg", "cats_and_dogs/train/dogs/1.jpg", "cats_and_dogs/validation/cats/2.jpg",
          "cats_and_dogs/validation/dogs/2.jpg", "cats_and_dogs/vectorize.py"});
  const Dataset dataset = Scan();
  EXPECT_TRUE(dataset.has_splits);
  EXPECT_EQ(dataset.root, root_ / "cats_and_dogs");
  EXPECT_EQ(dataset.photos[0].path, "train/cats/1.jpg");
}

// The landscapes of Intel, as Kaggle hands them out.
TEST_F(ScanFolderTest, FoldersInSplitFoldersAreOpened) {
  AddAll({"seg_train/seg_train/forest/1.jpg", "seg_train/seg_train/sea/1.jpg", "seg_test/seg_test/forest/1.jpg",
          "seg_test/seg_test/sea/1.jpg"});
  Add("seg_test/empty.jpg", "");
  const Dataset dataset = Scan();
  EXPECT_EQ(dataset.root, root_);
  EXPECT_EQ(dataset.class_names, (Strings{"forest", "sea"}));
  EXPECT_EQ(Paths(dataset)[3], "seg_train/seg_train/sea/1.jpg");
  EXPECT_EQ(dataset.notes,
            (Strings{"the classes of \"seg_test\" are taken from \"seg_test/seg_test\", since it holds nothing else",
                     "the classes of \"seg_train\" are taken from \"seg_train/seg_train\", since it holds nothing else",
                     "1 picture in no class folder is left out: \"seg_test/empty.jpg\""}));
}

// The folders in the only class with photos are not the classes if the other class may have been forgotten.
TEST_F(ScanFolderTest, AnEmptyFolderBesideKeepsAClassClosed) {
  AddAll({"dogs/2023/1.jpg", "dogs/2024/1.jpg"});
  fs::create_directories(root_ / "cats");
  EXPECT_EQ(
      ScanError(),
      fmt::format("only one class has photos, \"dogs\"; a classifier needs two or more: add a folder of photos that "
                  "show something else, or name {}/dogs if the folders in it are the classes (1 skipped, the "
                  "first: cats: a folder without photos)",
                  root_.native()));
}

TEST_F(ScanFolderTest, OneClassFurtherDownIsOneClass) {
  AddAll({"cats/deep/er/1.jpg"});
  EXPECT_EQ(ScanError(),
            "only one class has photos, \"cats\"; a classifier needs two or more: add a folder of photos that show "
            "something else");
}

TEST_F(ScanFolderTest, SplitsByOtherNamesRaiseDoubt) {
  AddAll({"old/a/1.jpg", "old/b/1.jpg", "new/a/2.jpg", "new/b/2.jpg"});
  const Dataset dataset = Scan();
  EXPECT_NE(dataset.doubt.find("\"new\", \"old\" hold the same folders"), std::string::npos) << dataset.doubt;
  EXPECT_EQ(TrainingObstacles(dataset, false), (Strings{dataset.doubt}));
  EXPECT_EQ(TrainingObstacles(dataset, true), Strings{});
  AddAll({"old/3.jpg", "old/4.jpg", "new/3.jpg", "new/4.jpg"});  // photos of a class, and some special cases
  EXPECT_EQ(Scan().doubt, "");
}

TEST_F(ScanFolderTest, BatchesWithinSplitsRaiseDoubt) {
  AddAll({"train/x/a/1.jpg", "train/x/b/1.jpg", "train/y/a/2.jpg", "train/y/b/2.jpg"});
  EXPECT_NE(Scan().doubt.find("\"x\", \"y\" hold the same folders"), std::string::npos);
}

constexpr char kExpected[] =
    "expected a folder for each class (cats/*.jpg, dogs/*.jpg), or such folders in train, validation and test";

TEST_F(ScanFolderTest, NoSuchFolder) {
  EXPECT_EQ(ScanError(), "there is no such folder; name the one that holds a folder of photos for each class");
}

TEST_F(ScanFolderTest, FileInsteadOfFolder) {
  testing::PutFile(root_, "photo");
  EXPECT_EQ(ScanError(), "is a file; expected a folder that holds a folder of photos for each class");
}

TEST_F(ScanFolderTest, EmptyFolder) {
  MakeFolder(root_);
  EXPECT_EQ(ScanError(), fmt::format("no JPEG, PNG or WebP photos in it; {}", kExpected));
}

TEST_F(ScanFolderTest, NoUsablePhotoNamesTheFirstReason) {
  Add("a/1.jpg", "");
  Add("b/1.heic");
  EXPECT_EQ(ScanError(),
            fmt::format("no JPEG, PNG or WebP photos in it (2 skipped, the first: a/1.jpg: 0 bytes); {}", kExpected));
}

TEST_F(ScanFolderTest, PhotosWithoutClassFolders) {
  AddAll({"1.jpg", "2.jpg"});
  EXPECT_EQ(ScanError(), fmt::format("2 photos, but in no class folders; {}", kExpected));
}

TEST_F(ScanFolderTest, SplitFoldersWithoutClassFolders) {
  AddAll({"train/1.jpg", "test/2.jpg"});
  EXPECT_EQ(ScanError(),
            fmt::format("the photos lie directly in \"test\", \"train\", without class folders; {}", kExpected));
}

TEST_F(ScanFolderTest, OneClass) {
  AddAll({"cats/1.jpg", "cats/2.jpg"});
  fs::create_directories(root_ / "dogs");
  EXPECT_EQ(ScanError(),
            "only one class has photos, \"cats\"; a classifier needs two or more: add a folder of photos that show "
            "something else (1 skipped, the first: dogs: a folder without photos)");
}

TEST_F(ScanFolderTest, ClassMissingInASplit) {
  AddAll({"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg", "test/c/1.jpg"});
  EXPECT_EQ(
      ScanError(),
      "class \"c\" has no photos in \"train\", which has \"a\", \"b\"; every split needs every class, spelled alike: "
      "add photos there or remove the class elsewhere");
}

TEST_F(ScanFolderTest, PhotosToBeScoredMayBeOfOneClass) {
  AddAll({"cats/1.jpg", "cats/2.jpg"});
  const Dataset dataset = ScanFolder(root_, {.for_training = false});
  EXPECT_EQ(dataset.class_names, (Strings{"cats"}));
  EXPECT_EQ(dataset.photos.size(), 2u);
}

TEST_F(ScanFolderTest, PhotosToBeScoredMayLackClassesInASplit) {
  AddAll({"train/a/1.jpg", "train/b/1.jpg", "test/b/1.jpg"});
  const Dataset dataset = ScanFolder(root_, {.for_training = false});
  EXPECT_EQ(dataset.class_names, (Strings{"a", "b"}));
  EXPECT_EQ(dataset.CountByClass(Split::kTest), (std::vector{0, 1}));
}

TEST_F(ScanFolderTest, ClassSpelledDifferently) {
  AddAll({"train/cats/1.jpg", "train/dogs/1.jpg", "Val/Cats/1.jpg", "Val/dogs/1.jpg"});
  EXPECT_EQ(ScanError(),
            "class \"Cats\" has no photos in \"train\", which has \"cats\", \"dogs\"; every split needs every class, "
            "spelled alike: add photos there or remove the class elsewhere");
}

TEST_F(ScanFolderTest, SplitAndClassFoldersMixed) {
  AddAll({"train/a/1.jpg", "train/b/1.jpg", "c/1.jpg"});
  EXPECT_EQ(
      ScanError(),
      "holds the split folders \"train\" and beside them \"c\"; move what is a class into the split folders and the "
      "rest elsewhere");
}

TEST_F(ScanFolderTest, TwoFoldersForOneSplit) {
  AddAll({"train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/1.jpg", "validation/a/1.jpg", "validation/b/1.jpg"});
  EXPECT_EQ(ScanError(), "\"val\" and \"validation\" both mean the validation photos; keep one of them");
}

TEST_F(ScanFolderTest, FingerprintKnowsWhatMatters) {
  AddAll({"a/1.jpg", "a/2.jpg", "b/1.jpg"});
  const Dataset dataset = Scan();
  const std::string fingerprint = Fingerprint(dataset);
  EXPECT_EQ(fingerprint, Fingerprint(Scan()));
  Dataset touched = dataset;
  touched.photos[0].modified_ns += 1;
  touched.root = "elsewhere";
  EXPECT_EQ(Fingerprint(touched), fingerprint);
  Dataset resized = dataset, renamed = dataset, relabelled = dataset, moved = dataset;
  resized.photos[0].bytes += 1;
  renamed.class_names[0] = "c";
  relabelled.photos[0].label = 1;
  moved.photos[0].split = Split::kTest;
  for (const Dataset& other : {resized, renamed, relabelled, moved}) EXPECT_NE(Fingerprint(other), fingerprint);
}

TEST(RealPhotos, SharedFoldersHaveTheirPhotos) {
  const fs::path birds = testing::SharedFolder("data/birds");
  if (birds.empty()) GTEST_SKIP() << testing::kNoShared;
  const Dataset dataset = ScanFolder(birds);
  EXPECT_EQ(dataset.class_names, (Strings{"bird", "other"}));
  EXPECT_EQ(dataset.CountByClass(Split::kTrain), (std::vector{1000, 1000}));
  EXPECT_EQ(dataset.CountByClass(Split::kValidation), (std::vector{400, 400}));
  EXPECT_EQ(dataset.CountByClass(Split::kTest), (std::vector{800, 800}));
}

}  // namespace
}  // namespace siskin
