#include "weights/store/archive.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/testing.h"
#include "weights/testing_archive.h"

namespace siskin {
namespace {

using testing::ExpectError;
using testing::MakeArchive;
using testing::Member;
using testing::MessageOf;

std::string ReadOne(const std::string& bytes, const std::string& name, size_t max_bytes = 1 << 20) {
  const std::string wanted[] = {name};
  return ReadArchive(bytes, wanted, max_bytes, "x.zip").at(name);
}

void ExpectRefused(const std::string& bytes, const std::string& name, const std::string& part = "") {
  ExpectError(ErrorKind::kModel, part, [&] { ReadOne(bytes, name); });
}

TEST(Archive, ReadsZipAndTar) {
  const std::vector<Member> members = {{"a/b.txt", "hello"}, {"empty", ""}, {"c", std::string(3'000'000, 'x')}};
  for (const bool zip : {true, false}) {
    const std::string bytes = MakeArchive(members, zip);
    const std::string wanted[] = {"c", "a/b.txt", "empty"};
    const auto found = ReadArchive(bytes, wanted, 4 << 20, "x");
    EXPECT_EQ(found.size(), 3u);
    for (const Member& member : members) EXPECT_EQ(found.at(member.name), member.content) << member.name;
  }
}

TEST(Archive, TellsWhatIsMissing) {
  ExpectRefused(MakeArchive({{"a", "1"}}), "config.json", "x.zip: has no config.json");
  ExpectRefused("no archive at all", "a", "neither a zip nor");
  ExpectRefused("", "a", "x.zip: ");
}

TEST(Archive, RefusesNamesThatPointOutside) {
  for (const char* name : {"../a", "b/../../a", "/etc/passwd", "b/.."}) {
    for (const bool zip : {true, false}) {
      ExpectRefused(MakeArchive({{"a", "1"}, {name, "2"}}, zip), "a", "points outside");
    }
  }
  // In a zip, libarchive itself makes it c:/a.
  ExpectRefused(MakeArchive({{"a", "1"}, {"c:\\a", "2"}}, false), "a", "points outside");
  EXPECT_EQ(ReadOne(MakeArchive({{"a", "1"}, {"b..c/..d", "2"}}), "a"), "1");
}

TEST(Archive, RefusesANameTwice) {
  ExpectRefused(MakeArchive({{"a", "1"}, {"b", "2"}, {"a", "3"}}), "a", "two members named a");
}

std::string LittleEndian(uint64_t value, int bytes_wanted) {
  std::string bytes;
  for (int i = 0; i < bytes_wanted; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// A zip of one stored member, in which everything may be said: sizes stand in zip64 fields. PKWARE's
// APPNOTE 4.3, 4.5.3.
struct RawZip {
  std::string content = "123456789";
  uint32_t crc = 0xCBF43926;  // of this content
  uint64_t size = 9, packed_size = 9;
  uint16_t flags = 0;
  std::string name = "a", name_in_directory = "a";

  std::string Bytes() const {
    const std::string extra =
        LittleEndian(1, 2) + LittleEndian(16, 2) + LittleEndian(size, 8) + LittleEndian(packed_size, 8);
    const auto common = [&](const std::string& n) {  // from "version needed" to the length of the extra field
      return LittleEndian(45, 2) + LittleEndian(flags, 2) + std::string(6, '\0') + LittleEndian(crc, 4) +
             std::string(8, '\xFF') + LittleEndian(n.size(), 2) + LittleEndian(extra.size(), 2);
    };
    const std::string local = "PK\x03\x04" + common(name) + name + extra + content;
    const std::string directory = "PK\x01\x02" + LittleEndian(45, 2) + common(name_in_directory) +
                                  std::string(14, '\0') + name_in_directory + extra;
    return local + directory + "PK\x05\x06" + std::string(4, '\0') + LittleEndian(1, 2) + LittleEndian(1, 2) +
           LittleEndian(directory.size(), 4) + LittleEndian(local.size(), 4) + std::string(2, '\0');
  }
};

TEST(Archive, Zip64) {
  EXPECT_EQ(ReadOne(RawZip().Bytes(), "a"), "123456789");
  for (const uint64_t size : {uint64_t{1} << 32, uint64_t{1} << 40, uint64_t{1} << 63, ~uint64_t{0}}) {
    RawZip zip;
    zip.size = zip.packed_size = size;
    ExpectRefused(zip.Bytes(), "a");
  }
  RawZip more;  // than is there, but within the limit
  more.size = more.packed_size = 500'000;
  ExpectRefused(more.Bytes(), "a");
}

TEST(Archive, RefusesEncryption) {
  RawZip zip;
  zip.flags = 1;
  ExpectRefused(zip.Bytes(), "a", "encrypted");
}

// Bit 3: sizes and checksum follow the content instead of standing before it. The content may not be believed to end
// where it likes.
TEST(Archive, SizesBehindTheContent) {
  RawZip zip;
  zip.flags = 8;
  zip.content = "123456789PK\x07\x08" + LittleEndian(zip.crc, 4) + LittleEndian(9, 8) + LittleEndian(9, 8);
  EXPECT_EQ(ReadOne(zip.Bytes(), "a"), "123456789");
  zip.crc ^= 1;
  ExpectRefused(zip.Bytes(), "a", "damaged");
}

TEST(Archive, NamesAreTakenToTheLetter) {
  for (const char* name : {"./a", "A", "a/", "a ", "b/a"}) {
    ExpectRefused(MakeArchive({{name, "1"}}), "a");
  }
  // What a header and the directory name differently has the name of one of them and not of both.
  RawZip zip;
  zip.name_in_directory = "b";
  ExpectRefused(zip.Bytes(), "b", "no b");
  EXPECT_EQ(ReadOne(zip.Bytes(), "a"), "123456789");
}

// A few bytes of a sparse tar stand for as many zeros as they like.
TEST(Archive, RefusesHoles) {
  const std::string bytes = MakeArchive({{.name = "a", .content = "end", .hole = 100'000}}, false);
  ExpectRefused(bytes, "a", "holes");
}

TEST(Archive, RefusesALinkForAFile) {
  const std::string hard = MakeArchive({{"b", "1"}, {.name = "a", .content = "", .link_to = "b", .hard = true}}, false);
  ExpectRefused(hard, "a", "not a plain file");
  ExpectRefused(MakeArchive({{"a", "", "/etc/passwd"}}), "a", "not a plain file");
  ExpectRefused(MakeArchive({{"a", "", "/etc/passwd"}}, false), "a", "not a plain file");
}

TEST(Archive, RefusesABomb) {
  const std::string zeros(20'000'000, '\0');
  for (const bool zip : {true, false}) {
    const std::string bytes = MakeArchive({{"a", zeros}}, zip);
    ASSERT_LT(bytes.size(), 100'000u);
    ExpectRefused(bytes, "a", "larger than the 1048576 bytes");
  }
  // The same with a header that lies: the size stands in the local header and in the directory at the end.
  std::string bytes = MakeArchive({{"a", zeros}});
  const char claimed[] = {0x10, 0, 0, 0};
  const std::string size("\x00\x2D\x31\x01", 4);  // 20,000,000
  size_t patched = 0;
  for (size_t at = bytes.find(size); at != std::string::npos; at = bytes.find(size, at + 1)) {
    bytes.replace(at, 4, claimed, 4);
    ++patched;
  }
  ASSERT_GE(patched, 1u);
  ExpectRefused(bytes, "a");
}

TEST(Archive, RefusesDamagedContent) {
  std::string bytes = MakeArchive({{"a", "the content of a member"}}, true, /*compress=*/false);
  bytes[bytes.find("content")] = 'C';  // only the checksum can tell
  ExpectRefused(bytes, "a", "damaged");
}

TEST(Archive, SurvivesCutsAndDamage) {
  std::string mixed;
  Random random(3, RandomPurpose::kTest);
  for (int i = 0; i < 3000; ++i) mixed += static_cast<char>(random.Below(64));
  for (const bool zip : {true, false}) {
    const std::string good = MakeArchive({{"a", mixed}, {"b", "x"}}, zip);
    ASSERT_EQ(ReadOne(good, "a"), mixed);
    for (size_t length = 0; length < good.size(); length += 7) {
      ExpectRefused(good.substr(0, length), "b");
    }
    for (int i = 0; i < 1500; ++i) {
      std::string bytes = good;
      for (uint32_t flips = 1 + random.Below(3); flips > 0; --flips) {
        bytes[random.Below(static_cast<uint32_t>(bytes.size()))] ^= static_cast<char>(1 + random.Below(255));
      }
      try {
        EXPECT_EQ(ReadOne(bytes, "a").size(), mixed.size());  // flips where nobody looks
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kModel) << error.what();
      }
    }
  }
}

TEST(Archive, WhatIsWrittenIsReadAgain) {
  const std::string large(3 << 20, 'x');
  const std::pair<std::string, std::string_view> members[] = {{"a.json", "{}"}, {"folder/b", large}, {"empty", ""}};
  std::string zip, again;
  WriteZip(members, [&](std::string_view bytes) { zip += bytes; });
  WriteZip(members, [&](std::string_view bytes) { again += bytes; });
  EXPECT_EQ(zip, again);
  const std::string wanted[] = {"a.json", "folder/b", "empty"};
  const auto read = ReadArchive(zip, wanted, 10 << 20, "x");
  for (const auto& [name, content] : members) EXPECT_TRUE(read.at(name) == content) << name;
}

}  // namespace
}  // namespace siskin
