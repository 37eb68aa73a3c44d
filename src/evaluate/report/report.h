// The page that a person reads after a training or an evaluation: one HTML file without scripts and without anything
// from elsewhere; light, dark, on paper and on a phone.
#pragma once

#include <string>

#include "evaluate/report/report_content.h"

namespace siskin {

// Needs content.scored with at least one photo (kInternal, as ComputeMetrics); all else may be empty, and its section
// is then left out.
std::string HtmlReport(const ReportContent& content);

}  // namespace siskin
