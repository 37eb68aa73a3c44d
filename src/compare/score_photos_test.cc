#include "compare/score_photos.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "base/testing.h"
#include "data/testing_files.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

class PhotosToScoreTest : public ::testing::Test {
 protected:
  PhotosToScoreTest() { testing::WriteDemoPhotos(photos_, 20); }

  // What a training with that seed would leave in the model.
  ModelCard CardOfTraining(uint64_t seed) const {
    Dataset dataset = ScanFolder(photos_);
    AssignSplits(&dataset, 0.2, 0.3, seed);
    return CardOf(dataset, seed);
  }

  static ModelCard CardOf(const Dataset& dataset, uint64_t seed) {
    ModelCard card;
    card.recipe["seed"] = seed;
    card.data = {{"sha256", Fingerprint(dataset)},
                 {"photos",
                  {{"train", CountsOf(dataset, Split::kTrain)},
                   {"validation", CountsOf(dataset, Split::kValidation)},
                   {"test", CountsOf(dataset, Split::kTest)}}}};
    return card;
  }

  static Json CountsOf(const Dataset& dataset, Split split) {
    const std::vector<int> counts = dataset.CountByClass(split);
    return {{"bird", counts[0]}, {"other", counts[1]}};
  }

  Dataset Scan(std::vector<ModelCard> cards) {
    std::vector<const ModelCard*> models;
    for (const ModelCard& card : cards) models.push_back(&card);
    progress_ = {};
    return PhotosToScore(photos_, "", models, progress_);
  }

  testing::TemporaryFolder folder_;
  fs::path photos_ = folder_.path() / "photos";
  testing::NotingProgress progress_;
};

TEST_F(PhotosToScoreTest, RecallsWhatTheModelHasSeen) {
  const ModelCard card = CardOfTraining(9);
  const Dataset dataset = Scan({card});
  EXPECT_EQ(Fingerprint(dataset), card.data["sha256"].get<std::string>());
  EXPECT_EQ(PhotosOfPart(dataset, "test").size(), 12u);
  EXPECT_NE(progress_.notes.find("trained on these photos"), std::string::npos);
  EXPECT_TRUE(progress_.warnings.empty());
}

TEST_F(PhotosToScoreTest, RecallsThePartThatWasDrawn) {
  Dataset drawn = ScanFolder(photos_);
  ASSERT_TRUE(DrawPhotos(&drawn, 24, 9));
  AssignSplits(&drawn, 0.2, 0.3, 9);
  ModelCard card = CardOf(drawn, 9);
  card.data["max_photos"] = 24u;
  const Dataset dataset = Scan({card});
  EXPECT_EQ(Fingerprint(dataset), card.data["sha256"]);
  EXPECT_EQ(PhotosOfPart(dataset, "test").size(), drawn.InSplit(Split::kTest).size());
  card.data["max_photos"] = 3u;
  EXPECT_FALSE(Scan({card}).has_splits);
}

TEST_F(PhotosToScoreTest, OtherPhotosAreAllNew) {
  const ModelCard card = CardOfTraining(9);
  std::ofstream(photos_ / "bird" / "001.jpg", std::ios::app) << "changed";
  const Dataset dataset = Scan({card});
  EXPECT_FALSE(dataset.has_splits);
  EXPECT_EQ(PhotosOfPart(dataset, "test").size(), 40u);
  EXPECT_EQ(progress_.notes, "");
}

TEST_F(PhotosToScoreTest, WarnsOfModelsWithOtherParts) {
  EXPECT_EQ(PhotosOfPart(Scan({CardOfTraining(9), CardOfTraining(9)}), "test").size(), 12u);
  EXPECT_TRUE(progress_.warnings.empty());
  EXPECT_EQ(PhotosOfPart(Scan({CardOfTraining(9), CardOfTraining(8)}), "test").size(), 12u);
  ASSERT_EQ(progress_.warnings.size(), 1u);
  EXPECT_NE(progress_.warnings[0].find("kept other photos"), std::string::npos) << progress_.warnings[0];
}

// Accuracy is then the recall of that class.
TEST_F(PhotosToScoreTest, OneClassIsEnough) {
  std::filesystem::remove_all(photos_ / "other");
  ModelCard card;
  card.class_names = {"bird", "other"};
  Dataset dataset = Scan({card});
  EXPECT_EQ(PhotosOfPart(dataset, "test").size(), 20u);
  EXPECT_EQ(MapClasses(dataset, card), std::vector<int>{0});
  // It must be one of the model's.
  card.class_names = {"crow", "jay"};
  testing::ExpectError(ErrorKind::kData, "'bird' is none of the model's classes (crow, jay)",
                       [&] { MapClasses(dataset, card); });
}

TEST_F(PhotosToScoreTest, ASplitFileMayNameOneClassOnly) {
  testing::PutFile(folder_.path() / "split.csv", "path,class,split\nbird/003.jpg,bird,test\n");
  const Dataset dataset = PhotosToScore(photos_, folder_.path() / "split.csv", {}, progress_);
  ASSERT_EQ(PhotosOfPart(dataset, "test").size(), 1u);
  EXPECT_EQ(PhotosOfPart(dataset, "test")[0]->path, "bird/003.jpg");
}

TEST_F(PhotosToScoreTest, ACardMaySayAnything) {
  for (const char* data : {"{}", "{\"photos\": 5}", "{\"photos\": {\"test\": [1]}, \"sha256\": 7}",
                           "{\"photos\": {\"test\": {\"bird\": -1, \"other\": 1e300}}}"}) {
    ModelCard card = CardOfTraining(9);
    card.data = ParseJson(data, "test");
    EXPECT_FALSE(Scan({card}).has_splits) << data;
  }
}

TEST(MapClasses, SpellingsOfAnAccentAreOneName) {
  Dataset dataset;
  dataset.class_names = {"Caf\u00E9", "bar"};
  ModelCard card;
  card.class_names = {"bar", "Cafe\u0301"};
  EXPECT_EQ(MapClasses(dataset, card), (std::vector{1, 0}));
}

}  // namespace
}  // namespace siskin
