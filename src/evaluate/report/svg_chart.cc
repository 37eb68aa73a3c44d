#include "evaluate/report/svg_chart.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "evaluate/report/html.h"

namespace siskin {
namespace {

// The picture is 400 units wide: on a phone of 360 pixels the text of 13 units still has 11 pixels.
constexpr double kWidth = 400, kLeft = 50, kRight = 12, kTop = 24, kBottom = 42;

class Plot {
 public:
  explicit Plot(const Chart& chart) : chart_(chart) {}

  double width() const { return kWidth - kLeft - kRight; }
  double height() const { return chart_.height - kTop - kBottom; }
  double X(double x) const { return kLeft + (x - chart_.x.low) / (chart_.x.high - chart_.x.low) * width(); }
  double Y(double y) const { return kTop + (chart_.y.high - y) / (chart_.y.high - chart_.y.low) * height(); }
  double bottom() const { return kTop + height(); }
  double right() const { return kLeft + width(); }

 private:
  const Chart& chart_;
};

std::string Axes(const Chart& chart, const Plot& plot) {
  std::string svg;
  for (const auto& [value, text] : chart.y.ticks) {
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", kLeft, plot.Y(value), plot.right());
    svg += fmt::format("<text class=\"tick\" text-anchor=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", kLeft - 6,
                       plot.Y(value) + 4.5, EscapeHtml(text));
  }
  for (const auto& [value, text] : chart.x.ticks) {
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}v4\"/>", plot.X(value), plot.bottom());
    svg += fmt::format("<text class=\"tick\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", plot.X(value),
                       plot.bottom() + 17, EscapeHtml(text));
  }
  svg += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", kLeft - 44, kTop - 10,
                     EscapeHtml(chart.y.label));
  svg += fmt::format("<text class=\"label\" text-anchor=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", plot.right(),
                     plot.bottom() + 35, EscapeHtml(chart.x.label));
  svg += fmt::format("<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>", kLeft,
                     kTop, plot.width(), plot.height());
  if (chart.diagonal) {
    svg += fmt::format("<path class=\"diagonal\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>", plot.X(chart.x.low),
                       plot.Y(chart.y.low), plot.X(chart.x.high), plot.Y(chart.y.high));
  }
  return svg;
}

std::string Spans(const Chart& chart, const Plot& plot) {
  std::string svg;
  double begin = chart.x.low;
  for (const ChartSpan& span : chart.spans) {
    // Above the frame, where no line is, and not beyond its right end however narrow the span.
    constexpr double kHalfLetter = 3.5;
    const double half = kHalfLetter * static_cast<double>(span.name.size());
    const double middle = std::min((plot.X(begin) + plot.X(span.end)) / 2, plot.right() - half);
    svg += fmt::format("<text class=\"span\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", middle,
                       kTop - 10, EscapeHtml(span.name));
    if (span.end < chart.x.high) {
      svg += fmt::format("<path class=\"border\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>", plot.X(span.end), kTop, plot.bottom());
    }
    begin = span.end;
  }
  return svg;
}

std::string Line(const ChartLine& line, const Plot& plot) {
  std::string path;
  bool pen_down = false;
  for (size_t i = 0; i < line.points.size(); ++i) {
    const ChartPoint& point = line.points[i];
    const auto visible = [&](size_t k) {
      return k < line.points.size() && std::isfinite(line.points[k].x) && std::isfinite(line.points[k].y);
    };
    if (!visible(i)) {
      pen_down = false;
      continue;
    }
    const std::string place = fmt::format("{:.2f} {:.2f}", plot.X(point.x), plot.Y(point.y));
    path += (pen_down ? "L" : "M") + place;
    // A line of zero length with round caps is a dot, so that a single epoch is visible.
    if (!pen_down && !visible(i + 1)) path += "L" + place;
    pen_down = true;
  }
  return fmt::format("<path class=\"line {}\" d=\"{}\"><title>{}</title></path>", line.css_class, path,
                     EscapeHtml(line.name));
}

std::string Mark(const ChartMark& mark, const Plot& plot) {
  std::string svg = fmt::format("<g class=\"mark {}\"><title>{}</title>", mark.css_class, EscapeHtml(mark.name));
  const double x = plot.X(mark.at.x);
  if (mark.low < mark.high)
    svg += fmt::format("<path d=\"M{:.2f} {:.2f}V{:.2f}\"/>", x, plot.Y(mark.low), plot.Y(mark.high));
  svg += fmt::format("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"{:.1f}\"/></g>", x, plot.Y(mark.at.y), mark.radius);
  return svg;
}

}  // namespace

std::string SvgChart(const Chart& chart) {
  const Plot plot(chart);
  std::string svg = fmt::format(
      "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{}Title {}Text\">"
      "<title id=\"{}Title\">{}</title><desc id=\"{}Text\">{}</desc>",
      kWidth, chart.height, chart.id, chart.id, chart.id, EscapeHtml(chart.title), chart.id,
      EscapeHtml(chart.description));
  svg += Axes(chart, plot) + Spans(chart, plot);
  for (const ChartLine& line : chart.lines) svg += Line(line, plot);
  for (const ChartMark& mark : chart.marks) svg += Mark(mark, plot);
  return svg + "</svg>\n";
}

std::vector<std::pair<double, std::string>> Ticks(double low, double high, int max_ticks, const std::string& unit) {
  double power = std::pow(10, std::floor(std::log10((high - low) / max_ticks)));
  double step = power;
  constexpr double kSlack = 1e-9;  // of a step: rounding must not lose the tick at an end
  const auto count = [&] { return std::floor(high / step + kSlack) - std::ceil(low / step - kSlack) + 1; };
  for (const double factor : {1.0, 2.0, 5.0, 10.0, 20.0, 50.0}) {
    step = power * factor;
    if (count() <= max_ticks) break;
  }
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + kSlack)));
  std::vector<std::pair<double, std::string>> ticks;
  const double first = std::ceil(low / step - kSlack);
  for (double i = 0; i < count(); ++i) {
    const double value = (first + i) * step;
    ticks.emplace_back(value, fmt::format("{:.{}f}{}", value == 0 ? 0 : value, decimals, unit));
  }
  return ticks;
}

}  // namespace siskin
