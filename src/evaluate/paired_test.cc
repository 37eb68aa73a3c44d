#include "evaluate/paired.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace siskin {
namespace {

ScoredPhotos Answers(std::vector<std::string> classes, std::vector<int> labels, std::vector<int> decisions) {
  ScoredPhotos photos{std::move(classes), {}, std::move(labels), std::move(decisions), {}};
  for (size_t i = 0; i < photos.num_photos(); ++i) {
    photos.paths.push_back("p" + std::to_string(i));
    for (size_t k = 0; k < photos.class_names.size(); ++k) {
      photos.scores.push_back(static_cast<int>(k) == photos.decisions[i] ? 0.75f : 0.25f);
    }
  }
  return photos;
}

TEST(ComparePaired, CountsWhoIsRightWhere) {
  const std::vector<int> labels = {0, 0, 0, 1, 1, 1, 1};
  const ScoredPhotos a = Answers({"cat", "dog"}, labels, {0, 0, 1, 0, 1, 0, 1});
  const ScoredPhotos b = Answers({"cat", "dog"}, labels, {0, 1, 0, 1, 1, 0, 1});
  const PairedComparison result = ComparePaired(a, b);
  EXPECT_EQ(result.both_right, 3);
  EXPECT_EQ(result.only_a, 1);
  EXPECT_EQ(result.only_b, 2);
  EXPECT_EQ(result.both_wrong, 1);
  EXPECT_EQ(result.a_accuracy, 4.0 / 7);
  EXPECT_EQ(result.b_accuracy, 5.0 / 7);
  EXPECT_EQ(result.test.exact_p, McNemarTest(1, 2).exact_p);
  EXPECT_EQ(result.difference.low, PairedDifferenceInterval(1, 2, 7).low);
  EXPECT_EQ(result.b_interval.high, WilsonInterval(5, 7).high);
  ASSERT_EQ(result.flipped.size(), 3u);
  EXPECT_EQ(result.flipped[0].path, "p1");
  EXPECT_TRUE(result.flipped[0].a_right && !result.flipped[0].b_right);
  EXPECT_EQ(result.flipped[0].truth, "cat");
  EXPECT_EQ(result.flipped[0].b, "dog");
  EXPECT_EQ(result.flipped[0].b_score, 0.75f);
}

// Model b counts its classes the other way round and knows one more, which it may say.
TEST(ComparePaired, ClassesAreMatchedByName) {
  const ScoredPhotos a = Answers({"cat", "dog"}, {0, 1, 1}, {1, 1, 0});
  const ScoredPhotos b = Answers({"fox", "dog", "cat"}, {2, 1, 1}, {0, 1, 1});
  const PairedComparison result = ComparePaired(a, b);
  EXPECT_EQ(result.both_right, 1);
  EXPECT_EQ(result.both_wrong, 1);
  EXPECT_EQ(result.only_b, 1);
  ASSERT_EQ(result.flipped.size(), 2u);
  EXPECT_EQ(result.flipped[0].path, "p2") << "the one that counts comes first";
  EXPECT_EQ(result.flipped[1].b, "fox");
  const Json json = ToJson(result);
  EXPECT_EQ(json["only_b_right"], 1);
  EXPECT_EQ(json["flipped"][1]["class"], "cat");
  EXPECT_EQ(json["flipped"].size(), 2u);
}

TEST(ComparePaired, RefusesOtherPhotos) {
  const ScoredPhotos a = Answers({"cat", "dog"}, {0, 1}, {0, 1});
  ScoredPhotos b = a;
  b.paths[1] = "other";
  EXPECT_THROW(ComparePaired(a, b), Error);
  EXPECT_THROW(ComparePaired(a, Answers({"cat", "dog"}, {0, 0}, {0, 1})), Error);
  EXPECT_THROW(ComparePaired(Answers({"a", "b"}, {}, {}), Answers({"a", "b"}, {}, {})), Error);
}

}  // namespace
}  // namespace siskin
