#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "base/testing.h"
#include "siskin/error.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

ino_t Inode(const fs::path& file) {
  struct stat info{};
  EXPECT_EQ(::stat(file.c_str(), &info), 0);
  return info.st_ino;
}

class ExtendedFile : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "events";
};

// TensorBoard's data server does not look again at a name that it has open: only what is appended reaches it.
TEST_F(ExtendedFile, GrowsInPlace) {
  EXPECT_EQ(TryExtendFile(file_, "one"), "");
  const ino_t inode = Inode(file_);
  EXPECT_EQ(TryExtendFile(file_, "one two"), "");
  EXPECT_EQ(Inode(file_), inode);  // now: a second replacement could get the number of the first file again
  EXPECT_EQ(ReadFile(file_), "one two");
  EXPECT_EQ(TryExtendFile(file_, "one two"), "");
  EXPECT_EQ(Inode(file_), inode);
  EXPECT_EQ(ReadFile(file_), "one two");
}

TEST_F(ExtendedFile, IsReplacedByOtherContent) {
  EXPECT_EQ(TryExtendFile(file_, "one two"), "");
  EXPECT_EQ(TryExtendFile(file_, "other"), "");
  EXPECT_EQ(ReadFile(file_), "other");
  EXPECT_EQ(TryExtendFile(file_, "oth"), "");  // shorter
  EXPECT_EQ(ReadFile(file_), "oth");
  EXPECT_EQ(TryExtendFile(file_, "Oth and more"), "");
  EXPECT_EQ(ReadFile(file_), "Oth and more");
}

// Writes at most two bytes a call, and after `left` calls none.
class SmallDisk : public FileOps {
 public:
  explicit SmallDisk(int left) : left_(left) {}
  int64_t Write(int fd, const void* data, size_t size) override {
    return left_-- > 0 ? FileOps::Write(fd, data, std::min<size_t>(size, 2)) : -ENOSPC;
  }

 private:
  int left_;
};

TEST_F(ExtendedFile, AFullDiskLeavesABeginningAndTheNextCallGoesOn) {
  EXPECT_EQ(TryExtendFile(file_, "one"), "");
  SmallDisk full(1);
  const std::string problem = TryExtendFile(file_, "one two three", full);
  EXPECT_NE(problem.find("cannot append: No space left"), std::string::npos) << problem;
  EXPECT_EQ(ReadFile(file_), "one t");
  SmallDisk slow(100);
  EXPECT_EQ(TryExtendFile(file_, "one two three", slow), "");
  EXPECT_EQ(ReadFile(file_), "one two three");
}

TEST_F(ExtendedFile, AFolderIsRefused) {
  MakeFolder(file_);
  EXPECT_NE(TryExtendFile(file_, "one").find("is a folder"), std::string::npos);
}

class WrittenFile : public ::testing::Test {
 protected:
  fs::path In(const std::string& name) const { return folder_.path() / name; }
  static unsigned ModeOf(const fs::path& file) {
    struct stat info{};
    EXPECT_EQ(::stat(file.c_str(), &info), 0);
    return info.st_mode & 07777;
  }
  size_t CountFiles() const {
    size_t count = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_.path())) {
      count += entry.is_directory() ? 0 : 1;
    }
    return count;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(WrittenFile, BehindALinkIsWrittenAndTheLinkStays) {
  MakeFolder(In("data"));
  WriteFileAtomic(In("data/file"), "old");
  fs::create_symlink("data/file", In("link"));       // relative to its folder
  fs::create_symlink(In("link"), In("data/chain"));  // and one to the link
  for (const char* name : {"link", "data/chain"}) {
    WriteFileAtomic(In(name), name);
    EXPECT_TRUE(fs::is_symlink(In(name)));
    EXPECT_EQ(ReadFile(In("data/file")), name);
  }
  EXPECT_EQ(CountFiles(), 3u);
}

TEST_F(WrittenFile, BehindALinkToNothingAppearsThere) {
  MakeFolder(In("data"));
  fs::create_symlink("data/new", In("link"));
  WriteFileAtomic(In("link"), "first");
  EXPECT_TRUE(fs::is_symlink(In("link")));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(In("data/new"))));
  EXPECT_EQ(ReadFile(In("data/new")), "first");

  fs::create_symlink("nowhere/new", In("far"));
  testing::ExpectError(ErrorKind::kIo, "far: cannot create: No such file", [&] { WriteFileAtomic(In("far"), "x"); });
  fs::create_symlink("round", In("round"));
  testing::ExpectError(ErrorKind::kIo, "round: Too many levels", [&] { WriteFileAtomic(In("round"), "x"); });
}

// A file system where renaming from one folder into another fails, as it does between two disks.
class OneFolderOnly : public FileOps {
 public:
  int Rename(const fs::path& from, const fs::path& to) override {
    return from.parent_path() == to.parent_path() ? FileOps::Rename(from, to) : -EXDEV;
  }
};

TEST_F(WrittenFile, MayLieOnAnotherDiskThanItsLink) {
  MakeFolder(In("data"));
  fs::create_symlink("data/file", In("link"));
  OneFolderOnly disks;
  WriteFileAtomic(In("link"), "new", disks);
  EXPECT_EQ(ReadFile(In("data/file")), "new");
}

