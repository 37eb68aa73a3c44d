#include "data/check.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "images/decode.h"

namespace siskin {
namespace {

// What one photo told.
struct Facts {
  std::string error, warning, digest;
  const char* format = "";
  DatasetReport::Size size;
};

Facts Examine(const std::filesystem::path& file, std::string* buffer) {
  constexpr size_t kLargestFile = size_t{1} << 30;  // as in loading
  Facts facts;
  if (!TryReadFile(file, kLargestFile, buffer, &facts.error)) return facts;
  facts.digest = Sha256Hex(*buffer);
  // All data are decoded, but a JPEG at an eighth of its size: that finds the same damage and is faster.
  const DecodedImage decoded = DecodeImage(*buffer, {.min_side = 1});
  facts.error = decoded.error;
  facts.warning = decoded.warning;
  facts.format = decoded.format;
  facts.size = {decoded.original_width, decoded.original_height};
  return facts;
}

std::vector<Facts> ExamineAll(const Dataset& dataset, const RunContext& context) {
  std::vector<Facts> facts(dataset.photos.size());
  std::vector<std::string> buffers(static_cast<size_t>(context.threads.num_threads()));
  context.progress.Begin("check", "photos", facts.size());
  // Photos between two looks at the progress bar and the stop flag: some 20 ms of small photos on two cores.
  constexpr size_t kChunk = 64;
  for (size_t begin = 0; begin < facts.size(); begin += kChunk) {
    if (context.stopped()) Fail(ErrorKind::kInterrupted, "check was interrupted after {} photos", begin);
    const size_t count = std::min(kChunk, facts.size() - begin);
    context.threads.ParallelFor(count, [&](size_t i, int worker) {
      facts[begin + i] = Examine(dataset.root / dataset.photos[begin + i].path, &buffers[static_cast<size_t>(worker)]);
    });
    context.progress.Advance(count);
  }
  context.progress.Finish();
  return facts;
}

// "1 photo", "2 photos"
std::string Photos(size_t count) {
  return fmt::format("{} photo{}", count, count == 1 ? "" : "s");
}

// Sentences about what may spoil the training or its test.
class Findings {
 public:
  Findings(const Dataset& dataset, const std::vector<Facts>& facts) : dataset_(dataset), facts_(facts) {}

