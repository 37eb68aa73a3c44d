// Mistakes, confusion matrix, numbers by class.
#include <cmath>

#include "base/error.h"
#include "evaluate/report/html.h"
#include "evaluate/report/report_sections.h"

namespace siskin {
namespace {

std::string MistakeHtml(const ReportMistake& mistake, bool two_classes) {
  std::string picture = "<div class=\"missing\">no picture</div>";
  if (!mistake.jpeg.empty()) {
    picture = fmt::format("<img alt=\"{}, taken for {}\" src=\"data:image/jpeg;base64,{}\">", EscapeHtml(mistake.truth),
                          EscapeHtml(mistake.predicted), Base64(mistake.jpeg));
  }
  // Of two classes the other score is what is missing to 1.
  const std::string truth_score = two_classes ? "" : fmt::format(", of the true class {:.4f}", mistake.truth_score);
  return fmt::format(
      "<li><figure>{}<figcaption><b>{}</b>, taken for <b>{}</b><br>score {:.4f}{}"
      "<span class=\"path\">{}</span></figcaption></figure></li>\n",
      picture, NameHtml(mistake.truth), NameHtml(mistake.predicted), mistake.score, truth_score,
      NameHtml(mistake.path));
}

// A cell of the matrix: its colour is the share of the photos of the true class.
std::string ConfusionCell(const Metrics& metrics, size_t truth, size_t predicted) {
  const int64_t count = metrics.confusion[truth][predicted], photos = metrics.classes[truth].photos;
  const double share = photos == 0 ? 0 : static_cast<double>(count) / static_cast<double>(photos);
  // Even one mistake among thousands is seen: the square root brings small shares up. At 0.6 the text on the colour
  // still has a contrast of 4.5 in both themes.
  const double heat = count == 0 ? 0 : 0.06 + 0.54 * std::sqrt(share);
  const std::string& name = metrics.classes[truth].name;
  const std::string what = truth == predicted ? "right" : "taken for " + metrics.classes[predicted].name;
  return fmt::format("<td class=\"{}\" style=\"--heat:{:.3f}\" title=\"{} of {} photos of {} ({:.1f} %) {}\">{}</td>",
                     count == 0           ? "zero"
                     : truth == predicted ? "right"
                                          : "wrong",
                     heat, count, photos, EscapeHtml(name), 100 * share, EscapeHtml(what), count);
}

std::string Matrix(const Metrics& metrics) {
  const size_t classes = metrics.classes.size();
  constexpr size_t kUprightClasses = 8;  // more names in a row do not fit unless they are rotated
  std::string html = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\"><table class=\"matrix{}\">"
      "<caption>Rows: the true class. Columns: the answer.</caption>\n<thead><tr><td></td>",
      classes > kUprightClasses ? " rotated" : "");
  for (const ClassMetrics& c : metrics.classes) {
    html += fmt::format("<th scope=\"col\"><span>{}</span></th>", NameHtml(c.name));
  }
  html += "</tr></thead>\n<tbody>";
  for (size_t truth = 0; truth < classes; ++truth) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", NameHtml(metrics.classes[truth].name));
    for (size_t predicted = 0; predicted < classes; ++predicted) html += ConfusionCell(metrics, truth, predicted);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string HtmlConfusionTable(const Metrics& metrics) {
  constexpr size_t kMost = 25;
  const std::vector<Confusion> all = FrequentConfusions(metrics, kMost);
  if (all.empty()) return "<p>Not one photo was taken for another class.</p>\n";
  std::vector<std::vector<std::string>> rows;
  for (const Confusion& c : all) {
    const ClassMetrics& truth = metrics.classes[c.truth];
    rows.push_back({NameHtml(truth.name), NameHtml(metrics.classes[c.predicted].name), fmt::format("{}", c.photos),
                    PercentHtml(static_cast<double>(c.photos) / static_cast<double>(truth.photos))});
  }
  return TableHtml("The most frequent confusions", {"true class", "taken for", "photos", "of the true class"}, rows);
}

}  // namespace

std::string TableHtml(std::string_view caption, const std::vector<std::string>& head,
                      const std::vector<std::vector<std::string>>& rows) {
  std::string html = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table>"
      "<caption>{}</caption>\n<thead><tr>",
      caption, caption);
  for (const std::string& cell : head) html += fmt::format("<th scope=\"col\">{}</th>", cell);
  html += "</tr></thead>\n<tbody>";
  for (const std::vector<std::string>& row : rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      html += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", row[i]) : fmt::format("<td>{}</td>", row[i]);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string MistakesSection(const ReportContent& content, const Metrics& metrics) {
  if (content.mistakes.empty()) return "";
  const int64_t wrong = metrics.photos - metrics.correct;
  std::string html = fmt::format(
      "<p class=\"note\">{} of {} photos got a wrong answer. {} the model was surest about; a "
      "wrong label is often among them.</p>\n<ol class=\"mistakes\">\n",
      wrong, metrics.photos,
      content.mistakes.size() < static_cast<size_t>(wrong)
          ? fmt::format("These are the {} that", content.mistakes.size())
          : "First those that");
  for (const ReportMistake& mistake : content.mistakes) html += MistakeHtml(mistake, metrics.classes.size() == 2);
  return SectionHtml("Worst mistakes", html + "</ol>\n");
}

std::string ConfusionSection(const Metrics& metrics) {
  constexpr size_t kMatrixClasses = 30;  // 30 columns of counts still fit a wide screen
  return SectionHtml("What is taken for what",
                     metrics.classes.size() <= kMatrixClasses ? Matrix(metrics) : HtmlConfusionTable(metrics));
}

std::string ClassesSection(const Metrics& metrics) {
  std::vector<std::vector<std::string>> rows;
  for (const ClassMetrics& c : metrics.classes) {
    rows.push_back({NameHtml(c.name), fmt::format("{}", c.photos), PercentHtml(c.precision), PercentHtml(c.recall),
                    PercentHtml(c.f1), NumberHtml(c.roc_auc, 4)});
  }
  return SectionHtml(
      "Class by class",
      "<p class=\"note\">Precision: of the photos that got this answer, how many are right. Recall: of the photos of "
      "this class, how many were found. F1 is their harmonic mean.</p>\n" +
          TableHtml("Numbers by class", {"class", "photos", "precision", "recall", "F1", "ROC AUC"}, rows));
}

}  // namespace siskin
