// The house rules that a compiler does not check: includes point down only, libraries stay in the folders that own
// them, and the library neither prints nor ends the process. ARCHITECTURE.md has the table.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// Top to bottom: a folder may include itself and what stands after it.
const std::vector<std::string> kLayers = {"cli",     "api",   "train", "evaluate", "model",   "networks", "import",
                                          "weights", "graph", "data",  "images",   "kernels", "tensor",   "base"};

// Which folder alone may include a library's headers.
const std::map<std::string, std::string> kOwners = {
    {"CLI/", "cli"},      {"hdf5", "import"},     {"H5", "import"},        {"seccomp", "import"},
    {"curl/", "weights"}, {"archive", "weights"}, {"turbojpeg", "images"}, {"jpeglib", "images"},
    {"png", "images"},    {"webp/", "images"},    {"hwy/", "kernels"},     {"immintrin", "kernels"},
    {"openssl/", "base"}};

struct SourceFile {
  std::string path;    // "src/cli/main.cc"
  std::string folder;  // "cli"
  std::string text;    // without comments
  bool for_tests = false;
};

std::string WithoutComments(const std::string& text) {
  return std::regex_replace(text, std::regex("//[^\n]*"), "");
}

// Strings may speak of anything; the names of included files are no strings here.
std::string WithoutStrings(const std::string& text) {
  return std::regex_replace(text, std::regex(R"("([^"\\\n]|\\.)*")"), "");
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

std::vector<std::string> Matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) found.push_back((*i)[1]);
  return found;
}

TEST(Layers, TheTableHasEveryFolder) {
  const std::vector<SourceFile> sources = Sources();
  ASSERT_GT(sources.size(), 50u);
  for (const SourceFile& file : sources) EXPECT_LT(LayerOf(file.folder), kLayers.size()) << file.path;
}

TEST(Layers, IncludesPointDown) {
  const std::regex include("#include \"([a-z_]+)/[^\"]*\"");
  size_t seen = 0;
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;  // a test may bring what it needs from anywhere
    for (const std::string& folder : Matches(file.text, include)) {
      if (folder == "siskin") continue;  // the public headers: error.h is everyone's
      EXPECT_LE(LayerOf(file.folder), LayerOf(folder)) << file.path << " includes " << folder;
      ++seen;
    }
  }
  EXPECT_GT(seen, 100u);
}

TEST(Layers, ATestHelperIsIncludedByTestsOnly) {
  const std::regex include("#include \"[a-z_/]*/(testing[a-z_]*\\.h)\"");
  for (const SourceFile& file : Sources()) {
    if (!file.for_tests) {
      EXPECT_TRUE(Matches(file.text, include).empty()) << file.path;
    }
  }
}

TEST(Layers, LibrariesStayWithTheirOwners) {
  const std::regex include("#include <([^>]+)>");
  for (const SourceFile& file : Sources()) {
    if (file.for_tests) continue;
    for (const std::string& header : Matches(file.text, include)) {
      for (const auto& [library, owner] : kOwners) {
        // base/threads.cc sets the processor's denormal mode, which needs two intrinsics.
        if (library == "immintrin" && file.path == "src/base/threads.cc") continue;
        // The pictures that demo.cc draws have to be compressed; decoding stays in images/.
        if (library == "turbojpeg" && file.path == "src/data/demo.cc") continue;
        if (header.starts_with(library)) {
          EXPECT_EQ(file.folder, owner) << file.path << " includes " << header;
        }
      }
    }
  }
}

TEST(Layers, TheLibraryNeitherPrintsNorExitsNorCatches) {
  const std::regex forbidden(R"(\b(std::cout|std::cerr|printf|fprintf|puts|exit|abort|terminate|catch)\b ?\(?)");
  for (const SourceFile& file : Sources()) {
    // The programs and the public API are the edges.
    if (file.for_tests || file.folder == "cli" || file.folder == "import" || file.folder == "api") continue;
    for (const std::string& what : Matches(WithoutStrings(file.text), forbidden))
      ADD_FAILURE() << file.path << " uses " << what;
  }
}

}  // namespace
