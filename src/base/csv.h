// Comma-separated values (RFC 4180), any bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace siskin {

struct CsvRecord {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

// All records of a text without a byte order mark (base/text_encoding.h takes it away); lines may end in \n or \r\n,
// empty ones are skipped. kData beginning with `where` if a quote is never closed or stands in the middle of a value.
std::vector<CsvRecord> ParseCsv(std::string_view text, std::string_view where);

// One value of a line, quoted if needed.
std::string CsvField(const std::string& value);

}  // namespace siskin
