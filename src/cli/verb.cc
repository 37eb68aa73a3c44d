#include "cli/verb.h"

namespace siskin::cli {
namespace {

// More threads than any machine this runs on has processors; a typo should not start a million.
constexpr int kMaxThreads = 4096;
constexpr int kMaxBatch = 1024;
constexpr char kCommonGroup[] = "Common options";

}  // namespace

void Verb::AddFormat(Options& options, const std::vector<std::string>& formats) {
  options.Choice("--format", formats, &common_.format, "how results are written");
}

void Verb::AddOutput(Options& options, const FileType& type, const std::string& help) {
  options.Text("-o,--output", "FILE", Writes(&common_.output, type), help);
}

void Verb::AddBatch(Options& options) {
  options.Whole("--batch", &common_.batch, 1, kMaxBatch, "photos computed at once");
}

void Verb::AddThreads(Options& options) {
  options.Group(kCommonGroup);
  options.Whole("-j,--threads", &common_.threads, 0, kMaxThreads, "threads to use; 0: one for every processor");
}

void Verb::AddVolume(Options& options) {
  options.Group(kCommonGroup);
  options.Flag("-q,--quiet", &common_.quiet, "only results, warnings and errors");
  options.Flag("-v,--verbose", &common_.verbose, "more about what is done and how long it takes");
}

}  // namespace siskin::cli
