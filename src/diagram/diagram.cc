#include "diagram/diagram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "diagram/outline.h"
#include "evaluate/report/html.h"

namespace siskin {
namespace {

// Lengths in user units, which are pixels at 100 %.
constexpr double kGap = 16, kLabelledGap = 28;  // between boxes; with a size beside the arrow
constexpr double kBoxHeight = 24, kNoteHeight = 14;
constexpr double kBranchGap = 14;               // between branches
constexpr double kForkHeight = 12;              // from where a line divides to the first boxes
constexpr double kCircle = 11;                  // radius of an addition
constexpr double kBypass = 14;                  // half the width of a branch without boxes
constexpr double kPadding = 10, kCaption = 18;  // of frames
constexpr double kLabelDistance = 7;            // of a size from its arrow
constexpr double kColumnGap = 70, kMargin = 20, kHead = 62;
constexpr double kTitleWidth = 6.9, kNoteWidth = 5.7;  // of an average character, 12 and 10.5 px sans-serif
// Width by height: a page that is read on a screen. What is not higher than a screen stays one column.
constexpr double kAspect = 1.5, kScreen = 560;

constexpr char kStyle[] =
    "text{font:12px system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif;fill:#1c2530;text-anchor:middle}"
    ".head{font-size:19px;font-weight:600;text-anchor:start}"
    ".sub{font-size:13px;fill:#566170;text-anchor:start}"
    ".note{font-size:10.5px;fill:#46505e}"
    ".size{font-size:10.5px;fill:#566170;text-anchor:start}"
    ".caption{font-size:11px;fill:#566170;text-anchor:start}"
    ".times{font-size:15px;font-weight:600;text-anchor:end}"
    ".frame{fill:#f6f7f9;stroke:#c9ced6}"
    ".repeat{fill:#fffdf5;stroke:#b08a2e;stroke-dasharray:6 3}"
    ".line{fill:none;stroke:#566170;stroke-width:1.4}"
    ".tip{fill:#566170}"
    ".box{stroke-width:1.2}"
    ".conv{fill:#dce9f7;stroke:#3c6ea5}"
    ".separable{fill:#d9f0e3;stroke:#2f7d57}"
    ".depthwise{fill:#eaf5da;stroke:#5f8a2c}"
    ".pool{fill:#fbe6d4;stroke:#b0652a}"
    ".dense{fill:#e8e0f5;stroke:#6b4fa0}"
    ".join{fill:#ffffff;stroke:#566170}"
    ".other{fill:#eceef1;stroke:#7a8491}";

const char* StyleOf(LayerKind kind) {
  switch (kind) {
    case LayerKind::kConv2D:
      return "conv";
    case LayerKind::kSeparableConv2D:
      return "separable";
    case LayerKind::kDepthwiseConv2D:
      return "depthwise";
    case LayerKind::kMaxPool:
    case LayerKind::kAveragePool:
    case LayerKind::kGlobalAveragePool:
    case LayerKind::kGlobalMaxPool:
      return "pool";
    case LayerKind::kDense:
      return "dense";
    case LayerKind::kAdd:
    case LayerKind::kConcat:
      return "join";
    default:
      return "other";
  }
}

std::string SizeText(const FeatureShape& shape) {
  return shape.h == 1 && shape.w == 1 ? fmt::format("{}", shape.c)
                                      : fmt::format("{} × {} × {}", shape.h, shape.w, shape.c);
}

// Characters, not bytes.
double TextWidth(const std::string& text, double of_character) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; };
  return of_character * static_cast<double>(text.size() - static_cast<size_t>(std::ranges::count_if(text, continues)));
}

// What a part takes on both sides of the line that runs through it.
struct Extent {
  double left = 0, right = 0, height = 0;
  double width() const { return left + right; }
};

bool IsAddition(const OutlinePart& part) {
  return part.kind == OutlinePart::Kind::kParallel && part.box.kind == LayerKind::kAdd;
}

