// Comma-separated values (RFC 4180), any bytes. Private to data/; CsvField, the writing side, is in dataset.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace siskin {

struct CsvRecord {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

// All records; lines may end in \n or \r\n, empty lines and a UTF-8 byte order mark are skipped. kData beginning with
// `where` if a quote is never closed or stands in the middle of a value.
std::vector<CsvRecord> ParseCsv(std::string_view text, std::string_view where);

}  // namespace siskin
