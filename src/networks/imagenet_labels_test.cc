#include "networks/imagenet_labels.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/error.h"

namespace siskin {
namespace {

TEST(ImageNetLabels, HaveTheOrderOfTheNetworks) {
  const auto labels = ImageNetLabels();
  ASSERT_EQ(labels.size(), 1000u);
  EXPECT_STREQ(labels[0].wordnet_id, "n01440764");
  EXPECT_STREQ(labels[0].name, "tench");
  EXPECT_STREQ(labels[207].name, "golden retriever");
  EXPECT_STREQ(labels[281].name, "tabby");
  EXPECT_STREQ(labels[999].name, "toilet tissue");
}

TEST(ImageNetLabels, BackgroundComesFirstOf1001) {
  const auto labels = ImageNetLabels(1001);
  ASSERT_EQ(labels.size(), 1001u);
  EXPECT_STREQ(labels[0].name, "background");
  EXPECT_STREQ(labels[208].name, "golden retriever");
  EXPECT_THROW(ImageNetLabels(999), Error);
}

// WordNet calls a bird and a machine "crane": names that are keys of a JSON object must differ.
TEST(ImageNetLabels, NamesAndIdsAreUnique) {
  std::set<std::string> names, ids;
  for (const ImageNetLabel& label : ImageNetLabels(1001)) {
    EXPECT_TRUE(names.insert(label.name).second) << label.name;
    EXPECT_TRUE(ids.insert(label.wordnet_id).second) << label.wordnet_id;
  }
}

}  // namespace
}  // namespace siskin
