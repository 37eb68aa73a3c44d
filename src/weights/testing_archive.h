// For tests: zip and tar.gz archives in memory, also of the kind that a decent program would not write.
#pragma once

#include <string>
#include <vector>

namespace siskin::testing {

struct Member {
  std::string name, content;
  std::string link_to = {};  // other than empty: a symbolic link
};

std::string MakeArchive(const std::vector<Member>& members, bool zip = true, bool compress = true);

}  // namespace siskin::testing
