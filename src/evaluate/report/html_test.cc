#include "evaluate/report/html.h"

#include <gtest/gtest.h>

namespace siskin {
namespace {

TEST(EscapeHtml, NothingGetsOutOfTextOrAttribute) {
  EXPECT_EQ(EscapeHtml("<script>alert('x & \"y\"')</script>"),
            "&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;");
}

TEST(EscapeHtml, WhatIsNoTextIsShown) {
  EXPECT_EQ(EscapeHtml("a\nb\xff"), "a\\x0ab\\xff");
  EXPECT_EQ(EscapeHtml(std::string("a\0<", 3)), "a\\x00&lt;");
  EXPECT_EQ(EscapeHtml("Gänse 鳥"), "Gänse 鳥");
  EXPECT_EQ(EscapeHtml(std::string(1000, '<')).size(), 4000u) << "long names are not cut";
}

TEST(NameHtml, IsIsolated) {
  EXPECT_EQ(NameHtml("a<b"), "<bdi>a&lt;b</bdi>");
}

// RFC 4648, section 10.
TEST(Base64, PublishedVectors) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("\xff\xfe\xfb"), "//77");
}

}  // namespace
}  // namespace siskin
