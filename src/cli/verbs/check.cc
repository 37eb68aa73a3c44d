// `siskin check`: what is in a folder of photos, without training.
#include "data/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "cli/photo_messages.h"
#include "cli/text.h"
#include "cli/verb.h"

namespace siskin::cli {
namespace {

std::string SizeText(const DatasetReport::Size& size) {
  return fmt::format("{} x {}", size.width, size.height);
}

// Classes down, splits across (only if there are any).
std::string CountTable(const Dataset& dataset) {
  std::vector<std::vector<std::string>> rows;
  if (dataset.has_splits) rows.push_back({"class", "train", "validation", "test"});
  for (size_t c = 0; c < dataset.class_names.size(); ++c) {
    std::vector<std::string> row = {Printable(dataset.class_names[c])};
    for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
      if (split != Split::kTrain && !dataset.has_splits) break;
      row.push_back(WithCommas(dataset.CountByClass(split)[c]));
    }
    rows.push_back(row);
  }
  return AlignColumns(rows, {1, 2, 3});
}

std::string Describe(const DatasetReport& report) {
  const Dataset& dataset = report.dataset;
  std::string text =
      fmt::format("{}: {} in {}, {}\n", Printable(dataset.root.native()), Plural(dataset.photos.size(), "photo"),
                  Plural(dataset.class_names.size(), "class"), BytesText(report.total_bytes));
  text += CountTable(dataset);
  if (report.largest.width > 0) {
    text += fmt::format("sizes: smallest {}, median {}, largest {} pixels\n", SizeText(report.smallest),
                        SizeText(report.median), SizeText(report.largest));
  }
  text += fmt::format("unusable: {}, damaged: {}, duplicates: {}\n", report.broken.size() + dataset.skipped.size(),
                      report.damaged.size(), report.duplicates.size());
  return text;
}

std::string ListPhotos(const char* title, const std::vector<SkippedFile>& photos) {
  if (photos.empty()) return "";
  std::string text = fmt::format("\n{}:\n", title);
  for (const SkippedFile& photo : photos) text += fmt::format("  {}: {}\n", Printable(photo.path), photo.reason);
  return text;
}

std::string ListDuplicates(const std::vector<std::vector<std::string>>& groups) {
  if (groups.empty()) return "";
  std::string text = "\nidentical files (each line one picture):\n";
  for (const auto& group : groups) {
    std::string line;
    for (const std::string& path : group) line += (line.empty() ? "  " : " = ") + Printable(path);
    text += line + "\n";
  }
  return text;
}

class CheckVerb : public Verb {
 public:
  void Declare(Options options) override {
    options.Describe("Look at a folder of photos without training.",
                     "Reports classes and counts, sizes, broken and damaged files and duplicates, and says what to do "
                     "about them. Nothing is changed or deleted.");
    options.Argument("DIR", Reads(&folder_), "a folder with one folder per class, or with train/validation/test in it");
    AddFormat(options, {"text", "json"});
    AddOutput(options, kPhotoCheck, "write the report there instead of to standard output");
    AddThreads(options);
    AddVolume(options);
    options.Footer(
        "Exit code 4 if some photos are unusable, 3 if the folder cannot be trained on.\n"
        "What such a folder may look like: docs/training.md.\n\n"
        "Examples:\n"
        "  siskin check photos/\n"
        "  siskin check photos/ --format json | jq .broken");
  }

  ExitCode Run(Session& session) override {
    const DatasetReport report = CheckDataset(folder_, session.context());
    Output output = session.OpenOutput();
    output.Write(session.format() == "json" ? ToText(ToJson(report), 2) + "\n" : Text(report));
    output.Commit();
    if (!report.obstacles.empty()) {
      session.console().Error(fmt::format("{}: cannot be trained on as it is; the report says why",
                                          Printable(report.dataset.root.native())));
      return ExitCode::kDataUnusable;
    }
    return report.broken.empty() && report.dataset.skipped.empty() ? ExitCode::kDone : ExitCode::kSomeInputsFailed;
  }

 private:
  static std::string Text(const DatasetReport& report) {
    std::vector<SkippedFile> unusable = report.dataset.skipped;
    unusable.insert(unusable.end(), report.broken.begin(), report.broken.end());
    std::string text = Describe(report) + ListPhotos("unusable, training will leave them out", unusable) +
                       ListPhotos("damaged, but training can use them", report.damaged) +
                       ListDuplicates(report.duplicates);
    if (!report.findings.empty()) text += "\n";
    for (const std::string& finding : report.findings) text += "note: " + finding + "\n";
    return text;
  }

  std::string folder_;
};

}  // namespace

std::unique_ptr<Verb> MakeCheck() {
  return std::make_unique<CheckVerb>();
}

}  // namespace siskin::cli
