// For tests: zip and tar.gz archives in memory, also of the kind that a decent program would not write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace siskin::testing {

struct Member {
  std::string name, content;
  std::string link_to = {};  // other than empty: a symbolic link
  bool hard = false;         // a hard link to it instead (tar only)
  uint64_t hole = 0;         // tar only: before the content a hole of so many bytes, which takes no room in the file
};

std::string MakeArchive(const std::vector<Member>& members, bool zip = true, bool compress = true);

}  // namespace siskin::testing
