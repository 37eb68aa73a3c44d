// How the library reports that it cannot go on. Every error is raised by Fail, and the library itself never catches:
// callers at the edge (a verb, a C function) do. Expected trouble with one photo of many is not an error but a value
// (see images/image.h).
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "siskin/error.h"

namespace siskin {

// Throws Error{kind, message}.
[[noreturn]] void Fail(ErrorKind kind, const std::string& message);

template <typename... Args>
  requires(sizeof...(Args) > 0)
[[noreturn]] void Fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  Fail(kind, fmt::format(format, std::forward<Args>(args)...));
}

// `text` safe to show in a message or a log: control characters and invalid UTF-8 as \xNN, at most `max_bytes` long.
std::string Printable(std::string_view text, size_t max_bytes = 200);

// "a, b, c and 12 more", each of them printable.
std::string JoinSome(const std::vector<std::string>& names);

// "No such file or directory" for an errno value; thread-safe.
std::string ErrnoText(int error_number);

}  // namespace siskin
