// Finding photos in folders: what is a photo by its name, what is junk, how links are followed. Private to data/; knows
// nothing of classes and splits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/photo.h"

namespace siskin {

// What is in a folder. Paths are relative to the root of the search, '/' between folders, sorted.
struct FolderListing {
  std::vector<std::string> folders;  // names of the sub-folders, junk left out
  std::vector<Photo> photos;         // path, bytes and modified_ns are set
  std::vector<SkippedFile> skipped;  // would be photos but cannot be
};

// Photos are files named *.jpg .jpeg .jpe .jfif .png .webp in any case, and files without any extension that begin like
// one. Pictures of other formats are skipped with a reason, other files are ignored.
class PhotoFinder {
 public:
  explicit PhotoFinder(std::filesystem::path root) : root_(std::move(root)) {}

  // The folder root/path itself ("" is the root); a folder that cannot be opened is in `skipped`.
  FolderListing List(const std::string& path) const;

  // Photos of root/path and all folders below. Each folder is visited once, whatever links lead to it; `above` names
  // the folders between the root and this one, into which links lead in circles.
  FolderListing ListAll(const std::string& path, const std::vector<std::string>& above) const;

 private:
  // Device and inode -> the path by which it was visited first.
  using Visited = std::map<std::pair<uint64_t, uint64_t>, std::string>;

  void AddAll(const std::string& path, Visited* visited, FolderListing* all) const;
  void AddEntry(const std::string& path, const std::string& name, FolderListing* listing) const;
  std::filesystem::path Full(const std::string& path) const { return path.empty() ? root_ : root_ / path; }

  std::filesystem::path root_;
};

// By its name, or by its first bytes if the name has no extension.
bool LooksLikePhoto(const std::filesystem::path& file);

// Whether the name ends as photos do, in a format that is read or in another one.
bool HasPictureExtension(std::string_view name);

// "a/b"; "b" if folder is empty.
std::string JoinPath(const std::string& folder, const std::string& name);

// ASCII letters in lower case, other bytes as they are.
std::string LowerCase(std::string_view text);

}  // namespace siskin
