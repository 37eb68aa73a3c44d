// weights/store/archive.h: the zip of a .keras file and the tar.gz of a package.
#include "base/json.h"
#include "fuzz/target.h"
#include "weights/store/archive.h"

namespace siskin::fuzz {

void Run(std::string_view input) {
  constexpr size_t kMaxMemberBytes = 1 << 20;
  const std::string wanted[] = {"config.json", "model.weights.h5"};
  const auto members = ReadArchive(input, wanted, kMaxMemberBytes, "input");
  Require(members.size() == 2, "every member that was asked for is there");
  for (const auto& [name, content] : members) Require(content.size() <= kMaxMemberBytes, "members keep to the limit");
  ParseJson(members.at("config.json"), "config.json");
}

}  // namespace siskin::fuzz
