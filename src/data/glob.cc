#include "data/glob.h"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

namespace siskin {
namespace fs = std::filesystem;
namespace {

using Paths = std::vector<std::string>;  // "" is the working folder

constexpr std::string_view kAnyFolders = "**";

// "a//b/" is a and b. Several ** in a row mean the same as one.
std::vector<std::string> PartsOf(std::string_view pattern) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < pattern.size();) {
    const size_t end = std::min(pattern.find('/', begin), pattern.size());
    const std::string_view part = pattern.substr(begin, end - begin);
    const bool repeated = part == kAnyFolders && !parts.empty() && parts.back() == kAnyFolders;
    if (!part.empty() && !repeated) parts.emplace_back(part);
    begin = end + 1;
  }
  return parts;
}

std::string Child(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.ends_with('/') ? folder + name : folder + "/" + name;
}

fs::path OnDisk(const std::string& path) {
  return path.empty() ? "." : path;
}

bool IsDirectory(const std::string& path) {
  std::error_code error;
  return fs::is_directory(OnDisk(path), error);
}

struct Entry {
  std::string name;
  bool is_folder = false;  // or a link to one
};

// Sorted; nothing if it is no folder or may not be read.
std::vector<Entry> EntriesOf(const std::string& folder) {
  std::vector<Entry> entries;
  std::error_code error, unknown;
  for (fs::directory_iterator it(OnDisk(folder), error), end; !error && it != end; it.increment(error)) {
    entries.push_back({it->path().filename().native(), it->is_directory(unknown)});
  }
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

using Identity = std::pair<uint64_t, uint64_t>;  // device and inode

std::optional<Identity> IdentityOf(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino};
}

// The folders around this one, up to the root.
std::set<Identity> FoldersAbove(const std::string& folder) {
  std::set<Identity> above;
  std::error_code error;
  for (fs::path path = fs::canonical(OnDisk(folder), error); path.has_relative_path();) {
    path = path.parent_path();
    if (const auto identity = IdentityOf(path)) above.insert(*identity);
  }
  return above;
}

void AddFoldersBelow(const std::string& folder, std::set<Identity>* visited, std::set<std::string>* found) {
  const auto identity = IdentityOf(OnDisk(folder));
  if (!identity || !visited->insert(*identity).second) return;
  found->insert(folder);
  for (const Entry& entry : EntriesOf(folder)) {
    if (entry.is_folder && !entry.name.starts_with('.')) AddFoldersBelow(Child(folder, entry.name), visited, found);
  }
}

Paths MatchAnyFolders(const Paths& folders) {
  std::set<std::string> found;
  for (const std::string& folder : folders) {
    // Walked already as a part of another one: a/**/a/** would walk a/a/a three times.
    if (found.contains(folder) || !IsDirectory(folder)) continue;
    std::set<Identity> visited = FoldersAbove(folder);
    AddFoldersBelow(folder, &visited, &found);
  }
  return {found.begin(), found.end()};
}

Paths MatchName(const Paths& folders, const std::string& part) {
  Paths found;
  const bool is_pattern = part.find_first_of("*?[\\") != std::string::npos;
  for (const std::string& folder : folders) {
    if (!is_pattern) {
      std::error_code error;
      const std::string path = Child(folder, part);
      if (fs::exists(fs::symlink_status(path, error))) found.push_back(path);
      continue;
    }
    for (const Entry& entry : EntriesOf(folder)) {
      if (::fnmatch(part.c_str(), entry.name.c_str(), FNM_PERIOD) == 0) found.push_back(Child(folder, entry.name));
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> ExpandGlob(const std::string& pattern) {
  std::vector<std::string> parts = PartsOf(pattern);
  const bool all_below = !parts.empty() && parts.back() == kAnyFolders;
  if (all_below) parts.pop_back();
  Paths found = {pattern.starts_with('/') ? "/" : ""};
  for (const std::string& part : parts) {
    found = part == kAnyFolders ? MatchAnyFolders(found) : MatchName(found, part);
  }
  if (all_below || pattern.ends_with('/')) std::erase_if(found, [](const auto& path) { return !IsDirectory(path); });
  std::ranges::sort(found);
  return found;
}

}  // namespace siskin
