// Text files as other programs save them: UTF-8 with or without a byte order mark, or UTF-16, which is what `>` writes
// in Windows PowerShell and what Excel saves as "Unicode text" (RFC 2781). Not for photos' names themselves: those are
// any bytes.
#pragma once

#include <string>
#include <string_view>

namespace siskin {

// The text as UTF-8, without its byte order mark. Text that is not UTF-16 is passed on as it is, valid UTF-8 or not.
// UTF-16 is known by its mark or, without one, by its ASCII letters, each with a NUL beside it. kData beginning with
// `where` if UTF-16 ends in half a character or holds half of a surrogate pair.
std::string DecodeText(std::string_view bytes, std::string_view where);

// The same for text that may be broken: false, and what is wrong in `reason`.
bool TryDecodeText(std::string_view bytes, std::string* text, std::string* reason);

}  // namespace siskin
