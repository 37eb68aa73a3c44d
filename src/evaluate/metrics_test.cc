#include "evaluate/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/json.h"
#include "siskin/error.h"

namespace siskin {
namespace {

const std::vector<std::string> kTwo = {"cats", "dogs"};

ErrorKind KindOf(const std::vector<float>& scores, const std::vector<int>& labels, const std::vector<int>& decisions) {
  try {
    ComputeMetrics(scores, labels, decisions, kTwo);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "was accepted";
  return ErrorKind::kUsage;
}

struct WilsonCase {
  int64_t successes, total;
  double low, high;
};

// Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
TEST(Wilson, PublishedValues) {
  for (const WilsonCase& c :
       {WilsonCase{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}}) {
    const Interval interval = WilsonInterval(c.successes, c.total);
    EXPECT_NEAR(interval.low, c.low, 5e-5) << c.successes << " of " << c.total;
    EXPECT_NEAR(interval.high, c.high, 5e-5) << c.successes << " of " << c.total;
  }
}

TEST(Wilson, EndsAreExact) {
  EXPECT_EQ(WilsonInterval(0, 7).low, 0);
  EXPECT_EQ(WilsonInterval(7, 7).high, 1);
  EXPECT_LT(WilsonInterval(7, 7).low, 0.7);  // seven right answers prove little
  EXPECT_THROW(WilsonInterval(0, 0), Error);
  EXPECT_THROW(WilsonInterval(3, 2), Error);
}

TEST(Auc, ByHand) {
  // Negatives 0.1, 0.4; positives 0.35, 0.8: three of four pairs are in order.
  EXPECT_DOUBLE_EQ(RocAuc(std::vector<float>{0.1f, 0.4f, 0.35f, 0.8f}, {false, false, true, true}), 0.75);
  EXPECT_DOUBLE_EQ(RocAuc(std::vector<float>{0.8f, 0.1f}, {false, true}), 0);
}

TEST(Auc, TiesCountOneHalf) {
  EXPECT_DOUBLE_EQ(RocAuc(std::vector<float>{0.5f, 0.5f, 0.5f}, {true, false, false}), 0.5);
  // Positive 0.5 against 0.5 (tie) and 0.2 (win); positive 0.9 wins twice: 3.5 of 4.
  EXPECT_DOUBLE_EQ(RocAuc(std::vector<float>{0.5f, 0.5f, 0.2f, 0.9f}, {true, false, false, true}), 0.875);
}

TEST(Auc, OneClassHasNone) {
  EXPECT_TRUE(std::isnan(RocAuc(std::vector<float>{0.1f, 0.2f}, {true, true})));
  EXPECT_TRUE(std::isnan(RocAuc({}, {})));
}

// Four cats (one taken for a dog), two dogs (one taken for a cat).
Metrics SixPhotos() {
  const std::vector<float> dog = {0.1f, 0.2f, 0.3f, 0.6f, 0.4f, 0.9f};
  std::vector<float> scores;
  for (const float p : dog) scores.insert(scores.end(), {1 - p, p});
  return ComputeMetrics(scores, std::vector<int>{0, 0, 0, 0, 1, 1}, std::vector<int>{0, 0, 0, 1, 0, 1}, kTwo);
}

TEST(Metrics, ByHand) {
  const Metrics m = SixPhotos();
  EXPECT_EQ(m.photos, 6);
  EXPECT_EQ(m.correct, 4);
  EXPECT_DOUBLE_EQ(m.accuracy, 4.0 / 6);
  EXPECT_EQ(m.confusion, (std::vector<std::vector<int64_t>>{{3, 1}, {1, 1}}));
  EXPECT_DOUBLE_EQ(m.classes[0].precision, 0.75);
  EXPECT_DOUBLE_EQ(m.classes[0].recall, 0.75);
  EXPECT_DOUBLE_EQ(m.classes[0].f1, 0.75);
  EXPECT_DOUBLE_EQ(m.classes[1].precision, 0.5);
  EXPECT_DOUBLE_EQ(m.classes[1].recall, 0.5);
  EXPECT_EQ(m.classes[0].photos, 4);
  EXPECT_DOUBLE_EQ(m.roc_auc, 7.0 / 8);  // 0.4 beats three of four cats, 0.9 all
  EXPECT_DOUBLE_EQ(m.classes[0].roc_auc, 7.0 / 8);
  const double loss = -(std::log(0.9) + std::log(0.8) + std::log(0.7) + std::log(0.4) + std::log(0.4) + std::log(0.9));
  EXPECT_NEAR(m.log_loss, loss / 6, 1e-7);
  EXPECT_DOUBLE_EQ(m.accuracy_interval.low, WilsonInterval(4, 6).low);
}

TEST(Metrics, ThreeClassesAverageTheirAuc) {
  const std::vector<float> scores = {0.8f, 0.1f, 0.1f, 0.2f, 0.7f, 0.1f, 0.1f, 0.5f, 0.4f, 0.6f, 0.2f, 0.2f};
  const std::vector<int> labels = {0, 1, 2, 2}, decisions = {0, 1, 1, 0};
  const std::vector<std::string> names = {"a", "b", "c"};
  const Metrics m = ComputeMetrics(scores, labels, decisions, names);
  EXPECT_DOUBLE_EQ(m.accuracy, 0.5);
  EXPECT_TRUE(std::isnan(m.classes[2].precision));  // never predicted
  EXPECT_DOUBLE_EQ(m.classes[2].recall, 0);
  EXPECT_DOUBLE_EQ(m.classes[2].f1, 0);
  EXPECT_DOUBLE_EQ(m.roc_auc, (m.classes[0].roc_auc + m.classes[1].roc_auc + m.classes[2].roc_auc) / 3);
  EXPECT_DOUBLE_EQ(m.classes[2].roc_auc, 1);  // 0.4 and 0.2 against 0.1 and 0.1
}

TEST(Metrics, ClassWithoutPhotosHasNoNumbers) {
  const Metrics m = ComputeMetrics(std::vector<float>{0.9f, 0.1f}, std::vector<int>{0}, std::vector<int>{0}, kTwo);
  EXPECT_TRUE(std::isnan(m.classes[1].recall));
  EXPECT_TRUE(std::isnan(m.classes[1].f1));
  EXPECT_TRUE(std::isnan(m.roc_auc));
  const Json json = ToJson(m);
  EXPECT_TRUE(json["roc_auc"].is_null());
  EXPECT_TRUE(json["classes"][1]["recall"].is_null());
  EXPECT_EQ(ToJsonText(m), ToText(json));
  EXPECT_NE(ToJsonText(m).find("\"roc_auc\":null"), std::string::npos) << ToJsonText(m);
  EXPECT_NE(ToCsv(m).find("dogs,0,,,,\n"), std::string::npos);
}

// Photos of cats only: what was taken for a dog tells how many cats are found, nothing about dogs.
TEST(Metrics, OfOneClassAccuracyIsItsRecall) {
  const Metrics m = ComputeMetrics(std::vector<float>{0.9f, 0.1f, 0.8f, 0.2f, 0.3f, 0.7f}, std::vector<int>{0, 0, 0},
                                   std::vector<int>{0, 0, 1}, kTwo);
  EXPECT_DOUBLE_EQ(m.accuracy, 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.classes[0].recall, 2.0 / 3);
  EXPECT_EQ(ToText(m),
            "accuracy  66.67 %  (2 of 3 photos; 95 % interval 20.77 % to 93.85 %)\n"
            "log loss   0.5108\n"
            "ROC AUC         -\n"
            "\n"
            "class  photos  precision   recall       F1  ROC AUC\n"
            "cats        3   100.00 %  66.67 %  80.00 %        -\n"
            "dogs        0          -        -        -        -\n"
            "\n"
            "truth \\ predicted  cats  dogs\n"
            "cats                  2     1\n"
            "dogs                  0     0\n");
  const Json json = ToJson(m);
  for (const char* name : {"precision", "recall", "f1", "roc_auc"}) {
    EXPECT_TRUE(json["classes"][1][name].is_null()) << name;
  }
  EXPECT_NE(ToCsv(m).find("cats,3,1.000000,0.666667,0.800000,\ndogs,0,,,,\n"), std::string::npos) << ToCsv(m);
}

TEST(Metrics, AnImpossibleAnswerCostsALot) {
  const Metrics m = ComputeMetrics(std::vector<float>{0, 1}, std::vector<int>{0}, std::vector<int>{1}, kTwo);
  EXPECT_NEAR(m.log_loss, -std::log(1e-7), 1e-5);  // finite
}

TEST(Metrics, RefusesWhatIsNoScore) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(KindOf({nan, 0.5f}, {0}, {0}), ErrorKind::kModel);
  EXPECT_EQ(KindOf({1.5f, 0.5f}, {0}, {0}), ErrorKind::kModel);
  EXPECT_EQ(KindOf({-0.5f, 0.5f}, {0}, {0}), ErrorKind::kModel);
}

TEST(Metrics, RefusesSizesThatDoNotFit) {
  EXPECT_EQ(KindOf({}, {}, {}), ErrorKind::kInternal);
  EXPECT_EQ(KindOf({0.5f}, {0}, {0}), ErrorKind::kInternal);
  EXPECT_EQ(KindOf({0.5f, 0.5f}, {0}, {0, 1}), ErrorKind::kInternal);
  EXPECT_EQ(KindOf({0.5f, 0.5f}, {2}, {0}), ErrorKind::kInternal);
  EXPECT_EQ(KindOf({0.5f, 0.5f}, {0}, {-1}), ErrorKind::kInternal);
}

TEST(Format, Text) {
  EXPECT_EQ(ToText(SixPhotos()),
            "accuracy  66.67 %  (4 of 6 photos; 95 % interval 30.00 % to 90.32 %)\n"
            "log loss   0.4372\n"
            "ROC AUC    0.8750\n"
            "\n"
            "class  photos  precision   recall       F1  ROC AUC\n"
            "cats        4    75.00 %  75.00 %  75.00 %   0.8750\n"
            "dogs        2    50.00 %  50.00 %  50.00 %   0.8750\n"
            "\n"
            "truth \\ predicted  cats  dogs\n"
            "cats                  3     1\n"
            "dogs                  1     1\n");
}

TEST(Format, ManyClassesListTheirConfusions) {
  std::vector<std::string> names;
  std::vector<int> labels, decisions;
  for (int k = 0; k < 20; ++k) {
    names.push_back("class" + std::to_string(k));
    labels.push_back(k);
    decisions.push_back(k == 3 ? 17 : k);
  }
  const std::vector<float> scores(400, 0.05f);
  const std::string text = ToText(ComputeMetrics(scores, labels, decisions, names));
  EXPECT_EQ(text.find("truth"), std::string::npos);
  EXPECT_NE(text.find("class3                      class17       1"), std::string::npos) << text;
}

TEST(Format, Json) {
  const Json json = ToJson(SixPhotos());
  EXPECT_EQ(json["photos"], 6);
  EXPECT_EQ(json["accuracy_interval"].size(), 2u);
  EXPECT_EQ(json["classes"][1]["name"], "dogs");
  EXPECT_EQ(json["confusion"][0][1], 1);
}

TEST(Format, Csv) {
  EXPECT_EQ(ToCsv(SixPhotos()),
            "class,photos,precision,recall,f1,roc_auc\n"
            "cats,4,0.750000,0.750000,0.750000,0.875000\n"
            "dogs,2,0.500000,0.500000,0.500000,0.875000\n");
}

}  // namespace
}  // namespace siskin
