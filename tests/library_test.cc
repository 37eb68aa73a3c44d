// The built libraries as those see them who link them, and the program where a part of it is missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/testing.h"
#include "program.h"

namespace siskin::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Lines(const std::string& command, const fs::path& folder) {
  const fs::path file = folder / "lines.txt";
  EXPECT_EQ(std::system((command + " > '" + file.string() + "'").c_str()), 0) << command;
  std::vector<std::string> lines;
  std::istringstream in(ReadText(file));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The functions of the headers that need more than the core.
const std::vector<std::string> kWholeApi = {
    "Evaluate", "EvaluationReport", "Export", "ExportTargets", "FindExportTarget", "PreviewAugmentation",
    "ToCsv",    "ToJsonText",       "ToText", "Train",         "TrainOptions::Set"};

// Which of them a symbol is: "ToCsv" of "siskin::ToCsv[abi:cxx11](siskin::Metrics const&)"; empty: none.
std::string WholeApiFunction(const std::string& symbol) {
  const auto found = std::ranges::find_if(kWholeApi, [&](const std::string& function) {
    return symbol.starts_with("siskin::" + function + "(") || symbol.starts_with("siskin::" + function + "[abi:");
  });
  return found == kWholeApi.end() ? "" : *found;
}

// The API, and of the C++ library what its own namespace exports.
bool MayBeExported(const std::string& symbol) {
  for (const char* inner : {"siskin::", "fmt::", "hwy::", "nlohmann::"}) {
    if (!Contains(symbol, inner)) continue;
    return symbol.starts_with("siskin::Classifier::") || symbol.starts_with("siskin::Prediction::") ||
           symbol.ends_with(" for siskin::Error") || symbol.starts_with("siskin::Error::") ||
           symbol.ends_with(" for siskin::Progress") || symbol.starts_with("siskin::Progress::") ||
           symbol.starts_with("std::") || !WholeApiFunction(symbol).empty();
  }
  return true;
}

TEST(Library, ExportsTheApiAndNothingElse) {
  if (UnderSanitizer()) GTEST_SKIP() << "sanitizers bring symbols of their own";
  const TemporaryFolder folder;
  for (const std::string& library : {std::string(SISKIN_CORE_LIBRARY), std::string(SISKIN_LIBRARY)}) {
    size_t num_c = 0, num_cpp = 0;
    std::set<std::string> whole;
    for (const std::string& line : Lines("nm -D --defined-only --demangle '" + library + "'", folder.path())) {
      const std::string symbol = line.substr(std::min(line.size(), size_t{19}));  // after address and type
      EXPECT_TRUE(MayBeExported(symbol)) << library << ": " << line;
      num_c += symbol.starts_with("siskin_");
      num_cpp += symbol.starts_with("siskin::Classifier::");
      if (const std::string function = WholeApiFunction(symbol); !function.empty()) whole.insert(function);
    }
    EXPECT_EQ(num_c, 13u) << library << ": the functions of c_api.h";
    EXPECT_GE(num_cpp, 7u) << library;
    EXPECT_EQ(whole.size(), library == SISKIN_LIBRARY ? kWholeApi.size() : 0u) << library;
  }
}

// Who only predicts has no OpenSSL, no curl and no archives around.
TEST(Library, TheCoreNeedsThePhotoFormatsAndTheSystemOnly) {
  if (UnderSanitizer()) GTEST_SKIP() << "sanitizers bring libraries of their own";
  const std::vector<std::string> known = {"libjpeg.", "libpng16.", "libwebp.",   "libstdc++.",        "libm.",
                                          "libc.",    "libgcc_s.", "libpthread", "ld-linux-x86-64.so"};
  const TemporaryFolder folder;
  size_t num_needed = 0;
  for (const std::string& line : Lines("readelf -d '" + std::string(SISKIN_CORE_LIBRARY) + "'", folder.path())) {
    if (!Contains(line, "(NEEDED)")) continue;
    ++num_needed;
    const std::string name = line.substr(line.find('[') + 1);
    const bool is_known = std::ranges::any_of(known, [&](const std::string& begin) { return name.starts_with(begin); });
    EXPECT_TRUE(is_known) << line;
  }
  EXPECT_GE(num_needed, 4u);
}

TEST(Library, WithoutSiskinImportTheProgramSaysWhatIsMissing) {
  const TemporaryFolder folder;
  fs::copy_file(SISKIN_PROGRAM, folder.path() / "siskin");  // siskin-import is looked for beside it and on PATH
  WriteText(folder.path() / "weights.h5", "\x89HDF\r\n\x1a\n and no more");
  const std::string command =
      "cd '" + folder.path().string() +
      "' && PATH=/nowhere SISKIN_WEIGHTS=. ./siskin weights import weights.h5 --as resnet50-imagenet 2> err";
  EXPECT_NE(std::system(command.c_str()), 0);
  const std::string said = ReadText(folder.path() / "err");
  EXPECT_TRUE(Contains(said, "for HDF5 the program siskin-import is needed")) << said;
  EXPECT_TRUE(Contains(said, "built without libhdf5")) << said;
}

}  // namespace
}  // namespace siskin::testing
