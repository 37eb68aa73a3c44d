// The model file and what stands in it.
#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/json.h"
#include "base/testing.h"
#include "model/classifier_model.h"
#include "model/model_card.h"
#include "model/predictor.h"
#include "model/self_proof.h"
#include "model/testing_model.h"
#include "weights/file/safetensors.h"

namespace siskin {
namespace {

using testing::SmallModel;
using testing::TemporaryFolder;

std::string MessageOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelCard, JsonRoundTrip) {
  ModelCard card = SmallModel({"cat", "dog", "newt"}).card;
  card.threshold = 0.25;
  card.temperature = 1.5;
  card.references = {{7, {0.25f, 0.5f, 0.25f}}};
  const Json json = ToJson(card);
  EXPECT_EQ(ToText(ToJson(ModelCardFromJson(ParseJson(ToText(json), "card"), "card"))), ToText(json));
}

TEST(ModelCard, RefusesNonsenseWithTheReason) {
  const Json good = ToJson(SmallModel({"a", "b"}).card);
  const auto with = [&](const char* key, const Json& value) {
    Json changed = good;
    changed[key] = value;
    return MessageOf([&] { ModelCardFromJson(changed, "x"); });
  };
  EXPECT_EQ(MessageOf([&] { ModelCardFromJson(good, "x"); }), "no error");
  EXPECT_NE(with("format", 2).find("newer siskin"), std::string::npos);
  EXPECT_NE(with("classes", Json::array({"only"})).find("two classes"), std::string::npos);
  // Of two scores under one name in a line of JSON readers see the last.
  EXPECT_NE(with("classes", {"cat", "cat"}).find("two classes are named \"cat\""), std::string::npos);
  EXPECT_NE(with("classes", "cats").find("not a list"), std::string::npos);
  EXPECT_NE(with("threshold", 1.5).find("threshold"), std::string::npos);
  EXPECT_NE(with("temperature", 0).find("temperature"), std::string::npos);
  EXPECT_NE(with("head", {{"hidden", {1e9}}, {"dropout", 0}}).find("units"), std::string::npos);
  EXPECT_NE(with("head", {{"hidden", {1 << 20}}, {"dropout", 0}}).find("units"), std::string::npos);
  EXPECT_NE(with("network", 5).find("object"), std::string::npos);
  Json bigger = good["preprocessing"];
  bigger["height"] = 64;
  EXPECT_NE(with("preprocessing", bigger).find("64"), std::string::npos);
}

TEST(Model, FileRoundTripGivesTheSameScores) {
  const TemporaryFolder folder;
  ThreadPool threads(2);
  ClassifierModel model = SmallModel({"cat", "dog", "newt"});
  WriteModel(folder.path() / "m.safetensors", &model, threads);
  const ClassifierModel read = ReadModel(folder.path() / "m.safetensors");
  Predictor before(model, 1, threads), after(read, 1, threads);
  const Image picture = ReferencePicture(99);
  const std::vector<float> scores = before.Scores(picture);
  EXPECT_EQ(after.Scores(picture), scores);
  EXPECT_NEAR(scores[0] + scores[1] + scores[2], 1, 1e-6);
  EXPECT_NE(scores, before.Scores(ReferencePicture(100)));  // the answer depends on the picture
}

TEST(Model, VerifyPassesAndNoticesAChangedWeight) {
  const TemporaryFolder folder;
  ThreadPool threads(1);
  ClassifierModel model = SmallModel({"a", "b"});
  WriteModel(folder.path() / "m.safetensors", &model, threads);
  ClassifierModel read = ReadModel(folder.path() / "m.safetensors");
  const VerifyResult good = Verify(read, threads);
  EXPECT_EQ(good.references, 3);
  EXPECT_TRUE(good.passed()) << good.largest_difference;
  read.weights.at("head_logits/bias").data()[0] += 0.05f;
  EXPECT_FALSE(Verify(read, threads).passed());
  read.weights.at("head_logits/bias").data()[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(Verify(read, threads).passed());
  read.card.references.clear();
  EXPECT_FALSE(Verify(read, threads).passed());  // nothing compared is no proof
}

// Whether reading a file of these bytes fails, or verifying what was read.
bool DamageIsNoticed(const std::string& bytes, ThreadPool& threads) {
  try {
    return !Verify(ParseModel(bytes, "x"), threads).passed();
  } catch (const Error&) {
    return true;
  }
}

// Of 24 flipped bits, `siskin verify` let 12 pass, one of which moved a score by 0.06: the references do not depend on
// every weight, and not at all on names and threshold.
TEST(Model, VerifyNoticesEveryFlippedBit) {
  if (testing::UnderThreadSanitizer()) GTEST_SKIP() << testing::kNoThreads;
  const TemporaryFolder folder;
  ThreadPool threads(1);
  ClassifierModel model = SmallModel({"cat", "a \x1f dog"});
  WriteModel(folder.path() / "m.safetensors", &model, threads);
  const std::string good = ReadFile(folder.path() / "m.safetensors");
  ASSERT_FALSE(DamageIsNoticed(good, threads));
  const size_t header_end = good.find(" ", good.rfind("data_offsets")), card = good.find("siskin");
  std::vector<size_t> positions = {0, 1, 2, 3, 4, 5, 6, 7, good.size() - 1};
  for (const char* text : {"\"format\"", "\"pt\"", "siskin\"", "siskin_sha256", "weights_sha256", "threshold", "0.5",
                           "cat", "u001f", "squash", "references", "__metadata__", "F32"}) {
    const size_t at = good.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    for (size_t i = at; i < at + std::string_view(text).size(); ++i) positions.push_back(i);
  }
  for (size_t at = header_end; at < header_end + 64 && good[at] == ' '; ++at) positions.push_back(at);  // its padding
  for (size_t at = 8; at < card; at += 97) positions.push_back(at);
  for (size_t at = card; at < header_end; at += 97) positions.push_back(at);
  for (size_t at = header_end + 64; at < good.size(); at += good.size() / 30) positions.push_back(at);
  for (const size_t at : positions) {
    std::string damaged = good;
    const auto bit = static_cast<unsigned>(at % 8);
    damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ 1u << bit);
    EXPECT_TRUE(DamageIsNoticed(damaged, threads)) << "byte " << at << ", bit " << bit;
  }
}

// A space with its bit flipped can be a NUL, at which the parser of JSON stops.
TEST(Model, ANulInThePaddingIsNoticed) {
  const TemporaryFolder folder;
  ThreadPool threads(1);
  ClassifierModel model = SmallModel({"a", "b"});
  for (int length = 1; length <= 64; ++length) {  // of some there is padding
    model.card.weights_name = std::string(static_cast<size_t>(length), 'x');
    SaveModel(folder.path() / "m.safetensors", model);
    std::string bytes = ReadFile(folder.path() / "m.safetensors");
    const size_t space = bytes.find("}} ");
    if (space == std::string::npos) continue;
    bytes[space + 2] = '\0';
    EXPECT_NE(MessageOf([&] { ParseModel(bytes, "x"); }).find("NUL"), std::string::npos);
    return;
  }
  FAIL() << "no file with padding";
}

TEST(Model, ADamagedCardIsNotRead) {
  const TemporaryFolder folder;
  ThreadPool threads(1);
  const auto file = folder.path() / "m.safetensors";
  ClassifierModel model = SmallModel({"cat", "dog"});
  WriteModel(file, &model, threads);
  SafetensorsFile content = ReadSafetensors(file);
  std::string& card = content.metadata.at("siskin");
  card.replace(card.find("dog"), 3, "dof");
  WriteSafetensors(file, content.tensors, content.metadata);
  EXPECT_NE(MessageOf([&] { ReadModel(file); }).find("not the one that was written"), std::string::npos);
  EXPECT_NE(MessageOf([&] { ReadModelCard(file); }).find("not the one that was written"), std::string::npos);
  content.metadata.erase("siskin_sha256");
  WriteSafetensors(file, content.tensors, content.metadata);
  EXPECT_NE(MessageOf([&] { ReadModel(file); }).find("not its SHA-256"), std::string::npos);
}

// What other programs add to the metadata is none of our business.
TEST(Model, ForeignMetadataDoNotMatter) {
  const TemporaryFolder folder;
  ThreadPool threads(1);
  const auto file = folder.path() / "m.safetensors";
  ClassifierModel model = SmallModel({"cat", "dog"});
  WriteModel(file, &model, threads);
  SafetensorsFile content = ReadSafetensors(file);
  content.metadata["note"] = "of the archive";
  WriteSafetensors(file, content.tensors, content.metadata);
  EXPECT_TRUE(Verify(ReadModel(file), threads).passed());
}

TEST(Model, FilesWithoutDigestsAreRead) {
  const TemporaryFolder folder;
  ThreadPool threads(1);
  const auto file = folder.path() / "m.safetensors";
  ClassifierModel model = SmallModel({"cat", "dog"});
  SetReferences(&model, threads);
  WriteSafetensors(file, model.weights, {{"format", "pt"}, {"siskin", ToText(ToJson(model.card))}});
  const ClassifierModel read = ReadModel(file);
  EXPECT_EQ(read.card.weights_sha256, "");
  const VerifyResult result = Verify(read, threads);
  EXPECT_EQ(result.written_sha256, "");
  EXPECT_TRUE(result.passed());
  SaveModel(file, read);
  EXPECT_EQ(Verify(ReadModel(file), threads).written_sha256, result.weights_sha256);
}

TEST(Model, ScoresDoNotDependOnBatchOrThreads) {
  const ClassifierModel model = SmallModel({"a", "b"});
  ThreadPool one(1), three(3);
  Predictor single(model, 1, one), batched(model, 4, three);
  const size_t floats = 32 * 32 * 3;
  std::vector<float> input(3 * floats);
  for (uint32_t i = 0; i < 3; ++i) {
    Preprocess(ReferencePicture(i), model.card.preprocessing, std::span(input).subspan(i * floats, floats));
  }
  std::vector<float> scores(6);
  batched.Scores(input, 3, scores);
  for (uint32_t i = 0; i < 3; ++i) {
    const std::vector<float> alone = single.Scores(ReferencePicture(i));
    EXPECT_EQ(alone[0], scores[2 * i]);
    EXPECT_EQ(alone[1], scores[2 * i + 1]);
  }
}

TEST(Model, ThresholdDecidesBetweenTwoClasses) {
  ClassifierModel model = SmallModel({"a", "b"});
  ThreadPool threads(1);
  model.card.threshold = 0.9;
  const Predictor predictor(model, 1, threads);
  EXPECT_EQ(predictor.Decide(std::vector<float>{0.2f, 0.8f}), 0);
  EXPECT_EQ(predictor.Decide(std::vector<float>{0.1f, 0.9f}), 0);  // 0.9f < 0.9
  EXPECT_EQ(predictor.Decide(std::vector<float>{0.05f, 0.95f}), 1);
}

TEST(Model, PredictKeepsOrderAndReportsBrokenPhotos) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "broken.jpg") << "no photo";
  ThreadPool threads(2);
  Predictor predictor(SmallModel({"a", "b"}), 2, threads);
  const std::vector<std::filesystem::path> files(3, folder.path() / "broken.jpg");
  const std::vector<Predictor::Answer> answers = predictor.PredictFiles(files);
  ASSERT_EQ(answers.size(), 3u);
  for (const Predictor::Answer& answer : answers) {
    EXPECT_FALSE(answer.status.error.empty());
    EXPECT_TRUE(answer.scores.empty());
    EXPECT_EQ(answer.label, -1);
  }
}

