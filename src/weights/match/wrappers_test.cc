#include "weights/match/wrappers.h"

#include <gtest/gtest.h>

namespace siskin {
namespace {

using Names = std::vector<std::string>;

TEST(Wrappers, PrefixesThatAllNamesShare) {
  EXPECT_EQ(SharedPrefixes({"module.net.conv.weight", "module.net.fc.bias"}), (Names{"module.", "module.net."}));
  EXPECT_EQ(SharedPrefixes({"model.block1/kernel", "model.block2/kernel"}), Names{"model."});
  EXPECT_EQ(SharedPrefixes({"model/block1/kernel", "model/block1/bias"}), (Names{"model/", "model/block1/"}));
  EXPECT_EQ(SharedPrefixes({"module.conv1", "module.conv2"}), Names{"module."});
  EXPECT_EQ(SharedPrefixes({"a.b.c.d.e.f1", "a.b.c.d.e.f2"}), (Names{"a.", "a.b.", "a.b.c.", "a.b.c.d."}));
}

TEST(Wrappers, NoPrefix) {
  EXPECT_EQ(SharedPrefixes({}), Names{});
  EXPECT_EQ(SharedPrefixes({""}), Names{});
  EXPECT_EQ(SharedPrefixes({"", "a."}), Names{});
  EXPECT_EQ(SharedPrefixes({"module.conv", "n_averaged"}), Names{});
  EXPECT_EQ(SharedPrefixes({"conv1", "conv2"}), Names{});
  EXPECT_EQ(SharedPrefixes({"module.", "module.conv"}), Names{});  // nothing would be left of the first
}

}  // namespace
}  // namespace siskin
