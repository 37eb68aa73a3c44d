// Metrics as JSON, as CSV and as a table for a person.
#include <algorithm>
#include <cmath>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "evaluate/metrics.h"

namespace siskin {
namespace {

Json NumberOrNull(double value) {
  return std::isnan(value) ? Json(nullptr) : Json(value);
}

std::string CsvNumber(double value) {
  return std::isnan(value) ? "" : fmt::format("{:.6f}", value);
}

std::string Percent(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.2f} %", 100 * value);
}

std::string Fraction(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.4f}", value);
}

// Code points of valid UTF-8: every byte but the continuation bytes.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// Cells to aligned columns two blanks apart, the first to the left, the others to the right.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - Width(row[i]), ' ');
      text += i == 0 ? row[i] + blanks : "  " + blanks + row[i];
    }
    text += '\n';
  }
  return text;
}

std::string ClassTable(const Metrics& metrics) {
  std::vector<std::vector<std::string>> rows = {{"class", "photos", "precision", "recall", "F1", "ROC AUC"}};
  for (const ClassMetrics& c : metrics.classes) {
    rows.push_back({Printable(c.name), std::to_string(c.photos), Percent(c.precision), Percent(c.recall), Percent(c.f1),
                    Fraction(c.roc_auc)});
  }
  return Table(rows);
}

std::string ConfusionMatrix(const Metrics& metrics) {
  std::vector<std::vector<std::string>> rows = {{"truth \\ predicted"}};
  for (const ClassMetrics& c : metrics.classes) rows[0].push_back(Printable(c.name));
  for (size_t truth = 0; truth < metrics.classes.size(); ++truth) {
    rows.push_back({Printable(metrics.classes[truth].name)});
    for (const int64_t count : metrics.confusion[truth]) rows.back().push_back(std::to_string(count));
  }
  return Table(rows);
}

std::string ConfusionTable(const Metrics& metrics) {
  std::vector<std::vector<std::string>> rows = {{"most frequent confusions", "taken for", "photos"}};
  for (const Confusion& c : FrequentConfusions(metrics, 10)) {
    rows.push_back({Printable(metrics.classes[c.truth].name), Printable(metrics.classes[c.predicted].name),
                    std::to_string(c.photos)});
  }
  return Table(rows);
}

}  // namespace

Json ToJson(const Metrics& metrics) {
  Json json = {{"photos", metrics.photos},
               {"correct", metrics.correct},
               {"accuracy", metrics.accuracy},
               {"accuracy_interval", {metrics.accuracy_interval.low, metrics.accuracy_interval.high}},
               {"log_loss", metrics.log_loss},
               {"roc_auc", NumberOrNull(metrics.roc_auc)},
               {"classes", Json::array()},
               {"confusion", metrics.confusion}};
  for (const ClassMetrics& c : metrics.classes) {
    json["classes"].push_back({{"name", c.name},
                               {"photos", c.photos},
                               {"precision", NumberOrNull(c.precision)},
                               {"recall", NumberOrNull(c.recall)},
                               {"f1", NumberOrNull(c.f1)},
                               {"roc_auc", NumberOrNull(c.roc_auc)}});
  }
  return json;
}

std::string ToJsonText(const Metrics& metrics) {
  return ToText(ToJson(metrics));
}

std::string ToText(const Metrics& metrics) {
  constexpr size_t kMatrixClasses = 12;  // 12 columns of names and counts still fit a wide terminal
  std::string text = Table({{"accuracy", Percent(metrics.accuracy)},
                            {"log loss", Fraction(metrics.log_loss)},
                            {"ROC AUC", Fraction(metrics.roc_auc)}});
  text.insert(text.find('\n'),
              fmt::format("  ({} of {} photos; 95 % interval {} to {})", metrics.correct, metrics.photos,
                          Percent(metrics.accuracy_interval.low), Percent(metrics.accuracy_interval.high)));
  text += '\n' + ClassTable(metrics) + '\n';
  text += metrics.classes.size() <= kMatrixClasses ? ConfusionMatrix(metrics) : ConfusionTable(metrics);
  return text;
}

std::string ToCsv(const Metrics& metrics) {
  std::string csv = "class,photos,precision,recall,f1,roc_auc\n";
  for (const ClassMetrics& c : metrics.classes) {
    csv += fmt::format("{},{},{},{},{},{}\n", CsvField(c.name), c.photos, CsvNumber(c.precision), CsvNumber(c.recall),
                       CsvNumber(c.f1), CsvNumber(c.roc_auc));
  }
  return csv;
}

}  // namespace siskin
