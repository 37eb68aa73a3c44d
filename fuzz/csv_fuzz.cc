// base/csv.h and split.csv (data/dataset.h).
#include "base/csv.h"
#include "data/dataset.h"
#include "fuzz/target.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const std::vector<CsvRecord> records = ParseCsv(input, "input");
  std::string again;
  for (const CsvRecord& record : records) {
    for (const std::string& field : record.fields) again += CsvField(field) + ',';
    again.back() = '\n';
  }
  const std::vector<CsvRecord> copy = ParseCsv(again, "the copy");
  Require(copy.size() == records.size(), "records survive writing and reading");
  for (size_t i = 0; i < copy.size(); ++i) {
    Require(copy[i].fields == records[i].fields, "fields survive writing and reading");
  }

  Dataset dataset;
  dataset.root = "photos";
  dataset.class_names = {"cat", "dog"};
  for (const char* path : {"cat/1.jpg", "cat/2.jpg", "cat/a,\"b\"\n.jpg", "dog/1.jpg", "dog/2.jpg"}) {
    dataset.photos.push_back({.path = path, .label = path[0] == 'd' ? 1 : 0});
  }
  const InputFile file(input);
  ReadSplitFile(file.path(), &dataset);
  Require(!dataset.photos.empty(), "a split without photos is refused");
}

}  // namespace siskin::fuzz
