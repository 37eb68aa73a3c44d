#include "evaluate/report/testing_svg.h"

#include <cstdlib>
#include <sstream>

namespace siskin::testing {

std::string Between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin);
  if (from == std::string_view::npos) return "";
  const size_t to = text.find(end, from + begin.size());
  if (to == std::string_view::npos) return "";
  return std::string(text.substr(from + begin.size(), to - from - begin.size()));
}

std::string Attribute(std::string_view markup, std::string_view element, std::string_view attribute) {
  const std::string tag = Between(markup, element, ">");
  return Between(tag, " " + std::string(attribute) + "=\"", "\"");
}

ChartPoint FromDrawing(const std::string& svg, double px, double py, const ChartAxis& x, const ChartAxis& y) {
  const auto number = [&](const char* name) {
    return std::atof(Attribute(svg, "<rect class=\"frame\"", name).c_str());
  };
  return {x.low + (px - number("x")) / number("width") * (x.high - x.low),
          y.high - (py - number("y")) / number("height") * (y.high - y.low)};
}

std::vector<std::vector<ChartPoint>> DrawnLines(const std::string& svg, const std::string& css_class,
                                                const ChartAxis& x, const ChartAxis& y) {
  std::istringstream path(Attribute(svg, "<path class=\"line " + css_class + "\"", "d"));
  std::vector<std::vector<ChartPoint>> lines;
  double px = 0, py = 0;
  for (char command = 0; path >> command >> px >> py;) {
    if (command == 'M') lines.emplace_back();
    lines.back().push_back(FromDrawing(svg, px, py, x, y));
  }
  return lines;
}

}  // namespace siskin::testing
