#include "base/csv.h"

#include <algorithm>

#include "base/error.h"

namespace siskin {
namespace {

class CsvReader {
 public:
  CsvReader(std::string_view text, std::string_view where) : rest_(text), where_(where) {}

  std::vector<CsvRecord> Read() {
    std::vector<CsvRecord> records;
    while (!rest_.empty()) {
      CsvRecord record{line_, {}};
      do {
        record.fields.push_back(rest_.starts_with('"') ? QuotedField() : PlainField());
      } while (Take(","));
      if (!Take("\r\n") && !Take("\n") && !rest_.empty()) {
        Fail(ErrorKind::kData, "{}:{}: text after a closing quote; write a quote inside a quoted value twice", where_,
             line_);
      }
      ++line_;
      if (record.fields.size() > 1 || !record.fields[0].empty()) records.push_back(std::move(record));
    }
    return records;
  }

 private:
  bool Take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  std::string PlainField() {
    size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
    if (end < rest_.size() && rest_[end] == '\n' && end > 0 && rest_[end - 1] == '\r') --end;
    std::string field(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return field;
  }

  std::string QuotedField() {
    const int first_line = line_;
    std::string field;
    Take("\"");
    while (true) {
      const size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) Fail(ErrorKind::kData, "{}:{}: a quote is never closed", where_, first_line);
      field += rest_.substr(0, quote);
      line_ += static_cast<int>(std::ranges::count(rest_.substr(0, quote), '\n'));
      rest_.remove_prefix(quote + 1);
      if (!Take("\"")) return field;
      field += '"';
    }
  }

  std::string_view rest_, where_;
  int line_ = 1;
};

}  // namespace

std::vector<CsvRecord> ParseCsv(std::string_view text, std::string_view where) {
  return CsvReader(text, where).Read();
}

std::string CsvField(const std::string& value) {
  const bool plain = value.find_first_of(",\"\r\n") == std::string::npos;
  if (plain && !value.starts_with("\xEF\xBB\xBF")) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace siskin
