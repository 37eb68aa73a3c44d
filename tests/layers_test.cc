// The house rules that a compiler does not check: the code keeps to the table of layers, which the build reads, too
// (cmake/layers.txt); files do not include each other in circles; the library neither prints nor ends the process.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string>;

// A line of cmake/layers.txt.
struct LayerRow {
  std::string name;
  std::string in;  // "core", "full" or "program"
  Names files, uses, libraries;
};

Names SplitAtCommas(const std::string& text) {
  Names names;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ',');) {
    if (name != "-") names.insert(name);
  }
  return names;
}

// From the bottom to the top.
std::vector<LayerRow> Table() {
  std::ifstream in(std::filesystem::path(SISKIN_SOURCE_DIR) / "cmake/layers.txt");
  std::vector<LayerRow> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream columns(line);
    std::string name, kind, files, uses, libraries, more;
    columns >> name >> kind >> files >> uses >> libraries;
    EXPECT_TRUE(!libraries.empty() && !(columns >> more)) << "not five columns: " << line;
    rows.push_back({name, kind, SplitAtCommas(files), SplitAtCommas(uses), SplitAtCommas(libraries)});
  }
  return rows;
}

// Headers by what they begin with, and which of the table's libraries they belong to.
const std::map<std::string, std::string> kLibraries = {
    {"CLI/", "cli11"}, {"hdf5", "hdf5"},       {"H5", "hdf5"},      {"seccomp", "seccomp"},
    {"curl/", "curl"}, {"archive", "archive"}, {"jpeglib", "jpeg"}, {"jerror", "jpeg"},
    {"png", "png"},    {"webp/", "webp"},      {"hwy/", "highway"}, {"utf8proc", "utf8proc"}};

struct SourceFile {
  std::string path;    // "src/cli/main.cc"
  std::string module;  // "cli/main"
  std::string folder;  // "cli"
  std::string text;    // without comments
  bool for_tests = false;
};

// x.h, x-inl.h and x.cc are one module, "folder/x".
std::string ModuleOf(const std::string& path) {
  const std::string stem = path.substr(0, path.rfind('.'));
  return stem.ends_with("-inl") ? stem.substr(0, stem.size() - 4) : stem;
}

// Texts that are programs of others: what they call is not called here.
std::string WithoutRawStrings(const std::string& text) {
  std::string out;
  size_t at = 0;
  for (size_t begin = text.find("R\"("); begin != std::string::npos; begin = text.find("R\"(", at)) {
    out += text.substr(at, begin - at) + "\"\"";
    at = std::min(text.find(")\"", begin), text.size() - 2) + 2;
  }
  return out + text.substr(at);
}

// Comments may speak of anything.
std::string WithoutComments(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) out += line.substr(0, line.find("//")) + "\n";
  return out;
}

std::vector<SourceFile> Sources() {
  const fs::path root = SISKIN_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / "src")) {
    const std::string extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    std::ifstream in(entry.path());
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const fs::path inside = fs::relative(entry.path(), root / "src");
    const std::string name = entry.path().filename();
    files.push_back({.path = fs::relative(entry.path(), root).string(),
                     .module = ModuleOf(inside.string()),
                     .folder = inside.begin()->string(),
                     .text = WithoutComments(WithoutRawStrings(text)),
                     .for_tests = name.starts_with("testing") || name.find("_test.") != std::string::npos ||
                                  name.find("_bench.") != std::string::npos});
  }
  return files;
}

// The layer of a module: that of its own name, else that of the innermost folder around it; empty if there is none.
std::string LayerOf(const std::string& module, const std::vector<LayerRow>& table) {
  for (std::string part = module; !part.empty();
       part.resize(part.find('/') == std::string::npos ? 0 : part.rfind('/'))) {
    for (const LayerRow& row : table) {
      if (row.files.contains(part)) return row.name;
    }
  }
  return "";
}

// What stands between `#include "` (or <) and its end, in every line that includes.
std::vector<std::string> Includes(const std::string& text, char opening, char closing) {
  const std::string begin = std::string("#include ") + opening;
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(begin)) found.push_back(line.substr(begin.size(), line.rfind(closing) - begin.size()));
  }
  return found;
}