double BoxHeight(const OutlineBox& box) {
  return kBoxHeight + (box.note.empty() ? 0 : kNoteHeight);
}

double BoxWidth(const OutlineBox& box) {
  return std::max({84.0, TextWidth(box.title, kTitleWidth) + 16, TextWidth(box.note, kNoteWidth) + 14});
}

Extent Measure(const OutlinePart& part, bool framed);

// Parts of a branch are so far apart; on the main line sizes stand between them.
Extent Measure(const OutlineSeries& series) {
  if (series.empty()) return {kBypass, kBypass, 0};
  Extent all;
  for (size_t i = 0; i < series.size(); ++i) {
    const Extent one = Measure(series[i], /*framed=*/false);
    all.left = std::max(all.left, one.left);
    all.right = std::max(all.right, one.right);
    all.height += one.height + (i > 0 ? kGap : 0);
  }
  return all;
}

// The branch of an addition that the line runs straight through: the longest.
size_t MainBranch(const OutlinePart& part) {
  size_t longest = 0;
  for (size_t i = 1; i < part.branches.size(); ++i) {
    if (Measure(part.branches[i]).height >= Measure(part.branches[longest]).height) longest = i;
  }
  return longest;
}

// Where the axis of every branch is, relative to the line through the part, and what they take together. Those of an
// addition stand to the right of its main branch, those of a concatenation around the line.
struct Placement {
  std::vector<double> axes;
  Extent extent;
};

Placement PlaceBranches(const OutlinePart& part) {
  Placement placement;
  placement.axes.resize(part.branches.size());
  std::vector<size_t> order;
  if (IsAddition(part)) order.push_back(MainBranch(part));
  for (size_t i = 0; i < part.branches.size(); ++i) {
    if (!IsAddition(part) || i != MainBranch(part)) order.push_back(i);
  }
  double x = 0, axis = 0;
  for (const size_t i : order) {
    const Extent branch = Measure(part.branches[i]);
    placement.axes[i] = x + branch.left;
    x += branch.width() + kBranchGap;
    placement.extent.height = std::max(placement.extent.height, branch.height);
  }
  x -= kBranchGap;
  axis = IsAddition(part) ? placement.axes[order[0]] : x / 2;
  for (double& each : placement.axes) each -= axis;
  placement.extent.left = axis;
  placement.extent.right = x - axis;
  return placement;
}

double JoinHeight(const OutlinePart& part) {
  return IsAddition(part) ? 2 * kCircle : kBoxHeight;
}

Extent MeasureParallel(const OutlinePart& part) {
  Extent extent = PlaceBranches(part).extent;
  extent.height += kForkHeight + 2 * kGap + JoinHeight(part);
  if (!part.box.note.empty() || part.box.title.size() > 1) {  // beside the circle
    const std::string text = part.box.note + part.box.title;
    extent.left = std::max(extent.left, kCircle + 8 + TextWidth(text, kNoteWidth));
  }
  return extent;
}

double CaptionWidth(const OutlinePart& part) {
  return TextWidth(part.caption, kNoteWidth + 0.7) + 16;
}

// A frame's caption is in its corner, or to the right of the line if it would cross it there.
bool CaptionStandsLeft(const OutlinePart& part, const Extent& extent) {
  return CaptionWidth(part) <= extent.left;
}

Extent Measure(const OutlinePart& part, bool framed) {
  Extent extent;
  switch (part.kind) {
    case OutlinePart::Kind::kBox:
      return {BoxWidth(part.box) / 2, BoxWidth(part.box) / 2, BoxHeight(part.box)};
    case OutlinePart::Kind::kParallel:
      extent = MeasureParallel(part);
      break;
    case OutlinePart::Kind::kRepeat:
      extent = Measure(part.branches[0]);
      extent.right += 34;  // "× 20"
      extent.height += kGap;
      break;
  }
  if (!framed && part.kind != OutlinePart::Kind::kRepeat) return extent;
  extent.left += kPadding;
  extent.right += kPadding;
  if (!CaptionStandsLeft(part, extent)) extent.right = std::max(extent.right, CaptionWidth(part));
  extent.height += kPadding + kCaption;
  return extent;
}

