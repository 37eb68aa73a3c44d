// Pieces of HTML. Everything that comes from outside (paths, class names, commands) goes through EscapeHtml.
#pragma once

#include <string>
#include <string_view>

namespace siskin {

// `text` for the inside of an element or of a quoted attribute. What is not printable text (invalid UTF-8, control
// characters, line ends) is shown as \xNN, as in messages.
std::string EscapeHtml(std::string_view text);

// The same between <bdi> tags: a name that is written from right to left does not turn the text around it.
std::string NameHtml(std::string_view name);

// RFC 4648, section 4, with padding.
std::string Base64(std::string_view bytes);

}  // namespace siskin
