#include "base/nearest_name.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace siskin {
namespace {

TEST(NearestName, EditDistance) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("xcpetion", "xception"), 1u) << "a swap is one mistake";
  EXPECT_EQ(EditDistance("ca", "abc"), 3u) << "a swapped pair is not edited again";
  EXPECT_EQ(EditDistance("XCEPTION", "xception"), 0u);
}

TEST(NearestName, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> known = {"xception", "mobilenet", "resnet50"};
  EXPECT_EQ(NearestName("xecption", known), "xception");
  EXPECT_EQ(NearestName("MobileNet", known), "mobilenet");
  EXPECT_EQ(NearestName("resnet", known), "resnet50");
  EXPECT_EQ(NearestName("vgg", known), "");
  EXPECT_EQ(NearestName("", known), "");
  EXPECT_EQ(NearestName(std::string(1000000, 'x'), known), "");
  EXPECT_EQ(NearestName("x", {}), "");
}

}  // namespace
}  // namespace siskin
