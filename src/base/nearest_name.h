// "Did you mean ...?": the known name closest to a mistyped one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace siskin {

// Insertions, deletions, replacements and swaps of neighbouring characters that turn one name into the other (optimal
// string alignment: Damerau 1964), upper and lower case being the same.
size_t EditDistance(std::string_view a, std::string_view b);

// The known name with the smallest distance, the first of equals; empty if none is near: more than a third of the
// characters typed would have to change (at least one may).
std::string NearestName(std::string_view name, std::span<const std::string> known);

}  // namespace siskin
