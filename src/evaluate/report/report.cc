#include "evaluate/report/report.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/error.h"
#include "base/json.h"
#include "evaluate/report/html.h"
#include "evaluate/report/report_sections.h"

namespace siskin {
namespace {

std::string Photos(int64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "photo" : "photos");
}

// "cats or dogs"; of many classes the first ones and how many there are. HTML.
std::string TitleHtml(const std::vector<std::string>& class_names) {
  constexpr size_t kMostNames = 6;
  std::string title;
  const size_t shown = std::min(class_names.size(), kMostNames);
  for (size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == class_names.size();
    title += (i == 0 ? "" : last ? " or " : ", ") + NameHtml(class_names[i]);
  }
  if (shown < class_names.size()) title += fmt::format(" or {} more", class_names.size() - shown);
  return title;
}

std::string Accuracy(const std::string& label, const Metrics& metrics, const char* css_class) {
  return fmt::format(
      "<div class=\"{}\"><dt>{}</dt><dd><strong>{}</strong> 95 % interval {:.2f} to {:.2f} %<br>{} of {} "
      "right</dd></div>\n",
      css_class, label, PercentHtml(metrics.accuracy), 100 * metrics.accuracy_interval.low,
      100 * metrics.accuracy_interval.high, metrics.correct, Photos(metrics.photos));
}

std::string Small(const std::string& label, const std::string& value, const std::string& note) {
  return fmt::format("<div><dt>{}</dt><dd><strong>{}</strong> {}</dd></div>\n", label, value, note);
}

std::string Headline(const ReportContent& content, const Metrics& metrics) {
  std::string html = "<dl class=\"headline\">\n";
  html += Accuracy(fmt::format("Accuracy on the {} photos", EscapeHtml(content.scored_split)), metrics, "first");
  if (content.validation) html += Accuracy("On the validation photos", *content.validation, "");
  html += Small("ROC AUC", NumberHtml(metrics.roc_auc, 4),
                std::isnan(metrics.roc_auc)   ? "needs photos of two classes"
                : metrics.classes.size() == 2 ? "1 is perfect, 0.5 is guessing"
                                              : "mean over the classes; 1 is perfect");
  html += Small("Log loss", NumberHtml(metrics.log_loss, 4), "smaller is better");
  html += "</dl>\n";
  const char* too_good = content.scored_split == "validation" ? "These photos chose the best epoch"
                         : content.scored_split == "train"    ? "The model has learned from these photos"
                         : content.scored_split == "all"      ? "The model may have learned from some of these photos"
                                                              : nullptr;
  if (too_good != nullptr) {
    html +=
        fmt::format("<p class=\"warning\">{}: the numbers are better than those of photos never seen.</p>\n", too_good);
  }
  return html;
}

std::string DataSection(const ReportContent& content) {
  std::string html;
  if (!content.splits.empty()) {
    std::vector<std::string> head = {"class"};
    std::vector<std::vector<std::string>> rows;
    for (const std::string& name : content.scored.class_names) rows.push_back({NameHtml(name)});
    rows.push_back({"all"});
    for (const ReportSplit& split : content.splits) {
      head.push_back(EscapeHtml(split.name));
      int64_t all = 0;
      for (size_t k = 0; k + 1 < rows.size(); ++k) {
        const int count = k < split.photos.size() ? split.photos[k] : 0;
        rows[k].push_back(fmt::format("{}", count));
        all += count;
      }
      rows.back().push_back(fmt::format("{}", all));
    }
    html += TableHtml("Photos by class and split", head, rows);
  }
  if (!content.skipped.empty()) {
    constexpr size_t kMost = 50;
    html += fmt::format("<details><summary>{} could not be used</summary><ul>\n",
                        Photos(static_cast<int64_t>(content.skipped.size())));
    for (size_t i = 0; i < std::min(content.skipped.size(), kMost); ++i) {
      html += fmt::format("<li><span class=\"path\">{}</span> {}</li>\n", NameHtml(content.skipped[i].path),
                          EscapeHtml(content.skipped[i].reason));
    }
    if (content.skipped.size() > kMost) html += fmt::format("<li>and {} more</li>\n", content.skipped.size() - kMost);
    html += "</ul></details>\n";
  } else if (!content.splits.empty()) {
    html += "<p class=\"note\">Every photo could be used.</p>\n";
  }
  return SectionHtml("Photos", html);
}

std::string ValueHtml(const Json& value) {
  return EscapeHtml(value.is_string() ? value.get<std::string>() : ToText(value));
}

std::string ModelSection(const ReportContent& content) {
  std::vector<std::vector<std::string>> facts, recipe;
  for (const auto& [name, value] : content.facts) facts.push_back({EscapeHtml(name), EscapeHtml(value)});
  facts.push_back({"Made by", "siskin " SISKIN_VERSION});
  for (const auto& [key, value] : content.recipe.items()) recipe.push_back({EscapeHtml(key), ValueHtml(value)});
  std::string html = "<div class=\"pair\">" + TableHtml("Model", {"what", "value"}, facts);
  if (!recipe.empty()) html += TableHtml("Recipe", {"option", "value"}, recipe);
  return SectionHtml("Model and recipe", html + "</div>\n");
}

std::string CommandSection(const ReportContent& content) {
  if (content.command.empty()) return "";
  return SectionHtml("The command that repeats it",
                     fmt::format("<pre tabindex=\"0\"><code>{}</code></pre>\n", EscapeHtml(content.command)));
}

}  // namespace

std::string PercentHtml(double fraction) {
  return std::isnan(fraction) ? "–" : fmt::format("{:.2f} %", 100 * fraction);
}

std::string NumberHtml(double number, int decimals) {
  return std::isfinite(number) ? fmt::format("{:.{}f}", number, decimals) : "–";
}

std::string SectionHtml(std::string_view heading, const std::string& body) {
  return body.empty() ? "" : fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", heading, body);
}

std::string HtmlReport(const ReportContent& content) {
  const Metrics metrics = MetricsOf(content.scored);
  const std::string kind = EscapeHtml(content.kind), title = TitleHtml(content.scored.class_names);
  std::string when;
  if (content.unix_time != 0) {
    when = fmt::format(" · {:%Y-%m-%d %H:%M} UTC", fmt::gmtime(static_cast<std::time_t>(content.unix_time)));
  }
  // The policy keeps a browser from running or fetching anything, whatever a file name may have smuggled in.
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{} - Siskin</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n"
      "<header><p>{}{}</p>\n<h1>{}</h1></header>\n",
      kind, kReportStyle, kind, when, title);
  html += Headline(content, metrics);
  html += CurvesSection(content) + MistakesSection(content, metrics);
  html += ConfusionSection(metrics) + ClassesSection(metrics);
  html += SectionHtml("Thresholds and scores",
                      "<div class=\"pair\">" + RocSection(content, metrics) + CalibrationSection(content) + "</div>\n");
  html += DataSection(content) + ModelSection(content) + CommandSection(content);
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace siskin