// Writes SVG elements; y grows downwards.
class Painter {
 public:
  // Everything is drawn around the vertical line x, from y on.
  void Draw(const OutlinePart& part, double x, double y, bool framed) {
    if (part.kind == OutlinePart::Kind::kBox) return DrawBox(part.box, x, y);
    if (framed || part.kind == OutlinePart::Kind::kRepeat) {
      DrawFrame(part, Measure(part, framed), x, y);
      Line(fmt::format("M{:.1f} {:.1f}v{:.1f}", x, y, kCaption));
      y += kCaption;
    }
    if (part.kind == OutlinePart::Kind::kParallel) {
      DrawParallel(part, x, y);
    } else {
      Arrow(x, y, y + kGap);
      DrawSeries(part.branches[0], x, y + kGap);
    }
    if (framed || part.kind == OutlinePart::Kind::kRepeat) {
      const double bottom = y - kCaption + Measure(part, framed).height;
      Line(fmt::format("M{:.1f} {:.1f}v{:.1f}", x, bottom - kPadding, kPadding));
    }
  }

  void DrawSeries(const OutlineSeries& series, double x, double y) {
    for (size_t i = 0; i < series.size(); ++i) {
      if (i > 0) {
        Arrow(x, y, y + kGap);
        y += kGap;
      }
      Draw(series[i], x, y, /*framed=*/false);
      y += Measure(series[i], false).height;
    }
  }

  void Arrow(double x, double from, double to) {
    Line(fmt::format("M{:.1f} {:.1f}V{:.1f}", x, from, to - 4));
    Tip(x, to, "l-3.5 -6h7z");
  }

  void Line(const std::string& path) { svg_ += fmt::format("<path class=\"line\" d=\"{}\"/>", path); }

  void Tip(double x, double y, const char* shape) {
    svg_ += fmt::format("<path class=\"tip\" d=\"M{:.1f} {:.1f}{}\"/>", x, y, shape);
  }

