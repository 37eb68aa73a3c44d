#include "base/json.h"

#include "base/error.h"

namespace siskin {

Json ParseJson(std::string_view text, std::string_view where, ErrorKind kind) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) Fail(kind, "{}: is not valid JSON; the file is damaged or of another kind", where);
  return json;
}

std::string ToText(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

const Json& Member(const Json& object, const char* key, std::string_view where) {
  if (!object.is_object()) Fail(ErrorKind::kModel, "{}: expected a JSON object with \"{}\"", where, key);
  const auto found = object.find(key);
  if (found == object.end()) Fail(ErrorKind::kModel, "{}: \"{}\" is missing", where, key);
  return *found;
}

std::string StringMember(const Json& object, const char* key, std::string_view where) {
  const Json& value = Member(object, key, where);
  if (!value.is_string()) Fail(ErrorKind::kModel, "{}: \"{}\" is not a string", where, key);
  return value.get<std::string>();
}

double NumberMember(const Json& object, const char* key, std::string_view where) {
  const Json& value = Member(object, key, where);
  if (!value.is_number()) Fail(ErrorKind::kModel, "{}: \"{}\" is not a number", where, key);
  return value.get<double>();
}

int64_t IntegerMember(const Json& object, const char* key, std::string_view where, int64_t low, int64_t high) {
  const Json& value = Member(object, key, where);
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{1} << 62) ||
      value.get<int64_t>() < low || value.get<int64_t>() > high) {
    Fail(ErrorKind::kModel, "{}: \"{}\" is not a whole number from {} to {}", where, key, low, high);
  }
  return value.get<int64_t>();
}

}  // namespace siskin
