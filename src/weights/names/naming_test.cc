#include "weights/names/naming.h"

#include <gtest/gtest.h>

#include <set>

#include "base/testing.h"
#include "weights/match/match.h"
#include "weights/names/names.h"

namespace siskin {
namespace {

std::string Text(const std::vector<Alias>& aliases) {
  std::string text;
  for (const Alias& alias : aliases) {
    text += alias.layer + ":";
    for (const std::string& layer : alias.file_layers) text += " " + layer;
    text += "\n";
  }
  return text;
}

TEST(Naming, RangesCountTogether) {
  EXPECT_EQ(Text(ExpandAliases("\nconv1   first\n\nb{2..3}_{1..2}_conv  x{a..b}.{0..1}.dw x{a..b}.{0..1}.pw\n")),
            "conv1: first\n"
            "b2_1_conv: xa.0.dw xa.0.pw\n"
            "b2_2_conv: xa.1.dw xa.1.pw\n"
            "b3_1_conv: xb.0.dw xb.0.pw\n"
            "b3_2_conv: xb.1.dw xb.1.pw\n");
  EXPECT_EQ(Text(ExpandAliases("c{9..11} d{8..10}")), "c9: d8\nc10: d9\nc11: d10\n");
}

TEST(Naming, RangesThatDoNotFitAreABug) {
  for (const char* table : {"a{1..3} b{1..2}", "a{1..3} b"}) {
    testing::ExpectError(ErrorKind::kInternal, "count along", [&] { ExpandAliases(table); });
  }
}

// A name that stands twice in a table would make one layer's weights those of another.
TEST(Naming, TablesAreOneToOne) {
  for (const Naming& naming : Namings()) {
    std::set<std::string> ours, theirs;
    for (const Alias& alias : ExpandAliases(naming.table)) {
      EXPECT_TRUE(ours.insert(alias.layer).second) << naming.title << ": " << alias.layer;
      EXPECT_FALSE(alias.file_layers.empty()) << naming.title << ": " << alias.layer;
      for (const std::string& layer : alias.file_layers) {
        EXPECT_TRUE(theirs.insert(layer).second) << naming.title << ": " << layer;
      }
    }
  }
}

TEST(Naming, ResNet50Of2017) {
  std::map<std::string, std::string> names;
  for (const Naming& naming : Namings()) {
    if (naming.title.find("2017") == std::string_view::npos) continue;
    for (const Alias& alias : ExpandAliases(naming.table)) names[alias.layer] = alias.file_layers.at(0);
  }
  EXPECT_EQ(names.size(), 107u);  // 53 convolutions with their batch norms, and the classifier
  EXPECT_EQ(names["conv1_bn"], "bn_conv1");
  EXPECT_EQ(names["conv3_block1_0_conv"], "res3a_branch1");
  EXPECT_EQ(names["conv4_block6_2_bn"], "bn4f_branch2b");
  EXPECT_EQ(names["conv5_block3_3_conv"], "res5c_branch2c");
}

}  // namespace
}  // namespace siskin