  void Text(const char* css_class, double x, double y, const std::string& text) {
    svg_ += fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                        *css_class == '\0' ? "" : fmt::format(" class=\"{}\"", css_class), x, y, EscapeHtml(text));
  }

  const std::string& svg() const { return svg_; }

 private:
  void Rectangle(const std::string& css_class, double x, double y, double width, double height, double radius,
                 const std::string& tooltip) {
    svg_ += fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"{:g}\"",
                        css_class, x, y, width, height, radius);
    svg_ += tooltip.empty() ? "/>" : fmt::format("><title>{}</title></rect>", EscapeHtml(tooltip));
  }

  void DrawBox(const OutlineBox& box, double x, double y) {
    const double width = BoxWidth(box);
    Rectangle(fmt::format("box {}", StyleOf(box.kind)), x - width / 2, y, width, BoxHeight(box), 4,
              fmt::format("{}: {}", box.name, SizeText(box.output)));
    Text("", x, y + 16, box.title);
    if (!box.note.empty()) Text("note", x, y + 31, box.note);
  }

  void DrawFrame(const OutlinePart& part, const Extent& extent, double x, double y) {
    const bool repeats = part.kind == OutlinePart::Kind::kRepeat;
    Rectangle(repeats ? "repeat" : "frame", x - extent.left, y, extent.width(), extent.height, 8, "");
    Text("caption", CaptionStandsLeft(part, extent) ? x - extent.left + 7 : x + 7, y + 13, part.caption);
    if (repeats) {
      Text("times", x + extent.right - 8, y + extent.height - 10, fmt::format("× {}", part.times));
    }
  }

  void DrawParallel(const OutlinePart& part, double x, double y) {
    const Placement placement = PlaceBranches(part);
    const double fork = y + 3, top = y + kForkHeight + kGap, bottom = top + placement.extent.height;
    const auto [left, right] = std::ranges::minmax(placement.axes);
    Line(fmt::format("M{:.1f} {:.1f}V{:.1f}M{:.1f} {:.1f}H{:.1f}", x, y, fork, x + std::min(left, 0.0), fork,
                     x + std::max(right, 0.0)));
    const double join = bottom + kGap;
    for (size_t i = 0; i < part.branches.size(); ++i) {
      const double axis = x + placement.axes[i];
      const OutlineSeries& branch = part.branches[i];
      const double end = branch.empty() ? fork : top + Measure(branch).height;
      if (!branch.empty()) {
        Arrow(axis, fork, top);
        DrawSeries(branch, axis, top);
      }
      JoinBranch(part, axis, end, x, join);
    }
    if (IsAddition(part)) {
      DrawAddition(part.box, x, join + kCircle);
    } else {
      const Extent& extent = placement.extent;
      Rectangle("box join", x - extent.left, join, extent.width(), kBoxHeight, 4,
                fmt::format("{}: {}", part.box.name, SizeText(part.box.output)));
      Text("", x, join + 16, part.box.title + (part.box.note.empty() ? "" : ", " + part.box.note));
    }
  }

  // From the end of a branch into the bar of a concatenation, or into the circle: from above or from the side.
  void JoinBranch(const OutlinePart& part, double axis, double end, double x, double join) {
    if (!IsAddition(part) || axis == x) return Arrow(axis, end, join);
    const double middle = join + kCircle;
    Line(fmt::format("M{:.1f} {:.1f}V{:.1f}H{:.1f}", axis, end, middle, x + kCircle + 4));
    Tip(x + kCircle, middle, "l6 -3.5v7z");
  }

  void DrawAddition(const OutlineBox& box, double x, double y) {
    svg_ += fmt::format("<circle class=\"box join\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:g}\"><title>{}</title></circle>",
                        x, y, kCircle, EscapeHtml(fmt::format("{}: {}", box.name, SizeText(box.output))));
    Line(fmt::format("M{:.1f} {:.1f}h10m-5 -5v10", x - 5, y));
    std::string text = box.title.size() > 1 ? box.title.substr(2) : "";  // "+ 0.17 ×"
    if (!box.note.empty()) text += (text.empty() ? "" : ", ") + box.note;
    if (!text.empty()) {
      svg_ += fmt::format("<text class=\"note\" style=\"text-anchor:end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                          x - kCircle - 5, y + 4, EscapeHtml(text));
    }
  }

  std::string svg_;
};

// The main line, cut into columns.
class Page {
 public:
  explicit Page(const OutlineSeries& series) : series_(series) {
    for (const OutlinePart& part : series) {
      extents_.push_back(Measure(part, /*framed=*/true));
      const double label = kLabelDistance + TextWidth(SizeText(OutputOf(part)), kNoteWidth);
      extents_.back().right = std::max(extents_.back().right, label);
    }
    Divide();
  }

  std::string Paint() {
    for (size_t c = 0; c < columns_.size(); ++c) PaintColumn(c);
    return painter_.svg();
  }

  double width() const { return columns_.back().axis + columns_.back().right + kMargin; }
  double height() const { return height_ + kHead + kMargin; }

 private:
  struct Column {
    size_t begin = 0, end = 0;
    double left = 0, right = 0, height = 0, axis = 0;
  };

  // Before part i: where the size changes it stands beside the arrow.
  double GapBefore(size_t i) const {
    return i > 0 && OutputOf(series_[i - 1]) == SizeBefore(i - 1) ? kGap : kLabelledGap;
  }
  FeatureShape SizeBefore(size_t i) const { return i == 0 ? FeatureShape() : OutputOf(series_[i - 1]); }