TEST_F(WrittenFile, KeepsTheModeOfTheOneItReplaces) {
  for (const unsigned mode : {0600u, 0640u, 0755u, 0666u, 0400u}) {
    WriteFileAtomic(In("file"), "old");
    ASSERT_EQ(::chmod(In("file").c_str(), mode), 0);
    WriteFileAtomic(In("file"), "new");
    EXPECT_EQ(ModeOf(In("file")), mode);
    EXPECT_EQ(ReadFile(In("file")), "new");
  }
  const mode_t mask = ::umask(022);
  WriteFileAtomic(In("another"), "new");
  ::umask(mask);
  EXPECT_EQ(ModeOf(In("another")), 0644u);
}

// Knows no modes, and sees that nobody else may read what is being written.
class NoModes : public FileOps {
 public:
  int Open(const fs::path& path, int flags, unsigned mode) override {
    if ((flags & O_CREAT) != 0) created_with = mode;
    return FileOps::Open(path, flags, mode);
  }
  int SetMode(int, unsigned) override { return -EPERM; }
  unsigned created_with = 0;
};

TEST_F(WrittenFile, IsNeverMorePublicThanTheOneItReplaces) {
  WriteFileAtomic(In("file"), "old");
  ASSERT_EQ(::chmod(In("file").c_str(), 0600), 0);
  NoModes ops;
  WriteFileAtomic(In("file"), "new", ops);
  EXPECT_EQ(ops.created_with, 0600u);
  EXPECT_EQ(ModeOf(In("file")), 0600u);
}

TEST_F(WrittenFile, OnAFullDiskIsTheOldOneWithItsModeAndLink) {
  MakeFolder(In("data"));
  WriteFileAtomic(In("data/file"), "old");
  ASSERT_EQ(::chmod(In("data/file").c_str(), 0640), 0);
  fs::create_symlink("data/file", In("link"));
  SmallDisk full(1);
  testing::ExpectError(ErrorKind::kIo, "link: cannot write: No space left",
                       [&] { WriteFileAtomic(In("link"), "new one", full); });
  EXPECT_EQ(ReadFile(In("data/file")), "old");
  EXPECT_EQ(ModeOf(In("data/file")), 0640u);
  EXPECT_TRUE(fs::is_symlink(In("link")));
  EXPECT_EQ(CountFiles(), 2u);
}

// Fails the N-th of the operations that make a file, and all that follow.
class FailingFrom : public FileOps {
 public:
  explicit FailingFrom(int operation) : left_(operation) {}
  int Open(const fs::path& path, int flags, unsigned mode) override {
    return Dead() ? -EIO : FileOps::Open(path, flags, mode);
  }
  int64_t Write(int fd, const void* data, size_t size) override {
    return Dead() ? -EIO : FileOps::Write(fd, data, size);
  }
  int Fsync(int fd) override { return Dead() ? -EIO : FileOps::Fsync(fd); }
  int Rename(const fs::path& from, const fs::path& to) override { return Dead() ? -EIO : FileOps::Rename(from, to); }

 private:
  bool Dead() { return left_-- <= 0; }
  int left_;
};

// For callers that go on without it: nothing is raised, whatever fails, and the old file stays.
TEST_F(WrittenFile, MayTellItsProblemInsteadOfRaisingIt) {
  const std::vector<std::string> expected = {"cannot create", "cannot write", "cannot write", "cannot flush",
                                             "cannot rename into place"};
  for (size_t operation = 0; operation <= expected.size(); ++operation) {
    WriteFileAtomic(In("file"), "old");
    FailingFrom ops(static_cast<int>(operation));
    std::string problem;
    {
      AtomicFile file(In("file"), ops, &problem);
      file.Write("new");
      file.Write(" one");
      file.Commit();
    }
    const bool failed = operation < expected.size();  // after them only the folder is flushed
    EXPECT_EQ(ReadFile(In("file")), failed ? "old" : "new one") << operation;
    EXPECT_NE(problem.find(failed ? "file: " + expected[operation] + ": " : ""), std::string::npos) << problem;
    EXPECT_EQ(problem.empty(), !failed);
    EXPECT_EQ(CountFiles(), 1u);
  }
  MakeFolder(In("folder"));
  std::string problem;
  AtomicFile folder(In("folder"), FileOps::System(), &problem);
  folder.Write("x");
  folder.Commit();
  EXPECT_NE(problem.find("is a folder"), std::string::npos) << problem;
  EXPECT_TRUE(fs::is_directory(In("folder")));
}

TEST_F(WrittenFile, IsTheSameUnderEveryNameItHas) {
  WriteFileAtomic(In("file"), "x");
  WriteFileAtomic(In("other"), "x");
  fs::create_hard_link(In("file"), In("hard"));
  fs::create_symlink("file", In("soft"));
  for (const char* name : {"file", "hard", "soft", "./file"}) EXPECT_TRUE(SameFile(In("file"), In(name))) << name;
  for (const char* name : {"other", "absent", ""}) EXPECT_FALSE(SameFile(In("file"), In(name))) << name;
  EXPECT_FALSE(SameFile(In("absent"), In("absent")));
}

}  // namespace
}  // namespace siskin