bool IsPartOfName(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Whether `what` ("exit(") stands in the text, not as the end of a longer name.
bool Uses(const std::string& text, const std::string& what) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    if (at == 0 || !IsPartOfName(text[at - 1])) return true;
  }
  return false;
}

TEST(Layers, WhatStandsInRawStringsIsNotCode) {
  EXPECT_EQ(WithoutRawStrings("a R\"(exit(1))\" b R\"()\" puts()"), "a \"\" b \"\" puts()");
  EXPECT_EQ(WithoutRawStrings("open R\"(exit("), "open \"\"");
}

TEST(Layers, TheTableHasEveryFileAndNoOther) {
  const std::vector<LayerRow> table = Table();
  const std::vector<SourceFile> sources = Sources();
  ASSERT_GT(sources.size(), 50u);
  Names seen;
  for (const SourceFile& file : sources) {
    EXPECT_NE(LayerOf(file.module, table), "") << file.path;
    for (size_t end = file.module.size(); end != std::string::npos; end = file.module.rfind('/', end - 1)) {
      seen.insert(file.module.substr(0, end));
    }
  }
  for (const LayerRow& row : table) {
    for (const std::string& part : row.files) EXPECT_TRUE(seen.contains(part)) << row.name << " has no " << part;
  }
}

TEST(Layers, TheTablePointsDownAndTheCoreStaysInTheCore) {
  const std::vector<LayerRow> table = Table();
  Names below, core;
  for (const LayerRow& row : table) {
    EXPECT_TRUE(row.in == "core" || row.in == "full" || row.in == "program") << row.name << ": " << row.in;
    for (const std::string& used : row.uses) {
      EXPECT_TRUE(below.contains(used)) << row.name << " uses " << used << ", which is not below it";
      if (row.in != "core") continue;
      EXPECT_TRUE(core.contains(used)) << row.name << " is in the core and uses " << used;
    }
    below.insert(row.name);
    if (row.in == "core") core.insert(row.name);
  }
}

// Which other layers the code of each one includes.
std::map<std::string, Names> IncludedLayers(const std::vector<LayerRow>& table) {
  std::map<std::string, Names> included;
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;  // a test may bring what it needs from anywhere
    const std::string layer = LayerOf(file.module, table);
    for (const std::string& header : Includes(file.text, '"', '"')) {
      const std::string other = LayerOf(ModuleOf(header), table);
      if (!other.empty() && other != layer) included[layer].insert(other);  // the public headers are of no layer
    }
  }
  return included;
}

// Both ways: what is in the table and used by nobody is a link that the build need not have.
TEST(Layers, CodeIncludesWhatTheTableSays) {
  const std::vector<LayerRow> table = Table();
  ASSERT_GT(table.size(), 10u);
  std::map<std::string, Names> included = IncludedLayers(table);
  for (const LayerRow& row : table) EXPECT_EQ(included[row.name], row.uses) << row.name;
}

TEST(Layers, LibrariesAreUsedWhereTheTableSays) {
  const std::vector<LayerRow> table = Table();
  std::map<std::string, Names> included;
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    std::vector<std::string> headers = Includes(file.text, '<', '>');
    for (const std::string& header : Includes(file.text, '"', '"')) headers.push_back(header);
    for (const std::string& header : headers) {
      for (const auto& [begin, library] : kLibraries) {
        if (header.starts_with(begin)) included[LayerOf(file.module, table)].insert(library);
      }
    }
  }
  for (const LayerRow& row : table) EXPECT_EQ(included[row.name], row.libraries) << row.name;
}

// Every module and those that it includes; test files left out.
using Modules = std::map<std::string, Names>;

Modules IncludedModules() {
  Modules modules;
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    for (const std::string& header : Includes(file.text, '"', '"')) {
      if (ModuleOf(header) != file.module) modules[file.module].insert(ModuleOf(header));
    }
  }
  return modules;
}