  std::vector<std::string> All(const DatasetReport& report) {
    sentences_ = report.obstacles;
    sentences_.insert(sentences_.end(), dataset_.notes.begin(), dataset_.notes.end());
    if (!dataset_.skipped.empty()) {
      Add("{} not counted as photos, the first: {}: {}", Files(dataset_.skipped.size()),
          Printable(dataset_.skipped[0].path), dataset_.skipped[0].reason);
    }
    if (!report.broken.empty()) {
      Add("{} cannot be decoded and will be left out, the first: {}: {}", Photos(report.broken.size()),
          Printable(report.broken[0].path), report.broken[0].reason);
    }
    if (!report.damaged.empty()) {
      Add("{} damaged but usable, the first: {}: {}", Photos(report.damaged.size()), Printable(report.damaged[0].path),
          report.damaged[0].reason);
    }
    CountClasses();
    FindDuplicates();
    FindTiny();
    FindFormats();
    return std::move(sentences_);
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    sentences_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  static std::string Files(size_t count) { return fmt::format("{} file{}", count, count == 1 ? " is" : "s are"); }

  std::string ClassName(size_t label) const { return Printable(dataset_.class_names[label], 60); }

  // Readable photos only: a class may look large and be broken.
  void CountClasses() {
    std::vector<std::array<int, 3>> counts(dataset_.class_names.size());
    for (size_t i = 0; i < facts_.size(); ++i) {
      const Photo& photo = dataset_.photos[i];
      if (facts_[i].error.empty()) ++counts[static_cast<size_t>(photo.label)][static_cast<size_t>(photo.split)];
    }
    for (size_t split = 0; split < kSplitNames.size(); ++split) CountSplit(counts, split);
  }

  void CountSplit(const std::vector<std::array<int, 3>>& counts, size_t split) {
    const std::vector<int> listed = dataset_.CountByClass(static_cast<Split>(split));
    size_t smallest = 0, largest = 0;
    for (size_t label = 0; label < counts.size(); ++label) {
      if (counts[label][split] < counts[smallest][split]) smallest = label;
      if (counts[label][split] > counts[largest][split]) largest = label;
      if (listed[label] > 0 && counts[label][split] == 0) {
        Add("class {} has no readable photo{}: it cannot be learned or tested", ClassName(label), In(split));
      }
    }
    const int few = counts[smallest][split], many = counts[largest][split];
    if (few == 0) return;
    constexpr int kFew = 50;  // below that, one photo of the test is 2 % of its class
    if (few < kFew) {
      Add("class {} has only {}{}: results will depend on chance, 100 and more are better", ClassName(smallest),
          Photos(static_cast<size_t>(few)), In(split));
    }
    constexpr int kImbalance = 3;  // always answering the largest of two classes would be right in 75 %
    if (split == 0 && many >= kImbalance * few) {
      Add("class {} has {}, class {} only {}{}: consider --class-weight balanced", ClassName(largest),
          Photos(static_cast<size_t>(many)), ClassName(smallest), few, In(split));
    }
  }

  std::string In(size_t split) const {
    return dataset_.has_splits ? fmt::format(" in {}", kSplitNames[split]) : std::string();
  }

  void FindDuplicates() {
    std::map<std::string_view, std::vector<const Photo*>> by_digest;
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (!facts_[i].digest.empty()) by_digest[facts_[i].digest].push_back(&dataset_.photos[i]);
    }
    Clash classes, splits, plain;
    for (const auto& [digest, photos] : by_digest) {
      if (photos.size() < 2) continue;
      const auto differ = [&](auto member) {
        return std::ranges::any_of(photos, [&](const Photo* p) { return p->*member != photos[0]->*member; });
      };
      const bool other_class = differ(&Photo::label), other_split = differ(&Photo::split);
      if (other_class) classes.Count(photos);
      if (other_split) splits.Count(photos);
      if (!other_class && !other_split) plain.Count(photos);
    }
    if (classes.groups > 0) {
      Add("{} in more than one class (the first: {}): at most one of the labels is right, remove the others",
          classes.Text(), classes.example);
    }
    if (splits.groups > 0) {
      Add("{} in more than one split (the first: {}): the test would measure memory, keep each in one split only",
          splits.Text(), splits.example);
    }
    if (plain.groups > 0) {
      Add("{} more than once within a class (the first: {}){}", plain.Text(), plain.example,
          dataset_.has_splits ? ""
                              : ": a split may put one copy into training and one into the test, remove the copies");
    }
  }

  struct Clash {
    size_t groups = 0;
    std::string example;
    void Count(const std::vector<const Photo*>& photos) {
      if (groups++ > 0 && example <= photos[0]->path) return;
      example = Printable(photos[0]->path) + " = " + Printable(photos[1]->path);
    }
    std::string Text() const {
      return fmt::format("{} identical photo{} appear{}", groups, groups == 1 ? "" : "s", groups == 1 ? "s" : "");
    }
  };

  void FindTiny() {
    constexpr int kTiny = 64;  // pixels; networks look at 150 to 299 of them
    size_t count = 0;
    for (const Facts& facts : facts_)
      count += facts.error.empty() && std::min(facts.size.width, facts.size.height) < kTiny;
    if (count > 0) Add("{} narrower than {} pixels: they are enlarged and show little", Photos(count), kTiny);
  }

