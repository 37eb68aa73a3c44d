// The public API against the library below it.
#include "siskin/classifier.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "base/testing.h"
#include "images/testing_images.h"
#include "model/testing_model.h"

namespace siskin {
namespace {

class ClassifierTest : public ::testing::Test {
 protected:
  ClassifierTest() {
    ThreadPool threads(1);
    ClassifierModel model = testing::SmallModel({"cat", "dog", "newt"});
    WriteModel(folder_.path() / "m.safetensors", &model, threads);
    photo_ = testing::EncodeJpeg(testing::GradientPicture(50, 40));
    WriteFileAtomic(folder_.path() / "photo.jpg", photo_);
    WriteFileAtomic(folder_.path() / "broken.jpg", "no photo");
  }
  testing::TemporaryFolder folder_;
  std::string photo_;
};

TEST_F(ClassifierTest, AnswersForFilesAndBytesAlike) {
  Classifier classifier(folder_.path() / "m.safetensors", 2);
  EXPECT_EQ(classifier.class_names(), (std::vector<std::string>{"cat", "dog", "newt"}));
  const Prediction file = classifier.Classify(folder_.path() / "photo.jpg");
  const Prediction bytes = classifier.ClassifyBytes(photo_);
  ASSERT_TRUE(file.ok()) << file.error;
  ASSERT_EQ(file.scores.size(), 3u);
  EXPECT_EQ(file.scores, bytes.scores);
  EXPECT_EQ(file.label, bytes.label);
  EXPECT_EQ(file.score, *std::max_element(file.scores.begin(), file.scores.end()));
  EXPECT_NEAR(file.scores[0] + file.scores[1] + file.scores[2], 1, 1e-6);
}

TEST_F(ClassifierTest, BrokenPhotoIsAnAnswerNotAnException) {
  Classifier classifier(folder_.path() / "m.safetensors", 1);
  const std::vector<std::filesystem::path> photos = {folder_.path() / "broken.jpg", folder_.path() / "photo.jpg",
                                                     folder_.path() / "missing.jpg"};
  const std::vector<Prediction> predictions = classifier.Classify(photos);
  ASSERT_EQ(predictions.size(), 3u);
  EXPECT_FALSE(predictions[0].ok());
  EXPECT_TRUE(predictions[0].scores.empty());
  EXPECT_TRUE(predictions[1].ok());
  EXPECT_NE(predictions[2].error.find("No such file"), std::string::npos) << predictions[2].error;
  EXPECT_FALSE(classifier.ClassifyBytes("").ok());
}

TEST_F(ClassifierTest, ADamagedPhotoIsAnswerAndWarning) {
  Classifier classifier(folder_.path() / "m.safetensors", 1);
  const std::string cut = photo_.substr(0, photo_.size() - 4);
  WriteFileAtomic(folder_.path() / "cut.jpg", cut);
  const Prediction bytes = classifier.ClassifyBytes(cut), file = classifier.Classify(folder_.path() / "cut.jpg");
  EXPECT_TRUE(bytes.ok()) << bytes.error;
  EXPECT_NE(bytes.warning, "");
  EXPECT_EQ(file.warning, bytes.warning);
  EXPECT_EQ(classifier.ClassifyBytes(photo_).warning, "");
}

TEST_F(ClassifierTest, ThrowsForWhatIsNoModel) {
  EXPECT_THROW(Classifier(folder_.path() / "missing"), Error);
  EXPECT_THROW(Classifier(folder_.path() / "photo.jpg"), Error);
}

}  // namespace
}  // namespace siskin
