#include "base/text_encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "base/testing.h"
#include "base/utf8.h"

namespace siskin {
namespace {

using std::string_literals::operator""s;
using testing::ExpectError;
using testing::Utf16;

std::string Decode(const std::string& bytes) {
  return DecodeText(bytes, "list.txt");
}

TEST(DecodeText, Utf8LosesItsMarkOnly) {
  EXPECT_EQ(Decode("\xEF\xBB\xBF"
                   "a.jpg\r\n"),
            "a.jpg\r\n");
  EXPECT_EQ(Decode("\xEF\xBB\xBF\xEF\xBB\xBFx"), "\xEF\xBB\xBFx");
  EXPECT_EQ(Decode("\xEF\xBB\xBF"), "");
  EXPECT_EQ(Decode(""), "");
}

TEST(DecodeText, BytesOfNoEncodingStay) {
  for (const std::string& bytes : {"caf\xE9.jpg\n"s, "\xFF"s, "\xFE"s, "\xEF\xBB"s, "\x80\xFF\xFE"s, "a\r\r\n"s}) {
    EXPECT_EQ(Decode(bytes), bytes);
  }
}

// Every length of UTF-8, both ends of each.
constexpr char16_t kText[] = u"\x01\x7F\x80\u07FF\u0800\uD7FF\uE000\uFFFF\U00010000\U0010FFFF a/\u6A2E\u0444.jpg\r\n";
constexpr char kTextInUtf8[] =
    "\x01\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF "
    "a/\xE6\xA8\xAE\xD1\x84.jpg\r\n";

TEST(DecodeText, Utf16OfBothByteOrders) {
  ASSERT_TRUE(IsValidUtf8(kTextInUtf8));
  EXPECT_EQ(Decode("\xFF\xFE" + Utf16(kText, false)), kTextInUtf8);
  EXPECT_EQ(Decode("\xFE\xFF" + Utf16(kText, true)), kTextInUtf8);
  EXPECT_EQ(Decode("\xFF\xFE"), "");
}

TEST(DecodeText, Utf16WithoutMarkIsRecognized) {
  for (const std::u16string& text :
       {u"a/b.jpg\n"s, u"C:\\photos\\1.jpg\r\n"s, u"/1.x"s, u"\u0444\u043E\u0442\u043E/\u043A\u043E\u0442.jpg\r\n"s,
        u"path,class,split\r\n"s, u"abc\n"s, u"\u4E00/\u4E00.jpg\r\n"s}) {
    for (const bool big_endian : {false, true}) {
      const std::string decoded = Decode(Utf16(text, big_endian));
      EXPECT_EQ(decoded, Decode("\xFF\xFE" + Utf16(text, false))) << decoded << (big_endian ? " BE" : " LE");
    }
  }
}

// What find -print0 and printf '%s\0' write, with the shortest names that there are.
TEST(DecodeText, ListsWithNulsAreNotTakenForUtf16) {
  for (const std::string& list :
       {"a/1.jpg\0b/2.jpg\0"s, ".\0./a\0./b\0"s, "a\0b\0c\0d\0e\0"s, "/\0"s, ".\0a\0"s, "a/\0b/\0c/\0d/\0"s,
        "\0\0\0\0"s, "two\nlines.jpg\0x\n\0"s, ".\0./a\0./b\0./c\0./d\0./e\0./a/1\0./a/2\0"s}) {
    EXPECT_EQ(Decode(list), list);
  }
}

TEST(DecodeText, BrokenUtf16IsRefused) {
  ExpectError(ErrorKind::kData, "list.txt: is UTF-16 text, but ends in half a character", [] {
    Decode(
        "\xFF\xFE"
        "a");
  });
  ExpectError(ErrorKind::kData, "ends in half a character", [] { Decode(Utf16(u"a/b.jpg\n", false) + "\n"); });
  const std::u16string high = u"a\nb\xD83D", low = u"\xDC26.jpg";
  ExpectError(ErrorKind::kData, "half a character (0xD83D) in line 2",
              [&] { Decode("\xFF\xFE" + Utf16(high, false)); });
  ExpectError(ErrorKind::kData, "half a character (0xD83D) in line 2",
              [&] { Decode("\xFE\xFF" + Utf16(high + u"c", true)); });
  ExpectError(ErrorKind::kData, "half a character (0xDC26) in line 1", [&] { Decode("\xFE\xFF" + Utf16(low, true)); });
  ExpectError(ErrorKind::kData, "half a character (0xD83D) in line 2",
              [&] { Decode("\xFF\xFE" + Utf16(high + high, false)); });
  EXPECT_EQ(Decode("\xFF\xFE" + Utf16(high + low, false)), "a\nb\xF0\x9F\x90\xA6.jpg");
  std::string text, reason;
  EXPECT_FALSE(
      TryDecodeText("\xFF\xFE"
                    "a",
                    &text, &reason));
  EXPECT_TRUE(reason.starts_with("is UTF-16 text, but ends in half a character")) << reason;
}

}  // namespace
}  // namespace siskin
