#include "data/nfc.h"

#include <gtest/gtest.h>

namespace siskin {
namespace {

TEST(ToNfc, ComposesWhatMacOsDecomposes) {
  EXPECT_EQ(ToNfc("Cafe\u0301"), "Caf\u00E9");
  EXPECT_EQ(ToNfc("Caf\u00E9"), "Caf\u00E9");
  EXPECT_EQ(ToNfc("\u1112\u1161\u11AB"), "\uD55C") << "Hangul";
  EXPECT_EQ(ToNfc("a\u0323\u0307"), ToNfc("a\u0307\u0323")) << "the order of accents";
  EXPECT_EQ(ToNfc(std::string("\0e\u0301\0", 5)), std::string("\0\u00E9\0", 4)) << "bytes of 0 are text";
}

TEST(ToNfc, LeavesTheRestAlone) {
  EXPECT_EQ(ToNfc(""), "");
  EXPECT_EQ(ToNfc("plain ASCII"), "plain ASCII");
  EXPECT_EQ(ToNfc("\uFB01"), "\uFB01") << "a ligature is not another spelling of its letters";
  EXPECT_EQ(ToNfc("\xE9t\xE9"), "\xE9t\xE9") << "Latin-1";
  EXPECT_EQ(ToNfc("e\u0301\xFF"), "e\u0301\xFF");
  EXPECT_EQ(ToNfc("\xED\xA0\x80"), "\xED\xA0\x80") << "half a surrogate pair";
}

}  // namespace
}  // namespace siskin
