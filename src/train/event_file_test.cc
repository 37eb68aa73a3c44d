#include "train/event_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace siskin {
namespace {

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    for (const int shift : {4, 0}) hex += "0123456789abcdef"[static_cast<uint8_t>(c) >> shift & 15];
  }
  return hex;
}

TEST(Crc32c, PublishedVectors) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  // RFC 3720, appendix B.4.
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  for (int i = 31; i >= 0; --i) falling += static_cast<char>(i);
  EXPECT_EQ(Crc32c(rising), 0x46DD794Eu);
  EXPECT_EQ(Crc32c(falling), 0x113FDB5Cu);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32c, Masked) {
  EXPECT_EQ(MaskedCrc32c(""), 0xA282EAD8u);
  const uint32_t crc = 0xE3069283;
  EXPECT_EQ(MaskedCrc32c("123456789"), ((crc >> 15) | (crc << 17)) + 0xA282EAD8u);
}

// The expectations below were written by TensorBoard's own RecordWriter and protobuf classes (tensorboard 2.21).
TEST(TfRecord, Framing) {
  EXPECT_EQ(Hex(TfRecord("")), "000000000000000029039807d8ea82a2");
  EXPECT_EQ(Hex(TfRecord("siskin")), "06000000000000007369d5377369736b696ead5e294d");
}

TEST(EventFile, HasTheVersionThenTheScalars) {
  const std::string file =
      EventFileBytes(std::vector<ScalarEvent>{{1.0, 1, {}}, {1.5e9 + 0.25, 300, {{"loss/train", 0.5f}, {"x", -2.0f}}}});
  const std::string version = "1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a";
  const std::string scalars =
      "2b00000000000000861bc34b09000010c00b5ad64110ac022a1d0a110a0a6c6f73732f747261696e150000003f0a080a017815000000c01c"
      "ec0fd8";
  EXPECT_EQ(Hex(file).substr(0, version.size()), version);
  ASSERT_GT(file.size() * 2, version.size() + scalars.size());
  EXPECT_EQ(Hex(file).substr(2 * file.size() - scalars.size()), scalars);
}

TEST(EventFile, WithoutEventsIsTheVersionAlone) {
  EXPECT_EQ(EventFileBytes({}).size(), 8 + 4 + 24 + 4u);
}

}  // namespace
}  // namespace siskin
