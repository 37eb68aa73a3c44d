// Small pieces of text for people: numbers, durations, sizes, aligned columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace siskin::cli {

std::string WithCommas(int64_t number);                   // 1,234,567
std::string DurationText(double seconds);                 // "0.4 s", "12 s", "3:05", "1:02:03"
std::string BytesText(uint64_t bytes);                    // "812 B", "16.3 MB" (powers of ten, as disks are sold)
std::string PercentText(double fraction);                 // "99.3 %"
std::string Plural(size_t count, std::string_view noun);  // "1 photo", "2,000 photos", "2 classes"

// Columns that the text takes on a terminal: code points, good enough for names.
size_t DisplayWidth(std::string_view text);
std::string PadRight(std::string_view text, size_t width);

// Rows of cells in aligned columns, two spaces between them, two before; right: columns to align to the right.
std::string AlignColumns(const std::vector<std::vector<std::string>>& rows, const std::vector<size_t>& right = {});

// Lines of at most `width` columns, broken at spaces; every line but the first begins with `indent` spaces. Line breaks
// in `text` are kept.
std::string WrapText(std::string_view text, size_t width, size_t indent);

}  // namespace siskin::cli
