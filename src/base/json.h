// JSON as everyone in Siskin uses it: order of keys kept, parsing without exceptions, text always valid UTF-8.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "siskin/error.h"

namespace siskin {

using Json = nlohmann::ordered_json;

// Parses `text`; anything that is not one JSON value fails with `kind` and a message that begins with `where`.
Json ParseJson(std::string_view text, std::string_view where, ErrorKind kind = ErrorKind::kModel);

// One line (indent < 0) or pretty. Invalid UTF-8 inside becomes U+FFFD instead of an exception.
std::string ToText(const Json& json, int indent = -1);

// Typed members that fail with `where: "key" is missing` / `is not a number` instead of an exception.
const Json& Member(const Json& object, const char* key, std::string_view where);
std::string StringMember(const Json& object, const char* key, std::string_view where);
double NumberMember(const Json& object, const char* key, std::string_view where);
int64_t IntegerMember(const Json& object, const char* key, std::string_view where, int64_t low, int64_t high);

}  // namespace siskin
