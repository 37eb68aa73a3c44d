// The public API against the library below it.
#include "siskin/classifier.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/testing.h"
#include "images/testing_images.h"
#include "model/self_proof.h"
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
  const Prediction file = classifier.ClassifyFile(folder_.path() / "photo.jpg");
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
  const std::vector<Prediction> predictions = classifier.ClassifyFiles(photos);
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
  const Prediction bytes = classifier.ClassifyBytes(cut), file = classifier.ClassifyFile(folder_.path() / "cut.jpg");
  EXPECT_TRUE(bytes.ok()) << bytes.error;
  EXPECT_NE(bytes.warning, "");
  EXPECT_EQ(file.warning, bytes.warning);
  EXPECT_EQ(classifier.ClassifyBytes(photo_).warning, "");
}

// The same answers one by one, together, and from another classifier that shares the weights; a broken photo among
// them.
TEST_F(ClassifierTest, ManyPhotosGetTheAnswersThatEachGetsAlone) {
  Classifier classifier(folder_.path() / "m.safetensors", 2);
  Classifier other = classifier.ShareModel(1);
  EXPECT_EQ(other.class_names(), classifier.class_names());
  std::vector<std::string> files;
  std::vector<Image> pictures;
  for (int i = 0; i < 19; ++i) {  // more than two batches
    pictures.push_back(testing::GradientPicture(30 + i, 50 - i));
    files.push_back(i == 7 ? "no photo" : testing::EncodeJpeg(pictures.back()));
  }
  const std::vector<std::string_view> bytes(files.begin(), files.end());
  const std::vector<Prediction> many = classifier.ClassifyManyBytes(bytes);
  ASSERT_EQ(many.size(), files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const Prediction alone = other.ClassifyBytes(files[i]);
    EXPECT_EQ(alone.ok(), i != 7);
    EXPECT_EQ(many[i].error, alone.error) << i;
    EXPECT_EQ(many[i].scores, alone.scores) << i;
    EXPECT_EQ(many[i].index, alone.index) << i;
  }
  EXPECT_NE(many[0].scores, many[18].scores) << "all alike: nothing is tested";

  std::vector<Pixels> pixels;
  for (const Image& p : pictures) pixels.push_back({p.rgb.data(), p.width, p.height, static_cast<size_t>(p.width) * 3});
  const std::vector<Prediction> drawn = classifier.ClassifyManyPixels(pixels);
  for (size_t i = 0; i < pixels.size(); ++i) EXPECT_EQ(drawn[i].scores, other.ClassifyPixels(pixels[i]).scores) << i;
}

// A rectangle of a picture is a picture, without a copy.
TEST_F(ClassifierTest, PixelsMayBeAPartOfMore) {
  Classifier classifier(folder_.path() / "m.safetensors", 1);
  const Image whole = testing::GradientPicture(60, 40);
  const size_t row = 60 * 3;
  Image part{20, 10, {}};
  for (size_t y = 5; y < 15; ++y) {
    const auto begin = whole.rgb.begin() + static_cast<std::ptrdiff_t>(y * row + 30 * 3);
    part.rgb.insert(part.rgb.end(), begin, begin + 20 * 3);
  }
  const Prediction copied = classifier.ClassifyPixels({part.rgb.data(), 20, 10, 60});
  const Prediction in_place = classifier.ClassifyPixels({whole.rgb.data() + 5 * row + 30 * 3, 20, 10, row});
  EXPECT_EQ(in_place.scores, copied.scores);
  EXPECT_THROW(static_cast<void>(classifier.ClassifyPixels({})), Error);
  EXPECT_THROW(static_cast<void>(classifier.ClassifyPixels({part.rgb.data(), 20, 10, 59})), Error);
}

TEST_F(ClassifierTest, TopIsByScoreAndThenByOrder) {
  Prediction prediction;
  EXPECT_TRUE(prediction.Top(3).empty());
  prediction.scores = {0.1f, 0.4f, 0.1f, 0.4f};
  EXPECT_EQ(prediction.Top(3), (std::vector<int>{1, 3, 0}));
  EXPECT_EQ(prediction.Top(9), (std::vector<int>{1, 3, 0, 2}));
  EXPECT_TRUE(prediction.Top(0).empty());
}

TEST_F(ClassifierTest, TellsWhatTheModelIs) {
  const Classifier classifier(folder_.path() / "m.safetensors", 1);
  const ModelCard card = ReadModelCard(folder_.path() / "m.safetensors");
  EXPECT_EQ(classifier.model().network, card.network.network);
  EXPECT_EQ(classifier.model().height, card.preprocessing.height);
  EXPECT_EQ(classifier.model().width, card.preprocessing.width);
  EXPECT_EQ(classifier.model().class_names, card.class_names);
  EXPECT_EQ(ParseJson(classifier.model().card, "card"), ToJson(card));
}

TEST_F(ClassifierTest, ThrowsForWhatIsNoModel) {
  EXPECT_THROW(Classifier(folder_.path() / "missing"), Error);
  EXPECT_THROW(Classifier(folder_.path() / "photo.jpg"), Error);
}

}  // namespace
}  // namespace siskin
