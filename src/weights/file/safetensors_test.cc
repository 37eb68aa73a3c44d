#include "weights/file/safetensors.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/random.h"
#include "base/testing.h"
#include "weights/testing_weights.h"

namespace siskin {
namespace {

using testing::Metadata;
using testing::Serialized;
using testing::TemporaryFolder;

TensorMap SmallTensors() {
  TensorMap tensors;
  tensors.emplace("b/kernel", Tensor::FromFloats({2, 3}, std::vector<float>{1, -2, 3.5f, 0, 5, -0.0f}));
  tensors.emplace("a/bias", Tensor::FromFloats({1}, std::vector<float>{7}));
  tensors.emplace("scalar", Tensor::FromFloats({}, std::vector<float>{9}));
  tensors.emplace("none", Tensor(Shape{0, 4}));
  Tensor steps(Shape{2}, DType::kI64);
  steps.values<int64_t>()[1] = -5;
  tensors.emplace("steps", std::move(steps));
  tensors.emplace("bytes", Tensor(Shape{3}, DType::kU8));
  return tensors;
}

// A file with this header text, and `data` after it.
std::string FileOf(const std::string& header, const std::string& data) {
  std::string bytes(8, '\0');
  const uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

// The message of the kModel error that parsing gives; empty if there is none.
std::string ParseProblem(const std::string& bytes) {
  try {
    ParseSafetensors(bytes, "x.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kModel);
    return error.what();
  }
  return "";
}

void ExpectSame(const TensorMap& got, const TensorMap& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    const Tensor& other = got.at(name);
    EXPECT_EQ(other.shape(), tensor.shape()) << name;
    ASSERT_EQ(other.dtype(), tensor.dtype()) << name;
    EXPECT_EQ(std::memcmp(other.bytes().data(), tensor.bytes().data(), tensor.num_bytes()), 0) << name;
  }
}

TEST(Safetensors, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  const Metadata metadata{{"format", "1"}, {"card", "{\"quoted\": \"\xC3\xA9\"}"}};
  WriteSafetensors(path, SmallTensors(), metadata);
  const SafetensorsFile file = ReadSafetensors(path);
  ExpectSame(file.tensors, SmallTensors());
  EXPECT_EQ(file.metadata, metadata);
  EXPECT_EQ(ReadSafetensorsMetadata(path), metadata);
}

TEST(Safetensors, ReadsNoTensorsAndNoMetadata) {
  const SafetensorsFile file = ParseSafetensors(Serialized({}, {}), "x");
  EXPECT_TRUE(file.tensors.empty());
  EXPECT_TRUE(file.metadata.empty());
}

TEST(Safetensors, BytesAreFixed) {
  TensorMap tensors;
  tensors.emplace("w", Tensor::FromFloats({2}, std::vector<float>{1, 2}));
  const std::string expected_header =
      R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string bytes = Serialized(tensors, {{"k", "v"}});
  ASSERT_EQ(bytes.size(), 128u + 8u);  // length and header, padded to a multiple of 64, then the data
  EXPECT_EQ(bytes.substr(8, expected_header.size()), expected_header);
  EXPECT_EQ(bytes.find_first_not_of(' ', 8 + expected_header.size()), 128u);  // 1.0f begins with a zero byte
  EXPECT_EQ(Serialized(SmallTensors(), {{"a", "b"}}), Serialized(SmallTensors(), {{"a", "b"}}));
}

TEST(Safetensors, EveryTensorIsAligned) {
  const std::string bytes = Serialized(SmallTensors(), {});
  const size_t steps = bytes.find("\"steps\"");
  const size_t kernel = bytes.find("\"b/kernel\"");
  const size_t small = bytes.find("\"bytes\"");
  EXPECT_LT(steps, kernel);  // 8-byte elements, then 4, then 1
  EXPECT_LT(kernel, small);
}

TEST(Safetensors, RefusesAFileCutAnywhere) {
  const std::string bytes = Serialized(SmallTensors(), {{"a", "b"}});
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(ParseProblem(bytes.substr(0, length)), "") << length;
  }
  EXPECT_EQ(ParseProblem(bytes), "");
  EXPECT_NE(ParseProblem(bytes + "x"), "");
}

TEST(Safetensors, RefusesAHeaderLengthBeyondReason) {
  for (const uint64_t length : {uint64_t{1} << 60, ~uint64_t{0}, ~uint64_t{7}, uint64_t{100'000'001}, uint64_t{57}}) {
    std::string bytes = FileOf("{}" + std::string(54, ' '), "");
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_NE(ParseProblem(bytes).find("header claims"), std::string::npos) << length;
  }
}

TEST(Safetensors, RefusesHeadersThatAreWrong) {
  const std::string w = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::string eight(8, 'x');
  ASSERT_EQ(ParseProblem(FileOf("{" + w + "}", eight)), "");
  struct Case {
    std::string header, expected;
  };
  const Case cases[] = {
      {"", "does not begin with {"},
      {" {" + w + "}", "does not begin with {"},
      {"{" + w, "not valid JSON"},
      {"{" + w + "}}", "not valid JSON"},
      {"{" + w + "," + w + "}", "two entries named w"},
      {R"({"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "two fields dtype"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"code":1}})", "unknown field code"},
      {R"({"w":{"dtype":"F32","shape":[2]}})", "needs dtype"},
      {R"({"w":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}})", "type F4"},
      {R"({"w":{"dtype":["F32"],"shape":[2],"data_offsets":[0,8]}})", "a list"},
      {R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "the number -2"},
      {R"({"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", "the number 2.0"},
      {R"({"w":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}})", "a text"},
      {R"({"w":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}})", "a list"},
      {R"({"w":{"dtype":"F32","shape":null,"data_offsets":[0,8]}})", "null"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", "two data_offsets"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})", "the number 8"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "begins at byte 8"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,-8]}})", "the number -8"},
      {R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", "of 8"},
      {R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "has 8 bytes"},
      {R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})", "has 8 bytes"},
      {R"({"w":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,8]}})", "has 8 bytes"},
      {R"({"w":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", "has a dimension of"},
      {R"({"w":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}})",
       "the number 99999999999999999999"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "leave a gap"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "belong to no tensor"},
      {"{" + w + R"(,"v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "overlap"},
      {"{" + w + R"(,"__metadata__":{"a":{"b":"c"}}})", "an object"},
      {"{" + w + R"(,"__metadata__":{"a":1}})", "the number 1"},
      {"{" + w + R"(,"__metadata__":{"a":"1","a":"2"}})", "key twice"},
      {"{" + w + R"(,"__metadata__":[]})", "a list"},
      {"{" + w + R"(,"v":7})", "the number 7"},
      {"{\"\xFF\":" + w.substr(4) + "}", "not valid JSON"},
  };
  for (const Case& c : cases) {
    const std::string problem = ParseProblem(FileOf(c.header, eight));
    EXPECT_NE(problem.find(c.expected), std::string::npos) << c.header << "\n" << problem;
    EXPECT_EQ(problem.find("x.safetensors: "), 0u) << problem;
  }
}

