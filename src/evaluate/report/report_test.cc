#include "evaluate/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/testing.h"
#include "evaluate/report/html.h"
#include "evaluate/report/testing_svg.h"
#include "images/decode.h"
#include "images/testing_images.h"

namespace siskin {
namespace {

using testing::Between;

constexpr char kNasty[] = "<script>alert(1)</script>\"'&\n\xff";
constexpr char kNastyEscaped[] = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\x0a\\xff";

size_t Count(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// 20 photos of two classes: 8 of 10 cats and 9 of 10 dogs are right.
ReportContent TwoClasses() {
  ReportContent content;
  ScoredPhotos& s = content.scored;
  s.class_names = {"cats", "dogs"};
  for (int i = 0; i < 20; ++i) {
    const int label = i / 10;
    const bool wrong = i == 3 || i == 7 || i == 15;
    const float sure = wrong ? 0.6f + 0.01f * static_cast<float>(i) : 0.9f;
    s.labels.push_back(label);
    s.decisions.push_back(wrong ? 1 - label : label);
    s.paths.push_back(fmt::format("{}/{}.jpg", s.class_names[static_cast<size_t>(label)], i));
    for (const int k : {0, 1}) s.scores.push_back(k == s.decisions.back() ? sure : 1 - sure);
  }
  return content;
}

std::vector<ReportEpoch> Epochs() {
  std::vector<ReportEpoch> epochs;
  for (int i = 1; i <= 4; ++i) {
    epochs.push_back({.phase = "head",
                      .epoch = i,
                      .lr = 0.01,
                      .train_loss = 1.0 / i,
                      .train_accuracy = 0.9 + 0.01 * i,
                      .validation_loss = 0.5 + 0.1 * std::abs(i - 3),
                      .validation_accuracy = 0.8 + 0.02 * i,
                      .seconds = 1,
                      .best = i == 3});
  }
  return epochs;
}

// The axis of a chart, from the numbers at its ticks: two of them tell where all others are.
struct Scale {
  double at0 = 0, per_unit = 0;
  double Value(double pixel) const { return (pixel - at0) / per_unit; }
};

// Ticks of the x axis are centred below the plot, those of the y axis end left of it, 4.5 below their line.
Scale ReadScale(const std::string& svg, bool x) {
  const std::string element = fmt::format("<text class=\"tick\" text-anchor=\"{}\"", x ? "middle" : "end");
  std::vector<std::pair<double, double>> ticks;  // value, pixel
  for (size_t at = svg.find(element); at != std::string::npos; at = svg.find(element, at + 1)) {
    const std::string tick = svg.substr(at, svg.find("</text>", at) - at);
    const double pixel = std::stod(testing::Attribute(tick, "<text class=\"tick\"", x ? "x" : "y"));
    ticks.emplace_back(std::stod(tick.substr(tick.find('>') + 1)), x ? pixel : pixel - 4.5);
  }
  EXPECT_GE(ticks.size(), 2u);
  const double per_unit = (ticks.back().second - ticks.front().second) / (ticks.back().first - ticks.front().first);
  return {ticks.front().second - ticks.front().first * per_unit, per_unit};
}

std::string ChartOf(const std::string& html, const std::string& id) {
  return Between(html, fmt::format("aria-labelledby=\"{}Title", id), "</svg>");
}

std::vector<ChartPoint> Curve(const std::string& html, const std::string& id, const std::string& css_class) {
  const std::string svg = ChartOf(html, id);
  const Scale x = ReadScale(svg, true), y = ReadScale(svg, false);
  const ChartAxis one{"", 0, 1, {}};
  std::vector<ChartPoint> points;
  for (const auto& line : testing::DrawnLines(svg, css_class, one, one)) {
    for (const ChartPoint& p : line) {
      // From shares of the frame back to pixels, from there to the numbers at the ticks.
      const auto frame = [&](const char* name) {
        return std::stod(testing::Attribute(svg, "<rect class=\"frame\"", name));
      };
      points.push_back({x.Value(frame("x") + p.x * frame("width")), y.Value(frame("y") + (1 - p.y) * frame("height"))});
    }
  }
  return points;
}

TEST(Report, SaysTheNumbers) {
  const std::string html = HtmlReport(TwoClasses());
  EXPECT_NE(html.find("Accuracy on the test photos"), std::string::npos);
  // 17 of 20; Wilson: 63.96 to 94.76 %.
  EXPECT_NE(html.find("<strong>85.00 %</strong> 95 % interval 63.96 to 94.76 %<br>17 of 20 photos right"),
            std::string::npos);
  EXPECT_NE(html.find("title=\"2 of 10 photos of cats (20.0 %) taken for dogs\">2</td>"), std::string::npos);
  EXPECT_NE(html.find("title=\"9 of 10 photos of dogs (90.0 %) right\">9</td>"), std::string::npos);
  // Precision of cats: 8 of 9.
  EXPECT_NE(html.find("<th scope=\"row\"><bdi>cats</bdi></th><td>10</td><td>88.89 %</td><td>80.00 %</td>"),
            std::string::npos);
  EXPECT_EQ(html.find("chose the best epoch"), std::string::npos);
}

TEST(Report, CurvesAreTheHistory) {
  ReportContent content = TwoClasses();
  content.epochs = Epochs();
  const std::string html = HtmlReport(content);
  const auto train = Curve(html, "loss", "train"), validation = Curve(html, "loss", "validation");
  const auto accuracy = Curve(html, "accuracy", "validation");
  ASSERT_EQ(train.size(), 4u);
  ASSERT_EQ(validation.size(), 4u);
  ASSERT_EQ(accuracy.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    const ReportEpoch& epoch = content.epochs[i];
    EXPECT_NEAR(train[i].x, epoch.epoch, 0.01);
    EXPECT_NEAR(train[i].y, epoch.train_loss, 0.005);
    EXPECT_NEAR(validation[i].y, epoch.validation_loss, 0.005);
    EXPECT_NEAR(accuracy[i].y, 100 * epoch.validation_accuracy, 0.1);
  }
  const std::string mark = Between(ChartOf(html, "loss"), "<g class=\"mark best\">", "</g>");
  EXPECT_NE(mark.find("best epoch 3: validation loss 0.5000"), std::string::npos) << mark;
  EXPECT_NE(html.find("<th scope=\"row\">head 3 (best)</th><td>0.01</td><td>0.3333</td><td>93.00 %</td>"),
            std::string::npos);
}

TEST(Report, PhasesAreNamedAndFollowEachOther) {
  ReportContent content = TwoClasses();
  content.epochs = Epochs();
  content.epochs.push_back(content.epochs[0]);
  content.epochs.back().phase = "fine<tune";
  content.epochs.back().best = true;
  const std::string html = HtmlReport(content);
  const std::string svg = ChartOf(html, "loss");
  EXPECT_NE(svg.find(">head</text>"), std::string::npos);
  EXPECT_NE(svg.find(">fine&lt;tune</text>"), std::string::npos);
  EXPECT_EQ(Count(svg, "class=\"border\""), 1u);
  const double border = std::stod(testing::Attribute(svg, "<path class=\"border\"", "d").substr(1));
  EXPECT_NEAR(ReadScale(svg, true).Value(border), 4.5, 0.01);
  EXPECT_NEAR(Curve(html, "loss", "train").back().x, 5, 0.01);
  EXPECT_EQ(Count(svg, "<g class=\"mark best\">"), 2u);
  EXPECT_NE(svg.find("best epoch 1 of fine&lt;tune"), std::string::npos);
}

TEST(Report, OneEpochIsEnough) {
  ReportContent content = TwoClasses();
  content.epochs = {Epochs()[0]};
  const std::string html = HtmlReport(content);
  EXPECT_EQ(Count(ChartOf(html, "loss"), "class=\"line"), 2u);
  EXPECT_EQ(html.find("nan"), std::string::npos);
  EXPECT_EQ(html.find("inf"), std::string::npos);
}

TEST(Report, RocOfTwoClasses) {
  ReportContent content;
  content.scored = {.class_names = {"other", "bird"},
                    .paths = {"a", "b", "c", "d"},
                    .labels = {1, 0, 1, 0},
                    .decisions = {1, 1, 0, 0},
                    .scores = {0.1f, 0.9f, 0.3f, 0.7f, 0.6f, 0.4f, 0.8f, 0.2f}};
  const std::string html = HtmlReport(content);
  const std::vector<ChartPoint> expected = {{0, 0}, {0, 0.5}, {0.5, 0.5}, {0.5, 1}, {1, 1}};
  const std::vector<ChartPoint> curve = Curve(html, "roc", "s0");
  ASSERT_EQ(curve.size(), expected.size());
  for (size_t i = 0; i < curve.size(); ++i) {
    EXPECT_NEAR(curve[i].x, expected[i].x, 1e-3);
    EXPECT_NEAR(curve[i].y, expected[i].y, 1e-3);
  }
  EXPECT_NE(html.find("area 0.7500"), std::string::npos);
  // One of two birds found, one of two others taken for a bird.
  const std::string mark = Between(ChartOf(html, "roc"), "<g class=\"mark best\">", "</g>");
  EXPECT_NEAR(ReadScale(ChartOf(html, "roc"), true).Value(std::stod(testing::Attribute(mark, "<circle", "cx"))), 0.5,
              1e-3);
}

ReportContent ManyClasses(int classes) {
  ReportContent content;
  ScoredPhotos& s = content.scored;
  for (int k = 0; k < classes; ++k) s.class_names.push_back(fmt::format("class{}", k));
  for (int i = 0; i < 3 * classes; ++i) {
    s.labels.push_back(i % classes);
    s.decisions.push_back(i % 7 == 0 ? (i + 1) % classes : i % classes);
    s.paths.push_back(fmt::format("{}.jpg", i));
    for (int k = 0; k < classes; ++k) {
      s.scores.push_back(k == s.decisions.back() ? 0.5f : 0.5f / static_cast<float>(classes - 1));
    }
  }
  return content;
}

// A folder of cats only, eight of ten are found: what takes both classes is not there, and nothing is NaN.
TEST(Report, OfOneClassThereIsNoRoc) {
  for (const bool three : {false, true}) {
    ReportContent content = TwoClasses();
    ScoredPhotos& s = content.scored;
    s.labels.resize(10);
    s.decisions.resize(10);
    s.paths.resize(10);
    s.scores.resize(20);
    if (three) {
      s.class_names.push_back("emus");
      for (size_t i = 10; i > 0; --i) s.scores.insert(s.scores.begin() + static_cast<std::ptrdiff_t>(2 * i), 0);
    }
    content.splits = {{"given", {10, 0}}};
    const std::string html = HtmlReport(content);
    EXPECT_NE(html.find("<strong>80.00 %</strong>"), std::string::npos);
    EXPECT_NE(html.find("<strong>–</strong> needs photos of two classes"), std::string::npos);
    EXPECT_EQ(html.find("id=\"rocTitle\""), std::string::npos);
    EXPECT_NE(html.find("id=\"calibrationTitle\""), std::string::npos);
    EXPECT_NE(html.find("<th scope=\"row\"><bdi>dogs</bdi></th><td>0</td><td>–</td><td>–</td><td>–</td><td>–</td>"),
              std::string::npos);
    for (const char* wrong : {">nan", " nan", ":nan", "\"nan", ">inf", " inf ", "-nan"}) {
      EXPECT_EQ(html.find(wrong), std::string::npos) << wrong;
    }
  }
}

TEST(Report, ManyClassesShowTheHardestCurvesAndTheMean) {
  const std::string html = HtmlReport(ManyClasses(12));
  const std::string svg = ChartOf(html, "roc");
  EXPECT_EQ(Count(svg, "<path class=\"line s"), 10u);
  EXPECT_EQ(Count(svg, "<path class=\"line macro\""), 1u);
  EXPECT_NE(html.find("class=\"matrix rotated\""), std::string::npos);
}

TEST(Report, BeyondThirtyClassesTheFrequentConfusions) {
  EXPECT_NE(HtmlReport(ManyClasses(30)).find("<table class=\"matrix"), std::string::npos);
  const std::string html = HtmlReport(ManyClasses(31));
  EXPECT_EQ(html.find("<table class=\"matrix"), std::string::npos);
  const std::string table = Between(html, "<caption>The most frequent confusions</caption>", "</table>");
  EXPECT_NE(table.find("<bdi>class0</bdi></th><td><bdi>class1</bdi></td><td>1</td><td>33.33 %</td>"), std::string::npos)
      << table;
}

TEST(Report, EverythingFromOutsideIsEscaped) {
  ReportContent content = TwoClasses();
  content.kind = kNasty;
  content.command = kNasty;
  content.scored_split = kNasty;
  content.scored.class_names = {kNasty, std::string("b") + kNasty};
  content.epochs = Epochs();
  for (ReportEpoch& epoch : content.epochs) epoch.phase = epoch.epoch < 3 ? kNasty : "head";
  content.mistakes = {
      {.path = kNasty, .truth = kNasty, .predicted = kNasty, .score = 1, .truth_score = 0, .jpeg = "x"}};
  content.splits = {{kNasty, {1, 2}}};
  content.skipped = {{kNasty, kNasty}};
  content.facts = {{kNasty, kNasty}};
  content.recipe[EscapeHtml("k") + "<script>"] = kNasty;
  const std::string html = HtmlReport(content);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find('\xff'), std::string::npos);
  EXPECT_EQ(html.find("alert(1)</"), std::string::npos);
  // Every text of the above is there, in its escaped form.
  EXPECT_GE(Count(html, kNastyEscaped), 20u);
  // Only what the page itself writes stands between < and >: no tag got an attribute of a file's making.
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::string tag = html.substr(at, html.find('>', at) - at);
    EXPECT_EQ(Count(tag, "\"") % 2, 0u) << tag;
  }
}

TEST(Report, NeedsNothingFromElsewhere) {
  ReportContent content = TwoClasses();
  content.epochs = Epochs();
  const std::string html = HtmlReport(content);
  for (const char* what : {"http:", "https:", "//", "<link", "<script", "@import", "url(", "<iframe"}) {
    EXPECT_EQ(html.find(what), std::string::npos) << what;
  }
  EXPECT_NE(html.find("content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\""), std::string::npos);
  EXPECT_NE(html.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_NE(html.find("@media print"), std::string::npos);
}

// Every element that is opened is closed, in order.
TEST(Report, IsWellFormed) {
  ReportContent content = TwoClasses();
  content.epochs = Epochs();
  content.splits = {{"test", {10, 10}}};
  content.skipped = {{"a", "b"}};
  content.command = "siskin train photos";
  const std::string html = HtmlReport(content);
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::string tag = html.substr(at + 1, html.find('>', at) - at - 1);
    const std::string name = tag.substr(0, tag.find(' '));
    if (name == "!DOCTYPE" || name == "meta" || name == "br" || name == "img" || tag.back() == '/') continue;
    if (name[0] != '/') {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty());
    ASSERT_EQ("/" + open.back(), name) << html.substr(at > 100 ? at - 100 : 0, 120);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, OfPhotosThatChoseTheModelSaysSo) {
  ReportContent content = TwoClasses();
  content.scored_split = "validation";
  EXPECT_NE(HtmlReport(content).find("These photos chose the best epoch"), std::string::npos);
}

TEST(Report, RecipeCommandPhotosAndFacts) {
  ReportContent content = TwoClasses();
  content.command = "siskin train photos/ --lr 0.01";
  content.recipe = {{"lr", 0.01}, {"nesterov", false}, {"optimizer", "adamw"}};
  content.facts = {{"Network", "MobileNet"}};
  content.splits = {{"train", {30, 40}}, {"test", {10, 11}}};
  content.skipped = {{"cats/x.jpg", "0 bytes"}};
  content.unix_time = 1'700'000'000;
  const std::string html = HtmlReport(content);
  EXPECT_NE(html.find("<code>siskin train photos/ --lr 0.01</code>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">lr</th><td>0.01</td>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">nesterov</th><td>false</td>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">optimizer</th><td>adamw</td>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">Network</th><td>MobileNet</td>"), std::string::npos);
  EXPECT_NE(html.find("<bdi>dogs</bdi></th><td>40</td><td>11</td>"), std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\">all</th><td>70</td><td>21</td>"), std::string::npos);
  EXPECT_NE(html.find("1 photo could not be used"), std::string::npos);
  EXPECT_NE(html.find("2023-11-14 22:13 UTC"), std::string::npos);
}

std::string FromBase64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
    if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 0xFF);
  }
  return bytes;
}

