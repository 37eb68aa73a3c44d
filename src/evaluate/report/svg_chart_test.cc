#include "evaluate/report/svg_chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "evaluate/report/testing_svg.h"

namespace siskin {
namespace {

using testing::DrawnLines;

constexpr double kPixel = 0.01;  // coordinates have two decimals

Chart SmallChart() {
  Chart chart;
  chart.id = "test";
  chart.title = "T<";
  chart.description = "D&";
  chart.x = {"epoch", 1, 11, {{1, "1"}, {11, "11"}}};
  chart.y = {"loss", -1, 3, {{0, "0"}}};
  return chart;
}

TEST(SvgChart, LinesGoThroughTheirPoints) {
  Chart chart = SmallChart();
  const std::vector<ChartPoint> points = {{1, 3}, {4, 0.5}, {7.5, -1}, {11, 2}};
  chart.lines = {{"a \"name\"", "validation", points}};
  const std::string svg = SvgChart(chart);
  const auto drawn = DrawnLines(svg, "validation", chart.x, chart.y);
  ASSERT_EQ(drawn.size(), 1u);
  ASSERT_EQ(drawn[0].size(), points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    EXPECT_NEAR(drawn[0][i].x, points[i].x, kPixel);
    EXPECT_NEAR(drawn[0][i].y, points[i].y, kPixel);
  }
  EXPECT_NE(svg.find("<title>a &quot;name&quot;</title>"), std::string::npos);
}

TEST(SvgChart, WhatIsNoNumberInterruptsTheLine) {
  Chart chart = SmallChart();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  chart.lines = {{"", "train", {{1, nan}, {2, 0}, {3, 1}, {4, INFINITY}, {5, 2}}}};
  const auto drawn = DrawnLines(SvgChart(chart), "train", chart.x, chart.y);
  ASSERT_EQ(drawn.size(), 2u);
  ASSERT_EQ(drawn[0].size(), 2u);
  EXPECT_NEAR(drawn[0][1].x, 3, kPixel);
  ASSERT_EQ(drawn[1].size(), 2u) << "a single point is a line of zero length, which is drawn as a dot";
  EXPECT_NEAR(drawn[1][0].x, 5, kPixel);
  EXPECT_NEAR(drawn[1][1].x, 5, kPixel);
}

TEST(SvgChart, TheNameOfANarrowSpanStaysInside) {
  Chart chart = SmallChart();
  chart.spans = {{"head", 10.9}, {"fine-tune", 11}};
  const std::string svg = SvgChart(chart);
  const auto place = [&](const std::string& name) {
    const std::string text = testing::Between(svg, "<text class=\"span\"", ">" + name + "</text>");
    return std::stod(text.substr(text.rfind("x=\"") + 3));
  };
  const double right = 388, letter = 7;  // of a width of 400
  EXPECT_LE(place("fine-tune") + 4.5 * letter, right);
  EXPECT_LT(place("head"), right / 2 + 50);
}

TEST(SvgChart, MarksAndWhiskers) {
  Chart chart = SmallChart();
  chart.marks = {{.at = {6, 1}, .name = "best <", .css_class = "best", .low = 0, .high = 2}};
  const std::string svg = SvgChart(chart);
  const std::string mark = testing::Between(svg, "<g class=\"mark best\">", "</g>");
  EXPECT_NE(mark.find("<title>best &lt;</title>"), std::string::npos);
  const auto number = [&](const char* name) { return std::stod(testing::Attribute(mark, "<circle", name)); };
  const ChartPoint at = testing::FromDrawing(svg, number("cx"), number("cy"), chart.x, chart.y);
  EXPECT_NEAR(at.x, 6, kPixel);
  EXPECT_NEAR(at.y, 1, kPixel);
  double x = 0, low = 0, high = 0;
  ASSERT_EQ(std::sscanf(testing::Attribute(mark, "<path", "d").c_str(), "M%lf %lfV%lf", &x, &low, &high), 3);
  EXPECT_NEAR(testing::FromDrawing(svg, x, low, chart.x, chart.y).y, 0, kPixel);
  EXPECT_NEAR(testing::FromDrawing(svg, x, high, chart.x, chart.y).y, 2, kPixel);
}

TEST(SvgChart, SpeaksToThoseWhoCannotSeeIt) {
  const std::string svg = SvgChart(SmallChart());
  EXPECT_NE(svg.find("role=\"img\" aria-labelledby=\"testTitle testText\""), std::string::npos);
  EXPECT_NE(svg.find("<title id=\"testTitle\">T&lt;</title><desc id=\"testText\">D&amp;</desc>"), std::string::npos);
}

std::vector<std::string> TickTexts(double low, double high, int max_ticks, const std::string& unit = "") {
  std::vector<std::string> texts;
  for (const auto& [value, text] : Ticks(low, high, max_ticks, unit)) {
    EXPECT_NEAR(value, std::stod(text), 1e-9);
    EXPECT_GE(value, low - 1e-9);
    EXPECT_LE(value, high + 1e-9);
    texts.push_back(text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Ticks, AreRoundNumbers) {
  EXPECT_EQ(TickTexts(0, 1, 6), (Texts{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(TickTexts(0, 0.021, 6), (Texts{"0.000", "0.005", "0.010", "0.015", "0.020"}));
  EXPECT_EQ(TickTexts(98.7, 100, 6, " %"), (Texts{"99.0 %", "99.5 %", "100.0 %"}));
  EXPECT_EQ(TickTexts(1, 50, 7), (Texts{"10", "20", "30", "40", "50"}));
  EXPECT_EQ(TickTexts(-1, 3, 5), (Texts{"-1", "0", "1", "2", "3"}));
  EXPECT_EQ(TickTexts(0, 3e6, 4), (Texts{"0", "1000000", "2000000", "3000000"}));
}

TEST(Ticks, AreNeverMoreThanAskedFor) {
  for (double high = 0.0013; high < 1e5; high *= 1.37) {
    for (const int most : {2, 5, 7}) {
      const size_t count = Ticks(0, high, most).size();
      EXPECT_LE(count, static_cast<size_t>(most)) << high;
      EXPECT_GE(count, 1u) << high;
    }
  }
}

}  // namespace
}  // namespace siskin
