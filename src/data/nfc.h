// Names of classes come from folders, and systems differ in how they write an accent.
#pragma once

#include <string>
#include <string_view>

namespace siskin {

// `text` in Unicode's composed form (NFC, Unicode Standard Annex 15): "e" and a combining accent, as macOS writes
// names, become "é", as everybody else does. Unchanged if it is not valid UTF-8.
std::string ToNfc(std::string_view text);

}  // namespace siskin
