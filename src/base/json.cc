#include "base/json.h"

#include <unordered_set>
#include <vector>

#include "base/error.h"

namespace siskin {
namespace {

// A card of 100,000 classes with its references takes 9 MB; a byte of text can become 20 of memory.
constexpr size_t kMaxTextBytes = 16 << 20;
// JSON is copied, compared and written by recursion. Models within models, the deepest of what is real, have about 30.
constexpr size_t kMaxDepth = 256;
// An object looks for a key by going through all that it has, so that n keys cost n * n / 2; this is less than a
// second, and a single object of 14,000 keys (a large network has 3,000 tensors).
constexpr uint64_t kMaxLookups = 100'000'000;

// Builds the tree while the text is parsed; stops at what would make a small file cost much time or stack, and at a key
// that an object has twice, of which readers keep the first or the last.
class Builder : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  explicit Builder(Json* json) : json_sax_dom_parser(*json, /*allow_exceptions=*/false) {}

  // After parsing stopped.
  const std::string& problem() const { return problem_; }

  bool start_object(size_t size) { return Down() && json_sax_dom_parser::start_object(size); }
  bool start_array(size_t size) { return Down() && json_sax_dom_parser::start_array(size); }
  bool end_object() { return Up() && json_sax_dom_parser::end_object(); }
  bool end_array() { return Up() && json_sax_dom_parser::end_array(); }

  bool key(std::string& name) {
    if (!keys_.back().insert(name).second) {
      return Problem(
          fmt::format("has two members \"{}\" in one JSON object; which is meant cannot be known", Printable(name)));
    }
    lookups_ += keys_.back().size();
    if (lookups_ > kMaxLookups) return Problem("has a JSON object with more members than is reasonable");
    return json_sax_dom_parser::key(name);
  }

 private:
  bool Problem(std::string text) {
    problem_ = std::move(text);
    return false;
  }
  bool Down() {
    if (keys_.size() == kMaxDepth) return Problem(fmt::format("nests JSON deeper than {} levels", kMaxDepth));
    keys_.emplace_back();
    return true;
  }
  bool Up() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::unordered_set<std::string>> keys_;  // of the objects and lists that are open
  uint64_t lookups_ = 0;
  std::string problem_ = "is not valid JSON; the file is damaged or of another kind";
};

}  // namespace

std::optional<Json> TryParseJson(std::string_view text, std::string* problem) {
  Json json;
  Builder builder(&json);
  if (Json::sax_parse(text, &builder)) return json;
  *problem = builder.problem();
  return std::nullopt;
}

Json ParseJson(std::string_view text, std::string_view where, ErrorKind kind) {
  if (text.size() > kMaxTextBytes) {
    Fail(kind, "{}: has {} bytes of JSON, more than the {} that are reasonable", where, text.size(), kMaxTextBytes);
  }
  std::string problem;
  std::optional<Json> json = TryParseJson(text, &problem);
  if (!json) Fail(kind, "{}: {}", where, problem);
  return *std::move(json);
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
