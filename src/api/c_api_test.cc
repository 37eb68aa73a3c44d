// The C API against the C++ one.
#include "siskin/c_api.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/testing.h"
#include "images/testing_images.h"
#include "model/self_proof.h"
#include "model/testing_model.h"
#include "siskin/classifier.h"

namespace siskin {
namespace {

class CApiTest : public ::testing::Test {
 protected:
  CApiTest() {
    ThreadPool threads(1);
    ClassifierModel model = testing::SmallModel({"cat", "dog", "newt"});
    WriteModel(path_, &model, threads);
    classifier_ = siskin_open_file(path_.c_str(), 1, &error_);
  }
  ~CApiTest() override { siskin_close(classifier_); }

  testing::TemporaryFolder folder_;
  std::string path_ = folder_.path() / "m.safetensors";
  siskin_error error_ = {};
  siskin_classifier* classifier_ = nullptr;
};

TEST_F(CApiTest, AnswersAsTheClassifierDoes) {
  ASSERT_NE(classifier_, nullptr) << error_.message;
  ASSERT_EQ(siskin_num_classes(classifier_), 3);
  EXPECT_STREQ(siskin_class_name(classifier_, 2), "newt");
  EXPECT_EQ(siskin_class_name(classifier_, 3), nullptr);
  EXPECT_EQ(siskin_class_name(classifier_, -1), nullptr);
  const std::string photo = testing::EncodeJpeg(testing::GradientPicture(50, 40));
  const Prediction expected = Classifier(path_, 1).ClassifyBytes(photo);
  std::vector<float> scores(3);
  const int label = siskin_classify_photo(classifier_, photo.data(), photo.size(), scores.data(), &error_);
  ASSERT_GE(label, 0) << error_.message;
  EXPECT_EQ(siskin_class_name(classifier_, label), expected.label);
  EXPECT_EQ(scores, expected.scores);
  EXPECT_EQ(siskin_classify_photo(classifier_, photo.data(), photo.size(), nullptr, nullptr), label);
}

TEST_F(CApiTest, TheModelMayComeFromMemory) {
  const std::string bytes = ReadFile(path_);
  siskin_classifier* copy = siskin_open_memory(bytes.data(), bytes.size(), 1, &error_);
  ASSERT_NE(copy, nullptr) << error_.message;
  const Image picture = testing::GradientPicture(64, 48);
  std::vector<float> scores(3), again(3);
  EXPECT_GE(siskin_classify_pixels(classifier_, picture.rgb.data(), 64, 48, 64 * 3, scores.data(), &error_), 0);
  EXPECT_GE(siskin_classify_pixels(copy, picture.rgb.data(), 64, 48, 64 * 3, again.data(), &error_), 0);
  EXPECT_EQ(scores, again);
  siskin_close(copy);
}

TEST_F(CApiTest, ManyPhotosGetTheAnswersThatEachGetsAlone) {
  const std::string good = testing::EncodeJpeg(testing::GradientPicture(50, 40));
  const std::string cut = good.substr(0, good.size() - 4), broken = "no photo";
  const siskin_bytes photos[] = {{good.data(), good.size()}, {broken.data(), broken.size()}, {cut.data(), cut.size()}};
  siskin_answer answers[3];
  std::vector<float> scores(9, -1), alone(3);
  ASSERT_EQ(siskin_classify_photos(classifier_, photos, 3, answers, scores.data(), &error_), 0) << error_.message;
  EXPECT_EQ(siskin_classify_photo(classifier_, good.data(), good.size(), alone.data(), nullptr), answers[0].label);
  EXPECT_EQ(std::vector<float>(scores.begin(), scores.begin() + 3), alone);
  EXPECT_EQ(answers[0].score, alone[static_cast<size_t>(answers[0].label)]);
  EXPECT_STREQ(answers[0].message, "");
  EXPECT_EQ(answers[1].label, -1);
  EXPECT_EQ(answers[1].status, SISKIN_PHOTO);
  EXPECT_NE(std::string(answers[1].message).find("not a JPEG"), std::string::npos) << answers[1].message;
  EXPECT_EQ(scores[3], 0);
  EXPECT_EQ(answers[2].status, SISKIN_OK);
  EXPECT_STRNE(answers[2].message, "") << "a warning";

  const Image picture = testing::GradientPicture(33, 20);
  const siskin_pixels pictures[] = {{picture.rgb.data(), 33, 20, 99}, {picture.rgb.data(), 10, 20, 99}};
  ASSERT_EQ(siskin_classify_pictures(classifier_, pictures, 2, answers, scores.data(), &error_), 0) << error_.message;
  EXPECT_EQ(siskin_classify_pixels(classifier_, picture.rgb.data(), 10, 20, 99, alone.data(), nullptr),
            answers[1].label);
  EXPECT_EQ(std::vector<float>(scores.begin() + 3, scores.begin() + 6), alone);

  EXPECT_EQ(siskin_classify_photos(classifier_, nullptr, 0, nullptr, nullptr, nullptr), 0) << "none is none too many";
  EXPECT_EQ(siskin_classify_photos(classifier_, photos, 3, nullptr, nullptr, &error_), -1);
  EXPECT_EQ(siskin_classify_photos(nullptr, photos, 3, answers, nullptr, &error_), -1);
  const siskin_bytes null = {nullptr, 3};
  EXPECT_EQ(siskin_classify_photos(classifier_, &null, 1, answers, nullptr, &error_), -1);
  EXPECT_EQ(error_.status, SISKIN_USAGE);
}

TEST_F(CApiTest, TwoMayShareAModel) {
  siskin_classifier* other = siskin_share(classifier_, 1, &error_);
  ASSERT_NE(other, nullptr) << error_.message;
  const Image picture = testing::GradientPicture(64, 48);
  std::vector<float> scores(3), again(3);
  siskin_classify_pixels(classifier_, picture.rgb.data(), 64, 48, 64 * 3, scores.data(), &error_);
  siskin_close(classifier_);
  classifier_ = nullptr;
  EXPECT_GE(siskin_classify_pixels(other, picture.rgb.data(), 64, 48, 64 * 3, again.data(), &error_), 0);
  EXPECT_EQ(again, scores);
  EXPECT_EQ(siskin_share(other, -1, &error_), nullptr);
  EXPECT_EQ(siskin_share(nullptr, 1, &error_), nullptr);
  siskin_close(other);
}

TEST_F(CApiTest, TheCardIsJson) {
  EXPECT_EQ(ParseJson(siskin_model_json(classifier_), "card"), ToJson(ReadModelCard(path_)));
  EXPECT_EQ(siskin_model_json(nullptr), nullptr);
}

TEST_F(CApiTest, RowsMayBeApart) {
  const Image picture = testing::GradientPicture(33, 20);
  const size_t row = 33 * 3, apart = row + 29;
  std::vector<uint8_t> rows(apart * 20, 255);
  for (size_t y = 0; y < 20; ++y) std::memcpy(rows.data() + y * apart, picture.rgb.data() + y * row, row);
  std::vector<float> dense(3), spread(3);
  siskin_classify_pixels(classifier_, picture.rgb.data(), 33, 20, row, dense.data(), nullptr);
  siskin_classify_pixels(classifier_, rows.data(), 33, 20, apart, spread.data(), nullptr);
  EXPECT_EQ(dense, spread);
  EXPECT_GT(dense[0], 0);
}

TEST_F(CApiTest, ErrorsAreCodesAndSentences) {
  const uint8_t pixels[3] = {};
  const auto pixels_status = [&](const uint8_t* rgb, int width, int height, size_t row_bytes) {
    error_ = {};
    EXPECT_EQ(siskin_classify_pixels(classifier_, rgb, width, height, row_bytes, nullptr, &error_), -1);
    return error_.status;
  };
  EXPECT_EQ(pixels_status(nullptr, 1, 1, 3), SISKIN_USAGE);
  EXPECT_EQ(pixels_status(pixels, 0, 1, 3), SISKIN_USAGE);
  EXPECT_EQ(pixels_status(pixels, 1, -1, 3), SISKIN_USAGE);
  EXPECT_EQ(pixels_status(pixels, 1, 1, 2), SISKIN_USAGE);
  EXPECT_EQ(pixels_status(pixels, 2'000'000'000, 2'000'000'000, size_t{6'000'000'000}), SISKIN_USAGE);
  EXPECT_EQ(siskin_classify_photo(classifier_, "no photo", 8, nullptr, &error_), -1);
  EXPECT_EQ(error_.status, SISKIN_PHOTO);
  EXPECT_NE(std::string(error_.message).find("not a JPEG"), std::string::npos) << error_.message;
  EXPECT_EQ(siskin_classify_photo(nullptr, "x", 1, nullptr, &error_), -1);
  EXPECT_EQ(error_.status, SISKIN_USAGE);

  EXPECT_EQ(siskin_open_memory("rubbish", 7, 1, &error_), nullptr);
  EXPECT_EQ(error_.status, SISKIN_MODEL);
  EXPECT_EQ(siskin_open_memory(nullptr, 7, 1, &error_), nullptr);
  EXPECT_EQ(error_.status, SISKIN_USAGE);
  for (const int threads : {-1, 1'000'000}) {
    EXPECT_EQ(siskin_open_file(path_.c_str(), threads, &error_), nullptr);
    EXPECT_EQ(error_.status, SISKIN_USAGE);
  }
  const std::string missing = folder_.path() / std::string(200, 'm') / std::string(200, 'm') / std::string(200, 'm');
  EXPECT_EQ(siskin_open_file(missing.c_str(), 1, &error_), nullptr);
  EXPECT_EQ(error_.status, SISKIN_IO);
  EXPECT_LT(strnlen(error_.message, sizeof(error_.message)), sizeof(error_.message));
  EXPECT_EQ(siskin_open_file(missing.c_str(), 1, nullptr), nullptr);
  siskin_close(nullptr);
}

TEST(CApi, NullHasNoClasses) {
  EXPECT_EQ(siskin_num_classes(nullptr), 0);
  EXPECT_EQ(siskin_class_name(nullptr, 0), nullptr);
}

TEST(CApi, KnowsItsVersion) {
  EXPECT_STREQ(siskin_version(), SISKIN_VERSION);
  EXPECT_EQ(siskin_abi_version(), SISKIN_ABI_VERSION);
}

}  // namespace
}  // namespace siskin
