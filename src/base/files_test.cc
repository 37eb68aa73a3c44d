#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

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
  ExtendFile(file_, "one");
  const ino_t inode = Inode(file_);
  ExtendFile(file_, "one two");
  EXPECT_EQ(Inode(file_), inode);  // now: a second replacement could get the number of the first file again
  EXPECT_EQ(ReadFile(file_), "one two");
  ExtendFile(file_, "one two");
  EXPECT_EQ(Inode(file_), inode);
  EXPECT_EQ(ReadFile(file_), "one two");
}

TEST_F(ExtendedFile, IsReplacedByOtherContent) {
  ExtendFile(file_, "one two");
  ExtendFile(file_, "other");
  EXPECT_EQ(ReadFile(file_), "other");
  ExtendFile(file_, "oth");  // shorter
  EXPECT_EQ(ReadFile(file_), "oth");
  ExtendFile(file_, "Oth and more");
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
  ExtendFile(file_, "one");
  SmallDisk full(1);
  try {
    ExtendFile(file_, "one two three", full);
    ADD_FAILURE() << "the disk was full";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_NE(std::string(error.what()).find("cannot append: No space left"), std::string::npos) << error.what();
  }
  EXPECT_EQ(ReadFile(file_), "one t");
  SmallDisk slow(100);
  ExtendFile(file_, "one two three", slow);
  EXPECT_EQ(ReadFile(file_), "one two three");
}

TEST_F(ExtendedFile, AFolderIsRefused) {
  MakeFolder(file_);
  EXPECT_THROW(ExtendFile(file_, "one"), Error);
}

}  // namespace
}  // namespace siskin
