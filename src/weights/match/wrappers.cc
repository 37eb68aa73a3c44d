#include "weights/match/wrappers.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace siskin {
namespace {

constexpr size_t kMostWrappers = 4;  // "module._orig_mod.model.backbone."; each is a comparison with every naming

size_t SharedLength(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

std::vector<std::string> SharedPrefixes(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::string_view shared = names.front();
  for (const std::string& name : names) {
    shared = shared.substr(0, SharedLength(shared, name));
    if (shared.size() == name.size()) shared.remove_suffix(shared.empty() ? 0 : 1);  // something of each must be left
  }
  std::vector<std::string> prefixes;
  for (size_t i = 0; i < shared.size() && prefixes.size() < kMostWrappers; ++i) {
    if (shared[i] == '.' || shared[i] == '/') prefixes.emplace_back(shared.substr(0, i + 1));
  }
  return prefixes;
}

}  // namespace siskin
