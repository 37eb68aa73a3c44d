// What folders are by what lies in them: classes, or something that only looks like classes. Private to data/; looks at
// lists of photos, never at the disk.
#pragma once

#include <string>
#include <vector>

#include "data/photo.h"

namespace siskin {

// Names of the folders in `folder` that hold photos, sorted. None if `folder` is a class itself: if more than one of
// its photos, and more than one in ten, lie directly in it. photos: of `folder` and whatever else.
std::vector<std::string> FoldersIn(const std::string& folder, const std::vector<Photo>& photos);

// Whether classes begin further down: `folder`, and the only folder with photos in it, and so on, end in one that holds
// several, or a split.
bool WrapsClasses(const std::string& folder, const std::vector<Photo>& photos);

// A folder that may be a class, and the folders with photos in it.
struct Candidate {
  std::string name;
  std::vector<std::string> folders;
};

// Why the candidates do not look like classes, with the remedy: they hold the same folders, as splits and batches do,
// or one holds a copy of the others. Empty if they do.
std::string DoubtAboutClasses(const std::vector<Candidate>& candidates);

// "a", "b" and 3 more
std::string Quoted(const std::vector<std::string>& names);

}  // namespace siskin
