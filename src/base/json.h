// JSON as everyone in Siskin uses it: order of keys kept, parsing without exceptions, text always valid UTF-8.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "siskin/error.h"

namespace siskin {

// Parses `text`; anything that is not one JSON value fails with `kind` and a message that begins with `where`. So does
// what no file of use has: more than 16 MB, nesting deeper than 256, an object with a member twice or with many
// thousands of them.
Json ParseJson(std::string_view text, std::string_view where, ErrorKind kind = ErrorKind::kModel);

// The same, for text of any size and without failing: nothing, and the reason as a predicate ("is not valid JSON;
// ...").
std::optional<Json> TryParseJson(std::string_view text, std::string* problem);

// One line (indent < 0) or pretty. Invalid UTF-8 inside becomes U+FFFD instead of an exception.
std::string ToText(const Json& json, int indent = -1);

// Typed members that fail with `where: "key" is missing` / `is not a number` instead of an exception.
const Json& Member(const Json& object, const char* key, std::string_view where);
std::string StringMember(const Json& object, const char* key, std::string_view where);
double NumberMember(const Json& object, const char* key, std::string_view where);
int64_t IntegerMember(const Json& object, const char* key, std::string_view where, int64_t low, int64_t high);

}  // namespace siskin
