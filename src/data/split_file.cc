// split.csv: a header line and a line for each photo, sorted by path.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text_encoding.h"
#include "data/dataset.h"
#include "data/nfc.h"

namespace siskin {
namespace {

constexpr std::array<const char*, 3> kColumns = {"path", "class", "split"};

// A line is a path of at most 4 KB (PATH_MAX) with every quote doubled and a few short values. In memory commas become
// fields of 32 bytes, so a file that is larger than its photos can explain is not read.
size_t MaxBytes(const Dataset& dataset) {
  constexpr size_t kMaxLineBytes = 16 << 10;
  return (dataset.photos.size() + 1) * kMaxLineBytes;
}

// Where each of kColumns stands in the header line; further columns are allowed.
std::array<size_t, 3> FindColumns(const CsvRecord& header, const std::string& where) {
  std::array<size_t, 3> columns{};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const auto found = std::ranges::find(header.fields, kColumns[i]);
    if (found == header.fields.end()) {
      Fail(ErrorKind::kData, "{}: the first line names no column \"{}\"; expected path,class,split", where,
           kColumns[i]);
    }
    columns[i] = static_cast<size_t>(found - header.fields.begin());
  }
  return columns;
}

Split ParseSplit(const std::string& name, const std::string& where, int line) {
  const auto found = std::ranges::find(kSplitNames, name);
  if (found == kSplitNames.end()) {
    Fail(ErrorKind::kData, "{}:{}: split \"{}\" is unknown; expected train, validation or test", where, line,
         Printable(name));
  }
  return static_cast<Split>(found - kSplitNames.begin());
}

}  // namespace

void WriteSplitFile(const Dataset& dataset, const std::filesystem::path& file) {
  std::string text = "path,class,split\n";
  for (const Photo& photo : dataset.photos) {
    text +=
        fmt::format("{},{},{}\n", CsvField(photo.path), CsvField(dataset.class_names[static_cast<size_t>(photo.label)]),
                    kSplitNames[static_cast<size_t>(photo.split)]);
  }
  WriteFileAtomic(file, text);
}

void ReadSplitFile(const std::filesystem::path& file, Dataset* dataset) {
  const std::string where = Printable(file.native());
  const std::vector<CsvRecord> records = ParseCsv(DecodeText(ReadFile(file, MaxBytes(*dataset)), where), where);
  if (records.empty())
    Fail(ErrorKind::kData, "{}: is empty; expected the line path,class,split and one per photo", where);
  const auto [path_column, class_column, split_column] = FindColumns(records[0], where);

  std::vector<std::optional<Split>> splits(dataset->photos.size());
  for (size_t i = 1; i < records.size(); ++i) {
    const auto& [line, fields] = records[i];
    if (fields.size() <= std::max({path_column, class_column, split_column})) {
      Fail(ErrorKind::kData, "{}:{}: only {} values; expected path,class,split", where, line, fields.size());
    }
    const std::string& path = fields[path_column];
    const auto found = std::ranges::lower_bound(dataset->photos, path, {}, &Photo::path);
    if (found == dataset->photos.end() || found->path != path) {
      Fail(ErrorKind::kData, "{}:{}: there is no photo {} in {}; was the file made for another folder?", where, line,
           Printable(path), Printable(dataset->root.native()));
    }
    const std::string& class_name = dataset->class_names[static_cast<size_t>(found->label)];
    if (ToNfc(fields[class_column]) != class_name) {
      Fail(ErrorKind::kData, "{}:{}: {} is of class \"{}\" here, but lies in the folder of class \"{}\"", where, line,
           Printable(path), Printable(fields[class_column]), Printable(class_name));
    }
    std::optional<Split>& split = splits[static_cast<size_t>(found - dataset->photos.begin())];
    if (split) Fail(ErrorKind::kData, "{}:{}: {} is listed twice", where, line, Printable(path));
    split = ParseSplit(fields[split_column], where, line);
  }

  std::vector<Photo> kept;
  for (size_t i = 0; i < splits.size(); ++i) {
    if (!splits[i]) continue;
    kept.push_back(std::move(dataset->photos[i]));
    kept.back().split = *splits[i];
  }
  if (kept.empty()) Fail(ErrorKind::kData, "{}: names no photo; expected one in each line", where);
  dataset->photos = std::move(kept);
  dataset->has_splits = true;
}

}  // namespace siskin
