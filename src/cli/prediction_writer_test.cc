#include "cli/prediction_writer.h"

#include <gtest/gtest.h>

namespace siskin::cli {
namespace {

Predictor::Answer Good(std::vector<float> scores, int label) {
  return {.status = {}, .scores = std::move(scores), .label = label};
}

Predictor::Answer BrokenPhoto() {
  return {.status = {.error = "truncated, \"badly\"", .warning = {}}, .scores = {}, .label = -1};
}

std::string LineOf(const PredictionStyle& style, const Predictor::Answer& answer,
                   const std::vector<std::string>& classes = {"cats", "dogs"}) {
  return MakePredictionWriter(style, classes)->Line("a.jpg", answer);
}

TEST(PredictionWriter, TextIsOneAlignedLine) {
  const PredictionStyle style{.format = "text", .top = 0, .path_columns = 8};
  EXPECT_EQ(LineOf(style, Good({0.125f, 0.875f}, 1)), "a.jpg     dogs   87.5 %\n");
  EXPECT_EQ(LineOf(style, BrokenPhoto()), "a.jpg     error: truncated, \"badly\"\n");
}

// A threshold other than one half can make the answer a class with the smaller score: it is the answer that is shown.
TEST(PredictionWriter, TextShowsTheDecisionNotTheMaximum) {
  const PredictionStyle style{.format = "text", .top = 0, .path_columns = 5};
  EXPECT_EQ(LineOf(style, Good({0.6f, 0.4f}, 1)), "a.jpg  dogs   40.0 %\n");
}

TEST(PredictionWriter, TextShowsTheBest) {
  const PredictionStyle style{.format = "text", .top = 2, .path_columns = 5};
  EXPECT_EQ(LineOf(style, Good({0.1f, 0.3f, 0.6f}, 2), {"a", "b", "c"}), "a.jpg  c   60.0 %\n       b   30.0 %\n");
}

TEST(PredictionWriter, JsonLines) {
  const PredictionStyle style{.format = "jsonl"};
  EXPECT_EQ(LineOf(style, Good({0.1f, 0.9f}, 1)),
            R"({"v":1,"path":"a.jpg","label":"dogs","score":0.9,"scores":{"cats":0.1,"dogs":0.9}})"
            "\n");
  EXPECT_EQ(LineOf(style, BrokenPhoto()), R"({"v":1,"path":"a.jpg","error":"truncated, \"badly\""})"
                                          "\n");
}

TEST(PredictionWriter, CsvHasAsManyFieldsInEveryLine) {
  const auto all = MakePredictionWriter({.format = "csv"}, {"cats", "a,b"});
  EXPECT_EQ(all->Header(), "path,label,score,error,cats,\"a,b\"\n");
  EXPECT_EQ(all->Line("x", Good({0.25f, 0.75f}, 1)), "x,\"a,b\",0.75,,0.25,0.75\n");
  EXPECT_EQ(all->Line("x", BrokenPhoto()), "x,,,\"truncated, \"\"badly\"\"\",,\n");
  const auto best = MakePredictionWriter({.format = "csv", .top = 2}, {"cats", "dogs", "owls"});
  EXPECT_EQ(best->Header(), "path,label,score,error,label_2,score_2\n");
  EXPECT_EQ(best->Line("x", Good({0.25f, 0.5f, 0.125f}, 1)), "x,dogs,0.5,,cats,0.25\n");
  EXPECT_EQ(best->Line("x", BrokenPhoto()), "x,,,\"truncated, \"\"badly\"\"\",,\n");
  const auto more = MakePredictionWriter({.format = "csv", .top = 3}, {"cats", "dogs"});
  EXPECT_EQ(more->Line("x", Good({0.25f, 0.75f}, 1)), "x,dogs,0.75,,cats,0.25,,\n");
}

TEST(BestClasses, FirstOfEqualOnesFirst) {
  const std::vector<float> scores = {0.2f, 0.4f, 0.4f};
  EXPECT_EQ(BestClasses(scores, 2), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(BestClasses(scores, 9).size(), 3u);
}

}  // namespace
}  // namespace siskin::cli