  // With as many columns as come nearest to the page's proportions.
  void Divide() {
    double best = 0;
    for (size_t count = 1; count <= std::min<size_t>(8, series_.size()); ++count) {
      const std::vector<Column> columns = Columns(count);
      double height = 0;
      for (const Column& column : columns) height = std::max(height, column.height);
      const double aspect = (columns.back().axis + columns.back().right) / (height + kHead);
      const bool fits = count == 1 && height <= kScreen;
      const double distance = fits ? 0 : std::abs(std::log(aspect / kAspect));
      if (columns_.empty() || distance < best) {
        best = distance;
        columns_ = columns;
        height_ = height;
      }
    }
  }

  // The least height that `count` columns can have, found by halving.
  std::vector<Column> Columns(size_t count) const {
    double low = 0, high = 0;
    for (size_t i = 0; i < series_.size(); ++i) {
      high += extents_[i].height + GapBefore(i);
      low = std::max(low, extents_[i].height + GapBefore(i));
    }
    while (high - low > 1) {
      const double middle = (low + high) / 2;
      (Filled(middle).size() <= count ? high : low) = middle;
    }
    return Filled(high);
  }

  std::vector<Column> Filled(double height) const {
    std::vector<Column> columns(1);
    double x = kMargin;
    for (size_t i = 0; i < series_.size(); ++i) {
      const double needed = extents_[i].height + GapBefore(i);
      if (columns.back().height + needed > height && columns.back().end > columns.back().begin) {
        columns.push_back({.begin = i, .end = i});
      }
      Column& column = columns.back();
      column.height += extents_[i].height + (column.begin == i ? kLabelledGap : GapBefore(i));
      column.end = i + 1;
      column.left = std::max(column.left, extents_[i].left);
      column.right = std::max(column.right, extents_[i].right);
    }
    for (Column& column : columns) {
      column.axis = x + column.left;
      x = column.axis + column.right + kColumnGap;
    }
    return columns;
  }

  void PaintColumn(size_t c) {
    const Column& column = columns_[c];
    double y = kHead;
    for (size_t i = column.begin; i < column.end; ++i) {
      const double to = y + (i == column.begin ? kLabelledGap : GapBefore(i));
      if (i > column.begin) {
        painter_.Arrow(column.axis, y, to);
        if (GapBefore(i) > kGap)
          painter_.Text("size", column.axis + kLabelDistance, y + 17, SizeText(OutputOf(series_[i - 1])));
      }
      painter_.Draw(series_[i], column.axis, to, /*framed=*/true);
      y = to + extents_[i].height;
    }
    if (c + 1 < columns_.size()) Continue(column, y, columns_[c + 1]);
  }

  // From the bottom of a column to the top of the next.
  void Continue(const Column& column, double y, const Column& next) {
    const double between = column.axis + column.right + kColumnGap / 2, top = kHead + 6;
    painter_.Line(fmt::format("M{:.1f} {:.1f}v10H{:.1f}V{:.1f}H{:.1f}V{:.1f}", column.axis, y, between, top, next.axis,
                              kHead + kLabelledGap - 4));
    painter_.Tip(next.axis, kHead + kLabelledGap, "l-3.5 -6h7z");
    painter_.Text("size", next.axis + kLabelDistance, kHead + 20, SizeText(OutputOf(series_[next.begin - 1])));
  }

  const OutlineSeries& series_;
  std::vector<Extent> extents_;
  std::vector<Column> columns_;
  double height_ = 0;
  Painter painter_;
};

}  // namespace

std::string DiagramSvg(const Graph& graph, const std::string& title, const std::string& subtitle) {
  const OutlineSeries series = OutlineOf(graph);
  Page page(series);
  const std::string painted = page.Paint();
  Painter head;
  head.Text("head", kMargin, 30, title);
  head.Text("sub", kMargin, 50, subtitle);
  const double width =
      std::max({page.width(), 2 * kMargin + TextWidth(title, 11), 2 * kMargin + TextWidth(subtitle, 7)});
  const double height = page.height() + 12;  // the lines from column to column run below the boxes
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
             "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\"><title>{2}</title><style>{3}</style>"
             "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
             width, height, EscapeHtml(title), kStyle) +
         head.svg() + painted + "</svg>\n";
}

}  // namespace siskin
