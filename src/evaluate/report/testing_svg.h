// Reads back what svg_chart.h draws, so that tests compare curves with the numbers that went in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evaluate/report/svg_chart.h"

namespace siskin::testing {

// The value of an attribute of the first element that begins with `element` ("<rect class=\"frame\"") from `pos` on;
// empty if there is none.
std::string Attribute(std::string_view markup, std::string_view element, std::string_view attribute);

// The text from the first `begin` to the `end` after it, both left out; empty if they are not there.
std::string Between(std::string_view text, std::string_view begin, std::string_view end);

// The points of the line with the CSS class in the chart, in the chart's numbers: each M or L of its path, taken back
// through the frame. Axes as in the Chart that was drawn.
std::vector<std::vector<ChartPoint>> DrawnLines(const std::string& svg, const std::string& css_class,
                                                const ChartAxis& x, const ChartAxis& y);
ChartPoint FromDrawing(const std::string& svg, double px, double py, const ChartAxis& x, const ChartAxis& y);

}  // namespace siskin::testing