// What includes lead to from a module; with itself only if it stands in a circle.
Names ReachedFrom(const std::string& start, const Modules& modules) {
  Names reached;
  std::vector<std::string> open = {start};
  while (!open.empty()) {
    const auto found = modules.find(open.back());
    open.pop_back();
    if (found == modules.end()) continue;  // the public headers, and modules that include nothing
    for (const std::string& next : found->second) {
      if (reached.insert(next).second) open.push_back(next);
    }
  }
  return reached;
}

// The modules of every circle in one line; circles that touch are one.
Names Circles(const Modules& modules) {
  std::map<std::string, Names> reached;
  for (const auto& [module, included] : modules) reached[module] = ReachedFrom(module, modules);
  Names circles;
  for (const auto& [module, others] : reached) {
    if (!others.contains(module)) continue;
    std::string circle;
    for (const std::string& other : others) {
      if (reached[other].contains(module)) circle += (circle.empty() ? "" : " ") + other;
    }
    circles.insert(circle);
  }
  return circles;
}

TEST(Layers, CirclesAreFound) {
  EXPECT_EQ(Circles({{"a", {"b", "d"}}, {"b", {"c"}}, {"c", {"a"}}, {"d", {"e"}}, {"e", {"d"}}, {"f", {"a"}}}),
            (Names{"a b c", "d e"}));
  EXPECT_EQ(Circles({{"a", {"b", "c"}}, {"b", {"d"}}, {"c", {"d"}}}), Names());
}

// One of two modules that include each other cannot be understood, tested or used without the other.
TEST(Layers, ModulesDoNotIncludeEachOtherInCircles) {
  const Modules modules = IncludedModules();
  ASSERT_GT(modules.size(), 100u);
  EXPECT_EQ(Circles(modules), Names());
}

TEST(Layers, ATestHelperIsIncludedByTestsOnly) {
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    for (const std::string& header : Includes(file.text, '"', '"')) {
      EXPECT_EQ(header.find("/testing"), std::string::npos) << file.path << " includes " << header;
    }
  }
}

// Intrinsics of one processor: for its denormal mode, and for SHA-256.
TEST(Layers, OnlyKernelsKnowProcessors) {
  for (const SourceFile& file : Sources()) {
    if (file.folder == "kernels" || file.module == "base/threads" || file.module == "base/sha256_blocks") continue;
    for (const std::string& header : Includes(file.text, '<', '>')) {
      EXPECT_FALSE(header.starts_with("immintrin") || header.starts_with("arm_neon")) << file.path << ": " << header;
    }
  }
}

TEST(Layers, TheLibraryNeitherPrintsNorExitsNorCatches) {
  const std::vector<std::string> forbidden = {"std::cout", "std::cerr", "fmt::print(", "printf(", "fprintf(",
                                              "puts(",     "exit(",     "_exit(",      "abort(",  "catch ("};
  for (const SourceFile& file : Sources()) {
    // The programs and the public API are the edges.
    if (file.for_tests || file.folder == "cli" || file.folder == "import" || file.folder == "api") continue;
    for (const std::string& what : forbidden) {
      if (file.path == "src/base/threads.cc" && what == "catch (") continue;  // hands exceptions to the caller's thread
      EXPECT_FALSE(Uses(file.text, what)) << file.path << ": " << what;
    }
  }
}

// A kernel that is called past kernels/dispatch.h would not obey SISKIN_ISA. One that asks for a target by its name
// does something else, slower, on the targets of a newer Highway.
TEST(Layers, KernelsAskTheTableAndNotForATarget) {
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    for (const char* what : {"HWY_DYNAMIC_DISPATCH(", "hwy::SupportedTargets(", "hwy::GetChosenTarget("}) {
      EXPECT_FALSE(Uses(file.text, what)) << file.path << ": " << what;
    }
    if (file.path == "src/kernels/targets.h" || file.path == "src/kernels/isa.cc") continue;  // table and detection
    for (const char* what : {"HWY_TARGET ==", "HWY_TARGET <", "HWY_TARGET >", "HWY_AVX", "HWY_SSE", "HWY_NEON"}) {
      EXPECT_FALSE(Uses(file.text, what)) << file.path << ": " << what;
    }
  }
}

}  // namespace
