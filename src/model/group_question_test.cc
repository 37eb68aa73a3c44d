#include "model/group_question.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "networks/imagenet_labels.h"

namespace siskin {
namespace {

ModelCard ImageNetCard() {
  ModelCard card;
  card.network = {.network = "mobilenet", .top = true};
  for (const ImageNetLabel& label : ImageNetLabels()) card.class_names.emplace_back(label.name);
  return card;
}

// All of the score in two classes: `bird` of it in the cock (7), the rest in the goldfish (1).
Predictor::Answer AnswerWith(float bird) {
  Predictor::Answer answer{.status = {}, .scores = std::vector<float>(1000), .label = 7};
  answer.scores[7] = bird;
  answer.scores[1] = 1 - bird;
  return answer;
}

TEST(GroupQuestion, MakesTwoClassesOfAThousand) {
  const GroupQuestion question(ImageNetCard(), FindImageNetGroup("bird"), 0.5);
  EXPECT_EQ(question.card().class_names, (std::vector<std::string>{"other", "bird"}));
  const Predictor::Answer yes = question.Of(AnswerWith(0.75f)), no = question.Of(AnswerWith(0.25f));
  EXPECT_EQ(yes.scores, (std::vector<float>{0.25f, 0.75f}));
  EXPECT_EQ(yes.label, 1);
  EXPECT_EQ(no.scores, (std::vector<float>{0.75f, 0.25f}));
  EXPECT_EQ(no.label, 0);
}

TEST(GroupQuestion, AnswersByTheThreshold) {
  const GroupQuestion question(ImageNetCard(), FindImageNetGroup("bird"), 0.25);
  EXPECT_EQ(question.Of(AnswerWith(0.25f)).label, 1) << "from the threshold on";
  EXPECT_EQ(question.Of(AnswerWith(0.24f)).label, 0);
}

TEST(GroupQuestion, PassesErrorsOn) {
  const GroupQuestion question(ImageNetCard(), FindImageNetGroup("bird"), 0.5);
  const Predictor::Answer answer =
      question.Of({.status = {.error = "truncated", .warning = {}}, .scores = {}, .label = -1});
  EXPECT_EQ(answer.status.error, "truncated");
  EXPECT_TRUE(answer.scores.empty());
}

TEST(GroupQuestion, AModelWithItsOwnClassesHasNoGroups) {
  ModelCard card = ImageNetCard();
  card.network.top = false;
  card.class_names = {"cats", "dogs"};
  try {
    GroupQuestion(card, FindImageNetGroup("bird"), 0.5);
    ADD_FAILURE() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("cats, dogs"), std::string::npos) << error.what();
  }
}

std::vector<int> Folders(const std::string& word, const std::vector<std::string>& folders) {
  return FoldersInGroup(folders, FindImageNetGroup(word), "photos");
}

TEST(FoldersInGroup, TakesTheWordAndItsKinds) {
  EXPECT_EQ(Folders("bird", {"bird", "other"}), (std::vector<int>{1, 0}));
  EXPECT_EQ(Folders("dog", {"cats", "dogs"}), (std::vector<int>{0, 1}));
  EXPECT_EQ(Folders("n02084071", {"cats", "Dogs"}), (std::vector<int>{0, 1}));
  EXPECT_EQ(Folders("bird", {"jay", "crane", "no_bird", "king_penguins", "background"}),
            (std::vector<int>{1, 1, 0, 1, 0}));
  EXPECT_EQ(Folders("bird", {"jay", "robin"}), (std::vector<int>{1, 1}));  // how many of them are found
}

TEST(FoldersInGroup, RefusesWhatItCannotTell) {
  for (const std::vector<std::string>& folders : {std::vector<std::string>{"animal", "other"}, {"cat", "other"}}) {
    try {
      Folders("bird", folders);
      ADD_FAILURE() << folders[0];
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_NE(std::string(error.what()).find(folders[0]), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace siskin
