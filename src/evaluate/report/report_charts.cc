// Curves of the training, ROC, calibration.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "evaluate/calibration.h"
#include "evaluate/report/html.h"
#include "evaluate/report/report_sections.h"
#include "evaluate/report/svg_chart.h"
#include "evaluate/roc.h"

namespace siskin {
namespace {

struct LegendEntry {
  std::string css_class, text;  // text: HTML
};

std::string Legend(const std::vector<LegendEntry>& entries) {
  std::string html = "<ul class=\"legend\">";
  for (const auto& [css_class, text] : entries) {
    html += fmt::format(
        "<li><svg class=\"key\" viewBox=\"0 0 28 10\" aria-hidden=\"true\"><path class=\"line {}\" d=\"M1 "
        "5H27\"/></svg>"
        "{}</li>",
        css_class, text);
  }
  return html + "</ul>\n";
}

std::string Figure(const Chart& chart, const std::string& caption) {
  return fmt::format("<figure><h3>{}</h3>\n{}{}</figure>\n", EscapeHtml(chart.title), SvgChart(chart), caption);
}

// Whole numbers from 1 to `last`, at most seven.
std::vector<std::pair<double, std::string>> EpochTicks(size_t last) {
  if (last == 1) return {{1, "1"}};
  std::vector<std::pair<double, std::string>> ticks = Ticks(1, static_cast<double>(last), 7);
  std::erase_if(ticks, [](const auto& tick) { return tick.first != std::floor(tick.first); });
  for (auto& [value, text] : ticks) text = fmt::format("{}", static_cast<int64_t>(value));
  return ticks;
}

// Where each phase ends, half an epoch after its last one. No names if there is only one phase.
std::vector<ChartSpan> Phases(const std::vector<ReportEpoch>& epochs) {
  std::vector<ChartSpan> phases;
  for (size_t i = 0; i < epochs.size(); ++i) {
    if (i == 0 || epochs[i].phase != epochs[i - 1].phase) phases.push_back({epochs[i].phase, 0});
    phases.back().end = static_cast<double>(i) + 1.5;
  }
  if (phases.size() == 1) return {};
  phases.back().end = std::max(static_cast<double>(epochs.size()), phases.back().end - 0.5);
  return phases;
}

// One of the two numbers that are followed through the epochs.
struct Curve {
  std::string id, name;                   // "loss"
  double ReportEpoch::* train = nullptr;  //
  double ReportEpoch::* validation = nullptr;
  double factor = 1;  // 100: in percent
  std::string unit;
  int decimals = 4;
};

std::string EpochName(const ReportContent& content, const ReportEpoch& epoch) {
  const bool several = content.epochs.front().phase != content.epochs.back().phase;
  return several ? fmt::format("epoch {} of {}", epoch.epoch, epoch.phase) : fmt::format("epoch {}", epoch.epoch);
}

Chart EpochChart(const ReportContent& content, const Curve& curve) {
  const std::vector<ReportEpoch>& epochs = content.epochs;
  Chart chart{.id = curve.id,
              .title = curve.name,
              .description = "",
              .x = {},
              .y = {},
              .spans = Phases(epochs),
              .lines = {},
              .marks = {}};
  chart.lines = {{"training", "train", {}}, {"validation", "validation", {}}};
  double lowest = INFINITY, highest = -INFINITY;
  for (size_t i = 0; i < epochs.size(); ++i) {
    const ReportEpoch& epoch = epochs[i];
    const double x = static_cast<double>(i) + 1;
    const double train = epoch.*curve.train * curve.factor, validation = epoch.*curve.validation * curve.factor;
    chart.lines[0].points.push_back({x, train});
    chart.lines[1].points.push_back({x, validation});
    for (const double y : {train, validation}) {
      if (!std::isfinite(y)) continue;
      lowest = std::min(lowest, y);
      highest = std::max(highest, y);
    }
    if (epoch.best) {
      const std::string name = fmt::format("best {}: validation {} {:.{}f}{}", EpochName(content, epoch), curve.id,
                                           validation, curve.decimals, curve.unit);
      chart.marks.push_back({.at = {x, validation}, .name = name, .css_class = "best"});
      chart.description += (chart.description.empty() ? "" : "; ") + name;
    }
  }
  if (!std::isfinite(lowest)) lowest = highest = 0;
  // Room above and below, so that the frame hides no line; neither below 0 nor above 100 %.
  const double room = highest > lowest ? 0.08 * (highest - lowest) : std::max(0.05 * std::abs(highest), 0.05);
  chart.y = {curve.unit.empty() ? "" : "%", std::max(lowest - room, 0.0), highest + 1.5 * room, {}};
  if (!curve.unit.empty()) chart.y.high = std::min(chart.y.high, highest > 99.9 ? 100.4 : 100.0);
  chart.y.ticks = Ticks(chart.y.low, chart.y.high, 6);
  const double last = static_cast<double>(epochs.size());
  chart.x = {"epoch", epochs.size() == 1 ? 0.5 : 1, epochs.size() == 1 ? 1.5 : last, EpochTicks(epochs.size())};
  return chart;
}

std::string EpochTable(const std::vector<ReportEpoch>& epochs) {
  std::vector<std::vector<std::string>> rows;
  for (const ReportEpoch& e : epochs) {
    rows.push_back({fmt::format("{} {}{}", EscapeHtml(e.phase), e.epoch, e.best ? " (best)" : ""),
                    fmt::format("{:.3g}", e.lr), NumberHtml(e.train_loss, 4), PercentHtml(e.train_accuracy),
                    NumberHtml(e.validation_loss, 4), PercentHtml(e.validation_accuracy),
                    fmt::format("{:.1f}", e.seconds)});
  }
  return "<details><summary>All epochs as a table</summary>\n" +
         TableHtml("Epochs",
                   {"epoch", "learning rate", "training loss", "training accuracy", "validation loss",
                    "validation accuracy", "seconds"},
                   rows) +
         "</details>\n";
}

Chart UnitChart(const std::string& id, const std::string& title, const std::string& x, const std::string& y) {
  constexpr int kSquare = 404;  // the plot is as high as it is wide
  Chart chart{.id = id,
              .title = title,
              .description = "",
              .x = {},
              .y = {},
              .height = kSquare,
              .diagonal = true,
              .spans = {},
              .lines = {},
              .marks = {}};
  chart.x = {x, 0, 1, Ticks(0, 1, 6)};
  chart.y = {y, 0, 1, chart.x.ticks};
  return chart;
}

ChartLine RocLine(std::string name, std::string css_class, const std::vector<RocPoint>& curve) {
  ChartLine line{std::move(name), std::move(css_class), {}};
  for (const RocPoint& point : curve) line.points.push_back({point.false_positive_rate, point.true_positive_rate});
  return line;
}

std::vector<RocPoint> RocOfClass(const ScoredPhotos& scored, size_t k) {
  std::vector<float> scores;
  std::vector<bool> positive;
  for (size_t i = 0; i < scored.num_photos(); ++i) {
    scores.push_back(scored.score(i, static_cast<int>(k)));
    positive.push_back(static_cast<size_t>(scored.labels[i]) == k);
  }
  return RocCurve(scores, positive);
}

// Of two classes: the curve, and where on it the model decides.
void AddTwoClasses(const ReportContent& content, const Metrics& metrics, Chart* chart,
                   std::vector<LegendEntry>* legend) {
  const std::vector<RocPoint> curve = RocOfClass(content.scored, 1);
  if (curve.empty()) return;
  const std::string name = metrics.classes[1].name;
  chart->lines.push_back(RocLine(fmt::format("{}: area {:.4f}", name, metrics.roc_auc), "s0", curve));
  const auto share = [&](size_t truth) {
    const std::vector<int64_t>& row = metrics.confusion[truth];
    return static_cast<double>(row[1]) / static_cast<double>(row[0] + row[1]);
  };
  chart->marks.push_back({.at = {share(0), share(1)}, .name = "the model's threshold", .css_class = "best"});
  chart->description = fmt::format("area under the curve {:.4f}", metrics.roc_auc);
  legend->push_back({"s0", fmt::format("{} found among {}, area {:.4f}", NameHtml(name),
                                       NameHtml(metrics.classes[0].name), metrics.roc_auc)});
}

void AddManyClasses(const ReportContent& content, const Metrics& metrics, Chart* chart,
                    std::vector<LegendEntry>* legend) {
  constexpr size_t kMostLines = 10;  // as many as have a colour and dash of their own
  std::vector<std::vector<RocPoint>> curves;
  std::vector<size_t> order;
  for (size_t k = 0; k < metrics.classes.size(); ++k) {
    curves.push_back(RocOfClass(content.scored, k));
    if (!curves.back().empty()) order.push_back(k);
  }
  if (order.empty()) return;
  // The hardest classes first: those are the ones to look at, and of many classes the only ones shown.
  std::ranges::stable_sort(order,
                           [&](size_t a, size_t b) { return metrics.classes[a].roc_auc < metrics.classes[b].roc_auc; });
  order.resize(std::min(order.size(), kMostLines));
  for (size_t i = 0; i < order.size(); ++i) {
    const ClassMetrics& c = metrics.classes[order[i]];
    chart->lines.push_back(
        RocLine(fmt::format("{}: area {:.4f}", c.name, c.roc_auc), fmt::format("s{}", i), curves[order[i]]));
    legend->push_back({fmt::format("s{}", i), fmt::format("{} {:.4f}", NameHtml(c.name), c.roc_auc)});
  }
  chart->lines.push_back(
      RocLine(fmt::format("mean of all classes: area {:.4f}", metrics.roc_auc), "macro", MeanRocCurve(curves)));
  legend->insert(legend->begin(),
                 {"macro", fmt::format("mean of all {} classes {:.4f}", metrics.classes.size(), metrics.roc_auc)});
  chart->description = fmt::format("mean area under the curves {:.4f}", metrics.roc_auc);
}

}  // namespace

std::string CurvesSection(const ReportContent& content) {
  if (content.epochs.empty()) return "";
  const Curve loss{"loss", "Loss", &ReportEpoch::train_loss, &ReportEpoch::validation_loss, 1, "", 4};
  const Curve accuracy{"accuracy", "Accuracy", &ReportEpoch::train_accuracy, &ReportEpoch::validation_accuracy, 100,
                       " %",       2};
  std::string best;
  for (const ReportEpoch& epoch : content.epochs) {
    if (epoch.best) best += fmt::format("{}{}", best.empty() ? "" : ", ", EscapeHtml(EpochName(content, epoch)));
  }
  std::string html = Legend({{"train", "training"}, {"validation", "validation"}});
  html += fmt::format(
      "<p class=\"note\">{}Training numbers are means over the epoch while the weights still move, with dropout, class "
      "weights and label smoothing where the recipe has them; validation is measured after the epoch, without, and its "
      "loss at the temperature that suits it best.</p>\n",
      best.empty() ? "" : fmt::format("The circle marks the best epoch ({}). ", best));
  html += "<div class=\"pair\">" + Figure(EpochChart(content, loss), "") + Figure(EpochChart(content, accuracy), "") +
          "</div>\n" + EpochTable(content.epochs);
  return SectionHtml("Training", html);
}

std::string RocSection(const ReportContent& content, const Metrics& metrics) {
  Chart chart = UnitChart("roc", "ROC curve", "false positive rate", "true positive rate");
  std::vector<LegendEntry> legend;
  const bool two = metrics.classes.size() == 2;
  two ? AddTwoClasses(content, metrics, &chart, &legend) : AddManyClasses(content, metrics, &chart, &legend);
  if (chart.lines.empty()) return "";
  const std::string caption =
      two ? "How many are found at the price of how many false alarms, for every threshold. The circle is the "
            "threshold "
            "that the model uses."
          : "Each class against all others, for every threshold; beside the names the area under the curve, the lowest "
            "first.";
  return Figure(chart, Legend(legend) + "<figcaption>" + caption + "</figcaption>");
}

std::string CalibrationSection(const ReportContent& content) {
  const ScoredPhotos& scored = content.scored;
  constexpr int kBins = 10;
  const std::vector<ReliabilityBin> bins = Reliability(scored.scores, scored.labels, scored.decisions, kBins);
  Chart chart = UnitChart("calibration", "Calibration", "score of the answer", "share of right answers");
  for (const ReliabilityBin& bin : bins) {
    if (bin.photos == 0) continue;
    const double share = static_cast<double>(bin.correct) / static_cast<double>(bin.photos);
    const Interval interval = WilsonInterval(bin.correct, bin.photos);
    const double weight = static_cast<double>(bin.photos) / static_cast<double>(scored.num_photos());
    chart.marks.push_back({.at = {bin.mean_score, share},
                           .name = fmt::format("{} photos scored {:.1f} to {:.1f}, {:.3f} on average: {:.1f} % right "
                                               "(95 % interval {:.1f} to {:.1f} %)",
                                               bin.photos, bin.low, bin.high, bin.mean_score, 100 * share,
                                               100 * interval.low, 100 * interval.high),
                           .css_class = "bin",
                           .low = interval.low,
                           .high = interval.high,
                           .radius = 3.5 + 5 * std::sqrt(weight)});
  }
  const double error = CalibrationError(bins);
  chart.description = fmt::format("expected calibration error {:.4f}", error);
  return Figure(chart,
                fmt::format("<figcaption>On the diagonal a score means what it says: of the photos scored 0.9 nine in "
                            "ten are right. Bars are 95 % intervals, larger circles are more photos. Expected "
                            "calibration error {:.4f}.</figcaption>",
                            error));
}

}  // namespace siskin