  // A class that differs in its file format differs in its compression artefacts, which a network sees.
  void FindFormats() {
    std::vector<std::set<std::string_view>> formats(dataset_.class_names.size());
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (facts_[i].error.empty()) formats[static_cast<size_t>(dataset_.photos[i].label)].insert(facts_[i].format);
    }
    for (size_t label = 1; label < formats.size(); ++label) {
      if (formats[label].size() != 1 || formats[0].size() != 1 || formats[label] == formats[0]) continue;
      Add("all photos of class {} are {} and all of class {} are {}: the network may learn the file format instead of "
          "what is in the photos",
          ClassName(0), *formats[0].begin(), ClassName(label), *formats[label].begin());
      return;
    }
  }

  const Dataset& dataset_;
  const std::vector<Facts>& facts_;
  std::vector<std::string> sentences_;
};

std::vector<std::vector<std::string>> GroupDuplicates(const Dataset& dataset, const std::vector<Facts>& facts) {
  std::map<std::string_view, std::vector<std::string>> by_digest;
  for (size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i].digest.empty()) by_digest[facts[i].digest].push_back(dataset.photos[i].path);
  }
  std::vector<std::vector<std::string>> groups;
  for (auto& [digest, paths] : by_digest) {
    if (paths.size() > 1) groups.push_back(std::move(paths));
  }
  std::ranges::sort(groups);
  return groups;
}

Json ToJson(const DatasetReport::Size& size) {
  return {{"width", size.width}, {"height", size.height}};
}

Json ToJson(const std::vector<SkippedFile>& files) {
  Json json = Json::array();
  for (const SkippedFile& file : files) json.push_back({{"path", file.path}, {"reason", file.reason}});
  return json;
}

}  // namespace

DatasetReport CheckDataset(const std::filesystem::path& root, const RunContext& context) {
  DatasetReport report;
  report.dataset = ScanFolder(root);
  const Dataset& dataset = report.dataset;
  const std::vector<Facts> facts = ExamineAll(dataset, context);
  std::vector<DatasetReport::Size> sizes;
  for (size_t i = 0; i < facts.size(); ++i) {
    const std::string& path = dataset.photos[i].path;
    report.total_bytes += dataset.photos[i].bytes;
    if (!facts[i].error.empty()) {
      report.broken.push_back({path, facts[i].error});
      continue;
    }
    if (!facts[i].warning.empty()) report.damaged.push_back({path, facts[i].warning});
    sizes.push_back(facts[i].size);
  }
  if (!sizes.empty()) {
    std::ranges::sort(sizes, {}, [](const DatasetReport::Size& s) { return int64_t{s.width} * s.height; });
    report.smallest = sizes.front();
    report.median = sizes[sizes.size() / 2];
    report.largest = sizes.back();
  }
  report.duplicates = GroupDuplicates(dataset, facts);
  report.obstacles = TrainingObstacles(dataset, /*classes_confirmed=*/false);
  report.findings = Findings(dataset, facts).All(report);
  return report;
}

Json ToJson(const DatasetReport& report) {
  const Dataset& dataset = report.dataset;
  Json classes = Json::array();
  for (size_t label = 0; label < dataset.class_names.size(); ++label) {
    Json counts = {{"name", dataset.class_names[label]}};
    int photos = 0;
    for (size_t split = 0; split < kSplitNames.size(); ++split) {
      const int count = dataset.CountByClass(static_cast<Split>(split))[label];
      if (dataset.has_splits) counts[kSplitNames[split]] = count;
      photos += count;
    }
    counts["photos"] = photos;
    classes.push_back(std::move(counts));
  }
  return {{"v", 1},
          {"root", dataset.root.native()},
          {"photos", dataset.photos.size()},
          {"total_bytes", report.total_bytes},
          {"has_splits", dataset.has_splits},
          {"classes", std::move(classes)},
          {"smallest", ToJson(report.smallest)},
          {"median", ToJson(report.median)},
          {"largest", ToJson(report.largest)},
          {"skipped", ToJson(dataset.skipped)},
          {"broken", ToJson(report.broken)},
          {"damaged", ToJson(report.damaged)},
          {"duplicates", report.duplicates},
          {"obstacles", report.obstacles},
          {"findings", report.findings}};
}

}  // namespace siskin
