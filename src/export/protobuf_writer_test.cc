#include "export/protobuf_writer.h"

#include <gtest/gtest.h>

namespace siskin {
namespace {

std::string BytesOf(const ProtobufWriter& writer) {
  std::string bytes;
  writer.Visit([&](std::string_view piece) { bytes += piece; });
  EXPECT_EQ(writer.size(), bytes.size());
  return bytes;
}

// The examples of https://protobuf.dev/programming-guides/encoding/.
TEST(ProtobufWriter, WritesTheExamplesOfTheSpecification) {
  ProtobufWriter number, text, outer, packed;
  number.Varint(1, 150);
  EXPECT_EQ(BytesOf(number), "\x08\x96\x01");
  text.Bytes(2, "testing");
  EXPECT_EQ(BytesOf(text), "\x12\x07testing");
  outer.Message(3, number);
  EXPECT_EQ(BytesOf(outer), "\x1a\x03\x08\x96\x01");
  packed.PackedVarints(6, std::vector<int64_t>{3, 270, 86942});
  EXPECT_EQ(BytesOf(packed), "\x32\x06\x03\x8e\x02\x9e\xa7\x05");
}

TEST(ProtobufWriter, WritesNegativeAndRealNumbers) {
  ProtobufWriter negative, real;
  negative.Varint(1, static_cast<uint64_t>(int64_t{-1}));
  EXPECT_EQ(BytesOf(negative), "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  real.Float(20, 1.5f);
  EXPECT_EQ(BytesOf(real), std::string("\xa5\x01\x00\x00\xc0\x3f", 6));
}

TEST(ProtobufWriter, LargeBytesKeepTheirPlace) {
  const std::string large(100'000, 'x');
  ProtobufWriter inner, outer;
  inner.Bytes(1, "a");
  inner.Bytes(1, large);
  inner.Bytes(1, "b");
  outer.Message(2, std::move(inner));
  EXPECT_EQ(BytesOf(outer),
            "\x12\xaa\x8d\x06\x0a\x01"
            "a\x0a\xa0\x8d\x06" +
                large +
                "\x0a\x01"
                "b");
}

}  // namespace
}  // namespace siskin
