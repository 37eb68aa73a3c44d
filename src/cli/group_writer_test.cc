#include "cli/group_writer.h"

#include <gtest/gtest.h>

#include "networks/imagenet_labels.h"

namespace siskin::cli {
namespace {

std::vector<GroupQuestion> Questions(const std::vector<std::string>& words) {
  ModelCard card;
  card.network = {.network = "mobilenet", .top = true};
  for (const ImageNetLabel& label : ImageNetLabels()) card.class_names.emplace_back(label.name);
  std::vector<GroupQuestion> questions;
  for (const std::string& word : words) questions.emplace_back(card, FindImageNetGroup(word), 0.5);
  return questions;
}

// A cock (class 7) with 3/4, a goldfish (class 1) with 1/4.
Predictor::Answer Cock() {
  Predictor::Answer answer{.status = {}, .scores = std::vector<float>(1000), .label = 7};
  answer.scores[7] = 0.75f;
  answer.scores[1] = 0.25f;
  return answer;
}

Predictor::Answer Broken() {
  return {.status = {.error = "truncated, \"badly\"", .warning = {}}, .scores = {}, .label = -1};
}

TEST(GroupWriter, TextHasALineAGroup) {
  const auto writer = MakeGroupWriter({.format = "text", .top = 0, .path_columns = 6}, Questions({"bird", "goldfish"}));
  EXPECT_EQ(writer->Line("a.jpg", Cock()),
            "a.jpg   bird      yes   75.0 %\n"
            "        goldfish  no    25.0 %\n");
  EXPECT_EQ(writer->Line("a.jpg", Broken()), "a.jpg   error: truncated, \"badly\"\n");
}

TEST(GroupWriter, JsonLines) {
  const auto writer = MakeGroupWriter({.format = "jsonl"}, Questions({"bird", "goldfish"}));
  EXPECT_EQ(writer->Line("a.jpg", Cock()), R"({"v":1,"path":"a.jpg","group":"bird","label":"yes","score":0.75})"
                                           "\n"
                                           R"({"v":1,"path":"a.jpg","group":"goldfish","label":"no","score":0.25})"
                                           "\n");
  EXPECT_EQ(writer->Line("a.jpg", Broken()), R"({"v":1,"path":"a.jpg","error":"truncated, \"badly\""})"
                                             "\n");
}

TEST(GroupWriter, CsvHasAsManyFieldsInEveryLine) {
  const auto writer = MakeGroupWriter({.format = "csv"}, Questions({"bird"}));
  EXPECT_EQ(writer->Header(), "path,group,label,score,error\n");
  EXPECT_EQ(writer->Line("a,b.jpg", Cock()), "\"a,b.jpg\",bird,yes,0.75,\n");
  EXPECT_EQ(writer->Line("x", Broken()), "x,,,,\"truncated, \"\"badly\"\"\"\n");
}

}  // namespace
}  // namespace siskin::cli