TEST(Safetensors, RefusesManyDimensionsAndDeepNesting) {
  std::string ones = "1";
  for (int i = 0; i < 100; ++i) ones += ",1";
  const std::string many = R"({"w":{"dtype":"F32","shape":[)" + ones + R"(],"data_offsets":[0,4]}})";
  EXPECT_NE(ParseProblem(FileOf(many, "1234")).find("too many dimensions"), std::string::npos);
  EXPECT_NE(ParseProblem(FileOf(R"({"w":)" + std::string(1'000'000, '['), "")).find("a list"), std::string::npos);
}

// A header of 100 MB had room for two million tensors without elements, a gigabyte in memory.
TEST(Safetensors, RefusesMoreEntriesThanReasonable) {
  std::string tensors = "{", metadata = R"({"__metadata__":{)";
  for (int i = 0; i <= 100'000; ++i) {
    tensors += fmt::format(R"("{}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}},)", i);
    metadata += fmt::format(R"("{}":"",)", i);
  }
  tensors.back() = '}';
  metadata.back() = '}';
  EXPECT_NE(ParseProblem(FileOf(tensors, "")).find("more than 100000 tensors"), std::string::npos);
  EXPECT_NE(ParseProblem(FileOf(metadata + "}", "")).find("metadata has more than 100000 keys"), std::string::npos);
}

TEST(Safetensors, SurvivesDamage) {
  const std::string good = Serialized(SmallTensors(), {{"a", "b"}});
  Random random(17, RandomPurpose::kTest);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string bytes = good;
    for (uint32_t flips = 1 + random.Below(4); flips > 0; --flips) {
      bytes[random.Below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<char>(1 + random.Below(255));
    }
    refused += ParseProblem(bytes).empty() ? 0 : 1;  // anything but a kModel error or a success fails the test
  }
  EXPECT_GT(refused, 2500);  // most bytes are header; a flip in the data cannot be seen
}

TEST(Safetensors, MissingFileAndFolder) {
  const TemporaryFolder folder;
  for (const auto& path : {folder.path() / "none", folder.path()}) {
    try {
      ReadSafetensors(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kIo) << error.what();
    }
  }
}

// Only the header is there: the data of 2 TB is a hole.
TEST(Safetensors, RefusesASparseGiant) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "giant.safetensors";
  const std::string header = R"({"w":{"dtype":"U8","shape":[2199023255552],"data_offsets":[0,2199023255552]}})";
  std::ofstream(path, std::ios::binary) << FileOf(header, "");
  std::error_code full;
  std::filesystem::resize_file(path, 8 + header.size() + (uint64_t{1} << 41), full);
  if (full) GTEST_SKIP() << "SKIPPED: this file system has no holes of 2 TB";
  EXPECT_THROW(ReadSafetensors(path), Error);
  EXPECT_TRUE(ReadSafetensorsMetadata(path).empty());
}

// Fails the n-th system call as a full disk does.
class FullDisk : public FileOps {
 public:
  explicit FullDisk(int fail_at) : left_(fail_at) {}
  int64_t Write(int fd, const void* data, size_t size) override {
    return left_-- == 0 ? -ENOSPC : FileOps::Write(fd, data, size);
  }
  int Fsync(int fd) override { return left_-- == 0 ? -ENOSPC : FileOps::Fsync(fd); }
  int Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return left_-- == 0 ? -ENOSPC : FileOps::Rename(from, to);
  }
  bool reached() const { return left_ < 0; }

 private:
  int left_;
};

TEST(Safetensors, FullDiskLeavesTheOldFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  WriteSafetensors(path, SmallTensors(), {{"version", "old"}});
  int failures = 0;
  for (int fail_at = 0; fail_at < 100; ++fail_at) {
    FullDisk disk(fail_at);
    try {
      WriteSafetensors(path, SmallTensors(), {{"version", "new"}}, disk);
      break;
    } catch (const Error& error) {
      ++failures;
      EXPECT_EQ(error.kind(), ErrorKind::kIo);
      EXPECT_EQ(ReadSafetensorsMetadata(path).at("version"), "old");
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "a temporary was left";
    }
  }
  EXPECT_GE(failures, 3);  // at least a write, the fsync, the rename
  EXPECT_EQ(ReadSafetensorsMetadata(path).at("version"), "new");
}

}  // namespace
}  // namespace siskin
