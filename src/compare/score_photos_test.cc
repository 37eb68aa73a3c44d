#include "compare/score_photos.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "base/json.h"
#include "base/testing.h"
#include "data/demo.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

class Listener : public Progress {
 public:
  void Note(std::string_view line) override { said += std::string(line) + "\n"; }
  void Warn(std::string_view line) override { said += std::string(line) + "\n"; }
  std::string said;
};

class PhotosToScoreTest : public ::testing::Test {
 protected:
  PhotosToScoreTest() {
    ThreadPool threads(1);
    Progress progress;
    const std::atomic<bool> stop = false;
    WriteDemoData(photos_, 20, 1, {threads, progress, stop});
  }

  // What a training with that seed would leave in the model.
  ModelCard CardOfTraining(uint64_t seed) const {
    Dataset dataset = ScanFolder(photos_);
    AssignSplits(&dataset, 0.2, 0.3, seed);
    ModelCard card;
    card.recipe["seed"] = seed;
    card.data = {{"sha256", Fingerprint(dataset)},
                 {"photos",
                  {{"train", {{"bird", 10}, {"other", 10}}},
                   {"validation", {{"bird", 4}, {"other", 4}}},
                   {"test", {{"bird", 6}, {"other", 6}}}}}};
    return card;
  }

  Dataset Scan(std::vector<ModelCard> cards) {
    std::vector<const ModelCard*> models;
    for (const ModelCard& card : cards) models.push_back(&card);
    listener_.said.clear();
    return PhotosToScore(photos_, "", models, listener_);
  }

  testing::TemporaryFolder folder_;
  fs::path photos_ = folder_.path() / "photos";
  Listener listener_;
};

TEST_F(PhotosToScoreTest, RecallsWhatTheModelHasSeen) {
  const ModelCard card = CardOfTraining(9);
  const Dataset dataset = Scan({card});
  EXPECT_EQ(Fingerprint(dataset), card.data["sha256"]);
  EXPECT_EQ(PhotosOfPart(dataset, "test").size(), 12u);
  EXPECT_NE(listener_.said.find("trained on these photos"), std::string::npos);
}

TEST_F(PhotosToScoreTest, OtherPhotosAreAllNew) {
  const ModelCard card = CardOfTraining(9);
  std::ofstream(photos_ / "bird" / "001.jpg", std::ios::app) << "changed";
  const Dataset dataset = Scan({card});
  EXPECT_FALSE(dataset.has_splits);
  EXPECT_EQ(PhotosOfPart(dataset, "test").size(), 40u);
  EXPECT_EQ(listener_.said, "");
}

TEST_F(PhotosToScoreTest, WarnsOfModelsWithOtherParts) {
  EXPECT_EQ(PhotosOfPart(Scan({CardOfTraining(9), CardOfTraining(9)}), "test").size(), 12u);
  EXPECT_EQ(listener_.said.find("other photos"), std::string::npos) << listener_.said;
  EXPECT_EQ(PhotosOfPart(Scan({CardOfTraining(9), CardOfTraining(8)}), "test").size(), 12u);
  EXPECT_NE(listener_.said.find("kept other photos"), std::string::npos) << listener_.said;
}

TEST_F(PhotosToScoreTest, ACardMaySayAnything) {
  for (const char* data : {"{}", "{\"photos\": 5}", "{\"photos\": {\"test\": [1]}, \"sha256\": 7}",
                           "{\"photos\": {\"test\": {\"bird\": -1, \"other\": 1e300}}}"}) {
    ModelCard card = CardOfTraining(9);
    card.data = ParseJson(data, "test");
    EXPECT_FALSE(Scan({card}).has_splits) << data;
  }
}

}  // namespace
}  // namespace siskin
