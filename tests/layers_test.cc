// The house rules that a compiler does not check: includes point down only and never in circles, libraries stay in the
// folders that own them, and the library neither prints nor ends the process. ARCHITECTURE.md has the table.
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

// Top to bottom: a folder may include itself and what stands after it.
const std::vector<std::string> kLayers = {"cli",    "api",    "compare",  "train",  "diagram", "evaluate",
                                          "export", "model",  "networks", "import", "weights", "graph",
                                          "data",   "images", "kernels",  "tensor", "base"};

// Which folder alone may include a library's headers.
const std::map<std::string, std::string> kOwners = {
    {"CLI/", "cli"},        {"hdf5", "import"},       {"H5", "import"},     {"seccomp", "import"}, {"curl/", "weights"},
    {"archive", "weights"}, {"jpeglib", "images"},    {"jerror", "images"}, {"png", "images"},     {"webp/", "images"},
    {"hwy/", "kernels"},    {"immintrin", "kernels"}, {"utf8proc", "data"}};

// Circles of modules that are still there, each in alphabetical order. The list only gets shorter.
const std::set<std::string> kKnownCircles = {
    "graph/training_plan graph/training_plan_impl graph/training_schedule",
    "train/run_report train/train",
};

struct SourceFile {
  std::string path;    // "src/cli/main.cc"
  std::string folder;  // "cli"
  std::string text;    // without comments
  bool for_tests = false;
};

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
                     .folder = inside.begin()->string(),
                     .text = WithoutComments(text),
                     .for_tests = name.starts_with("testing") || name.find("_test.") != std::string::npos ||
                                  name.find("_bench.") != std::string::npos});
  }
  return files;
}

size_t LayerOf(const std::string& folder) {
  return static_cast<size_t>(std::find(kLayers.begin(), kLayers.end(), folder) - kLayers.begin());
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

TEST(Layers, TheTableHasEveryFolder) {
  const std::vector<SourceFile> sources = Sources();
  ASSERT_GT(sources.size(), 50u);
  for (const SourceFile& file : sources) EXPECT_LT(LayerOf(file.folder), kLayers.size()) << file.path;
}

TEST(Layers, IncludesPointDown) {
  size_t seen = 0;
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;  // a test may bring what it needs from anywhere
    for (const std::string& header : Includes(file.text, '"', '"')) {
      const std::string folder = header.substr(0, header.find('/'));
      if (folder == "siskin") continue;  // the public headers: error.h is everyone's
      EXPECT_LE(LayerOf(file.folder), LayerOf(folder)) << file.path << " includes " << header;
      ++seen;
    }
  }
  EXPECT_GT(seen, 100u);
}

// x.h, x-inl.h and x.cc are one module, "folder/x".
std::string ModuleOf(const std::string& path) {
  const std::string stem = path.substr(0, path.rfind('.'));
  return stem.ends_with("-inl") ? stem.substr(0, stem.size() - 4) : stem;
}

// Every module and those that it includes; test files left out.
using Modules = std::map<std::string, std::set<std::string>>;

Modules IncludedModules() {
  Modules modules;
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    const std::string module = ModuleOf(file.path.substr(std::string("src/").size()));
    for (const std::string& header : Includes(file.text, '"', '"')) {
      if (ModuleOf(header) != module) modules[module].insert(ModuleOf(header));
    }
  }
  return modules;
}

// What includes lead to from a module; with itself only if it stands in a circle.
std::set<std::string> ReachedFrom(const std::string& start, const Modules& modules) {
  std::set<std::string> reached;
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
std::set<std::string> Circles(const Modules& modules) {
  std::map<std::string, std::set<std::string>> reached;
  for (const auto& [module, included] : modules) reached[module] = ReachedFrom(module, modules);
  std::set<std::string> circles;
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
            (std::set<std::string>{"a b c", "d e"}));
  EXPECT_EQ(Circles({{"a", {"b", "c"}}, {"b", {"d"}}, {"c", {"d"}}}), std::set<std::string>());
}

// One of two modules that include each other cannot be understood, tested or used without the other.
TEST(Layers, ModulesDoNotIncludeEachOtherInCircles) {
  const Modules modules = IncludedModules();
  ASSERT_GT(modules.size(), 100u);
  const std::set<std::string> circles = Circles(modules);
  for (const std::string& circle : circles) EXPECT_TRUE(kKnownCircles.contains(circle)) << "a circle: " << circle;
  for (const std::string& known : kKnownCircles) {
    EXPECT_TRUE(circles.contains(known)) << "no circle any more, take it out of kKnownCircles: " << known;
  }
}

TEST(Layers, ATestHelperIsIncludedByTestsOnly) {
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    for (const std::string& header : Includes(file.text, '"', '"')) {
      EXPECT_EQ(header.find("/testing"), std::string::npos) << file.path << " includes " << header;
    }
  }
}

TEST(Layers, LibrariesStayWithTheirOwners) {
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    for (const std::string& header : Includes(file.text, '<', '>')) {
      for (const auto& [library, owner] : kOwners) {
        // The processor's denormal mode, and its instructions for SHA-256.
        const bool in_base = file.path == "src/base/threads.cc" || file.path == "src/base/sha256_blocks.cc";
        if (library == "immintrin" && in_base) continue;
        if (header.starts_with(library)) {
          EXPECT_EQ(file.folder, owner) << file.path << " includes " << header;
        }
      }
    }
  }
}

TEST(Layers, TheLibraryNeitherPrintsNorExitsNorCatches) {
  const std::vector<std::string> forbidden = {"std::cout", "std::cerr", "fmt::print(", "printf(", "fprintf(",
                                              "puts(",     "exit(",     "_exit(",      "abort(",  "catch ("};
  for (const SourceFile& file : Sources()) {
    // The programs and the public API are the edges.
    if (file.for_tests || file.folder == "cli" || file.folder == "import" || file.folder == "api") continue;
    for (const std::string& what : forbidden) EXPECT_FALSE(Uses(file.text, what)) << file.path << ": " << what;
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
