// base/json.h
#include "base/json.h"
#include "fuzz/target.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  const Json json = ParseJson(input, "input");
  const Json copy = ParseJson(ToText(json), "the copy");
  Require(ToText(copy) == ToText(json), "what was written reads the same");
}

}  // namespace siskin::fuzz
