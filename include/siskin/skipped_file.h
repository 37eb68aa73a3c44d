// A photo that was left out of some work, with why.
#pragma once

#include <string>

namespace siskin {

struct SkippedFile {
  std::string path;    // below the folder that was asked for
  std::string reason;  // for a person, in one line
};

}  // namespace siskin