TEST(CollectMistakes, EveryThumbnailDecodesToItsPhoto) {
  const testing::TemporaryFolder folder;
  ReportContent content = TwoClasses();
  MakeFolder(folder.path() / "cats");
  MakeFolder(folder.path() / "dogs");
  // The three mistakes, surest first: dogs/15 (0.75), cats/7 (0.67), cats/3 (0.63). One photo is gone.
  WriteFileAtomic(folder.path() / "dogs/15.jpg", testing::EncodeJpeg(testing::UniformPicture(320, 200, 200, 30, 30)));
  WriteFileAtomic(folder.path() / "cats/7.jpg", testing::EncodeJpeg(testing::UniformPicture(40, 80, 30, 30, 200)));
  ThreadPool threads(2);
  CollectMistakes(folder.path(), threads, &content);
  ASSERT_EQ(content.mistakes.size(), 3u);
  EXPECT_EQ(content.mistakes[0].path, "dogs/15.jpg");
  EXPECT_EQ(content.mistakes[0].truth, "dogs");
  EXPECT_EQ(content.mistakes[0].predicted, "cats");
  EXPECT_NEAR(content.mistakes[0].score, 0.75, 1e-6);
  EXPECT_EQ(content.mistakes[2].jpeg, "");

  const std::string html = HtmlReport(content);
  std::vector<Image> thumbnails;
  const std::string begin = "src=\"data:image/jpeg;base64,";
  for (size_t at = html.find(begin); at != std::string::npos; at = html.find(begin, at + 1)) {
    const DecodedImage decoded = DecodeImage(FromBase64(Between(html.substr(at), begin, "\"")));
    EXPECT_EQ(decoded.error, "");
    thumbnails.push_back(decoded.image);
  }
  ASSERT_EQ(thumbnails.size(), 2u);
  EXPECT_EQ(thumbnails[0].width, 160);
  EXPECT_EQ(thumbnails[0].height, 100);
  EXPECT_GT(testing::PixelAt(thumbnails[0], 80, 50) >> 16, 180u) << "red";
  EXPECT_EQ(thumbnails[1].width, 40);
  EXPECT_GT(testing::PixelAt(thumbnails[1], 20, 40) & 255, 180u) << "blue";
  EXPECT_NE(html.find("no picture"), std::string::npos);
}

TEST(DescribeModel, MovesTheWeightsToTheFacts) {
  ModelCard card;
  card.network.network = "mobilenet";
  card.weights_name = "mobilenet-imagenet";
  card.preprocessing.width = card.preprocessing.height = 128;
  card.class_names = {"a", "b"};
  card.recipe = {{"lr", 0.1}, {"weights_sha256", "abc"}};
  ReportContent content;
  DescribeModel(card, &content);
  EXPECT_EQ(content.recipe, Json({{"lr", 0.1}}));
  const std::pair<std::string, std::string> network = {"Network", "MobileNet"},
                                            digest = {"SHA-256 of those weights", "abc"};
  EXPECT_EQ(content.facts.front(), network);
  EXPECT_NE(std::ranges::find(content.facts, digest), content.facts.end());
}

}  // namespace
}  // namespace siskin
