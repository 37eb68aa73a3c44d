// Validity of UTF-8 (RFC 3629): file names are bytes, JSON and terminals want text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace siskin {

// Bytes (1..4) of the valid UTF-8 sequence at the start of `text`; 0 if there is none (overlong forms, surrogates,
// code points above U+10FFFF and cut-off sequences are not valid).
size_t Utf8SequenceLength(std::string_view text);

bool IsValidUtf8(std::string_view text);

// The longest beginning of `text` of at most `max_bytes` that does not end inside a sequence.
std::string_view Utf8Prefix(std::string_view text, size_t max_bytes);

// `text` with every invalid byte replaced by U+FFFD: what goes into JSON.
std::string ToValidUtf8(std::string_view text);

}  // namespace siskin
