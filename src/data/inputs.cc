#include "data/inputs.h"

#include <glob.h>

#include <algorithm>
#include <iterator>
#include <system_error>

#include "base/error.h"
#include "data/photo_files.h"

namespace siskin {
namespace fs = std::filesystem;
namespace {

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// All photos below, and what is named like one but cannot be read: its line of output says why.
void AddFolder(const fs::path& folder, std::vector<fs::path>* out) {
  const FolderListing listing = PhotoFinder(folder).ListAll("", {});
  std::vector<std::string> paths;
  for (const Photo& photo : listing.photos) paths.push_back(photo.path);
  for (const SkippedFile& file : listing.skipped) {
    if (HasPictureExtension(file.path)) paths.push_back(file.path);
  }
  std::ranges::sort(paths);
  for (const std::string& path : paths) out->push_back(folder / path);
}

std::vector<std::string> MatchesOf(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> matches;
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    matches.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  std::ranges::sort(matches);  // by bytes: glob's own order depends on the locale
  return matches;
}

// A pattern such as photos/* also finds what is no photo; that was not asked for by name and is left out.
void AddGlob(const std::string& pattern, std::vector<fs::path>* out) {
  for (const std::string& match : MatchesOf(pattern)) {
    if (IsFolder(match)) {
      AddFolder(match, out);
    } else if (HasPictureExtension(match) || LooksLikePhoto(match)) {
      out->emplace_back(match);
    }
  }
}

void AddList(std::istream& in, std::vector<fs::path>* out) {
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  // One NUL decides: no path contains one, and paths that contain newlines need them.
  const char separator = text.find('\0') == std::string::npos ? '\n' : '\0';
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    const std::string path = text.substr(begin, end - begin);
    begin = end + 1;
    if (path.empty()) continue;
    if (IsFolder(path)) {
      AddFolder(path, out);
    } else {
      out->emplace_back(path);
    }
  }
}

}  // namespace

std::vector<fs::path> ExpandInputs(std::span<const std::string> arguments, std::istream& standard_input) {
  std::vector<fs::path> out;
  for (const std::string& argument : arguments) {
    const size_t before = out.size();
    if (argument == "-") {
      AddList(standard_input, &out);
    } else if (IsFolder(argument)) {
      AddFolder(argument, &out);
      if (out.size() == before) {
        Fail(ErrorKind::kData, "{}: no JPEG, PNG or WebP photos in this folder", Printable(argument));
      }
    } else if (!Exists(argument) && argument.find_first_of("*?[") != std::string::npos) {
      AddGlob(argument, &out);
      if (out.size() == before) Fail(ErrorKind::kData, "{}: no photo matches this pattern", Printable(argument));
    } else {
      out.emplace_back(argument);
    }
  }
  return out;
}

}  // namespace siskin
