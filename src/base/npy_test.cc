#include "base/npy.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/testing.h"

namespace siskin {
namespace {

std::string Npy(std::string header, size_t num_floats) {
  header.resize(118, ' ');
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header + std::string(num_floats * 4, '\0');
}

std::string ErrorOf(const std::string& bytes) {
  try {
    ParseNpy(bytes, "x.npy");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    return error.what();
  }
  return "";
}

TEST(Npy, WhatIsWrittenIsRead) {
  const testing::TemporaryFolder folder;
  const std::vector<std::vector<int64_t>> shapes = {{2, 3}, {6}, {1, 2, 3}, {0, 5}, {}};
  for (const std::vector<int64_t>& shape : shapes) {
    std::vector<float> values = {1.5f, -2, 3, 4, 5, 1e-30f};
    values.resize(shape.empty() ? 1 : shape[0] == 0 ? 0 : 6);
    const auto path = folder.path() / "a.npy";
    WriteNpy(path, shape, values);
    const NpyArray read = ReadNpy(path);
    EXPECT_EQ(read.shape, shape);
    EXPECT_EQ(read.values, values);
    EXPECT_EQ((std::filesystem::file_size(path) - values.size() * 4) % 64, 0u) << "elements are not aligned";
  }
}

TEST(Npy, ReadsWhatNumPyWrote) {
  const auto golden = testing::SharedFolder("golden");
  if (golden.empty()) GTEST_SKIP() << testing::kNoShared;
  const NpyArray array = ReadNpy(golden / "xception_150x150_seed2.logits.npy");
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 1000}));
  EXPECT_EQ(array.values.size(), 2000u);
}

TEST(Npy, RefusesOtherFiles) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  EXPECT_EQ(ErrorOf(Npy(good, 6)), "");
  EXPECT_EQ(ErrorOf(Npy("{'shape': (2, 3,), 'fortran_order': False, 'descr': '<f4'}", 6)), "");
  EXPECT_NE(ErrorOf("").find("is not a .npy file"), std::string::npos);
  EXPECT_NE(ErrorOf(Npy(good, 5)).find("cut off"), std::string::npos);
  EXPECT_NE(ErrorOf(Npy(good, 7)).find("which is not what its shape (2, 3) needs"), std::string::npos);
  const std::string whole = Npy(good, 6);
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_NE(ErrorOf(whole.substr(0, size)), "") << size;
  EXPECT_NE(ErrorOf(Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, )}", 6)).find("<f8"), std::string::npos);
  EXPECT_NE(ErrorOf(Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", 6)).find("Fortran"),
            std::string::npos);
  for (const char* bad : {"", "{", "{}", "(2, 3)", "{'descr': '<f4', 'shape': (2, 3)}",
                          "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4, 6)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 0)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x"}) {
    EXPECT_NE(ErrorOf(Npy(bad, 6)), "") << bad;
  }
}

TEST(Npy, AFailedWriteLeavesTheOldFile) {
  struct FullDisk : FileOps {
    int64_t Write(int, const void*, size_t) override { return -ENOSPC; }
  } full;
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "a.npy";
  const std::vector<int64_t> shape = {1};
  WriteNpy(path, shape, std::vector<float>{7});
  EXPECT_THROW(WriteNpy(path, shape, std::vector<float>{8}, full), Error);
  EXPECT_EQ(ReadNpy(path).values, std::vector<float>{7});
}

}  // namespace
}  // namespace siskin
