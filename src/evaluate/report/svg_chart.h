// Charts with two linear axes as inline SVG: lines, marks, vertical whiskers. Colours and widths are the style sheet's
// (classes). Refuses to decide what is shown.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace siskin {

struct ChartPoint {
  double x = 0, y = 0;
};

struct ChartLine {
  std::string name;                // shown when pointed at
  std::string css_class;           // "validation"
  std::vector<ChartPoint> points;  // a point that is not finite interrupts the line
};

// A circle, with an interval of y around it if low < high.
struct ChartMark {
  ChartPoint at;
  std::string name;
  std::string css_class;
  double low = 0, high = 0;
  double radius = 4.5;
};

struct ChartAxis {
  std::string label;
  double low = 0, high = 1;  // low < high
  std::vector<std::pair<double, std::string>> ticks;
};

// A part of the x axis with a name; the end is marked by a line unless it is that of the axis.
struct ChartSpan {
  std::string name;
  double end = 0;
};

struct Chart {
  std::string id;                  // unique on the page, letters only
  std::string title, description;  // for those who cannot see it
  ChartAxis x, y;
  int height = 260;  // of a width of 400
  bool diagonal = false;
  std::vector<ChartSpan> spans;
  std::vector<ChartLine> lines;
  std::vector<ChartMark> marks;
};

// All text is escaped. The plot's area is the <rect class="frame">.
std::string SvgChart(const Chart& chart);

// At most `max_ticks` (>= 2) multiples of 1, 2 or 5 times a power of ten from low to high (low < high), with as many
// decimals as they need, followed by `unit`.
std::vector<std::pair<double, std::string>> Ticks(double low, double high, int max_ticks, const std::string& unit = "");

}  // namespace siskin
