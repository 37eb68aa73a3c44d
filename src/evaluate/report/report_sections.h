// The parts of the page, each a <section> or empty; private to report.cc and its neighbours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evaluate/report/report_content.h"

namespace siskin {

extern const char kReportStyle[];  // the style sheet

// "98.72 %"; a dash where the number does not exist.
std::string PercentHtml(double fraction);
std::string NumberHtml(double number, int decimals);

// A table that scrolls sideways where it is too wide. head: escaped HTML of the column headings; rows: of the cells,
// the first of a row is its heading.
std::string TableHtml(std::string_view caption, const std::vector<std::string>& head,
                      const std::vector<std::vector<std::string>>& rows);

// heading: HTML; body empty: no section.
std::string SectionHtml(std::string_view heading, const std::string& body);

std::string CurvesSection(const ReportContent& content);
std::string MistakesSection(const ReportContent& content, const Metrics& metrics);
std::string ConfusionSection(const Metrics& metrics);
std::string ClassesSection(const Metrics& metrics);
std::string RocSection(const ReportContent& content, const Metrics& metrics);
std::string CalibrationSection(const ReportContent& content);

}  // namespace siskin