TEST(Model, ReadRefusesWhatIsNoModel) {
  const TemporaryFolder folder;
  ThreadPool threads(1);
  const auto file = folder.path() / "m.safetensors";
  TensorMap some;
  some.emplace("x", Tensor(Shape{2}));
  WriteSafetensors(file, some, {});
  EXPECT_NE(MessageOf([&] { ReadModel(file); }).find("no model of siskin"), std::string::npos);

  ClassifierModel model = SmallModel({"a", "b"});
  model.weights.erase("head_logits/bias");
  EXPECT_NE(MessageOf([&] { WriteModel(file, &model, threads); }).find("head_logits/bias"), std::string::npos);

  ClassifierModel extra = SmallModel({"a", "b"});
  WriteModel(file, &extra, threads);
  extra.weights.emplace("zzz/kernel", Tensor(Shape{1}));
  WriteSafetensors(file, extra.weights, {{"siskin", ToText(ToJson(extra.card))}});
  EXPECT_NE(MessageOf([&] { ReadModel(file); }).find("zzz/kernel"), std::string::npos);
}

TEST(Model, FullDiskLeavesTheOldFile) {
  class FullDisk : public FileOps {
   public:
    int64_t Write(int, const void*, size_t) override { return -ENOSPC; }
  };
  const TemporaryFolder folder;
  ThreadPool threads(1);
  const auto file = folder.path() / "m.safetensors";
  ClassifierModel model = SmallModel({"a", "b"});
  WriteModel(file, &model, threads);
  const std::string before = ReadFile(file);
  FullDisk full;
  EXPECT_NE(MessageOf([&] { WriteModel(file, &model, threads, full); }).find("free some space"), std::string::npos);
  EXPECT_EQ(ReadFile(file), before);
}

}  // namespace
}  // namespace siskin
