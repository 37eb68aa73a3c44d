#include "data/inputs.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/error.h"
#include "base/text_encoding.h"
#include "data/glob.h"
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

// All photos below, and what is named like one but cannot be read: its line of output says why. Sorted by bytes; "" is
// the working folder.
std::vector<std::string> PhotosIn(const fs::path& folder) {
  const FolderListing listing = PhotoFinder(folder.empty() ? "." : folder).ListAll("", {});
  std::vector<std::string> paths;
  for (const Photo& photo : listing.photos) paths.push_back(folder / photo.path);
  for (const SkippedFile& file : listing.skipped) {
    if (HasPictureExtension(file.path)) paths.push_back(folder / file.path);
  }
  std::ranges::sort(paths);
  return paths;
}

// A pattern such as photos/* also finds what is no photo; that was not asked for by name and is left out. One such as
// **/a* may find a folder and the photos in it, which are still one photo each.
std::vector<std::string> PhotosMatching(const std::string& pattern) {
  std::vector<std::string> paths;
  for (const std::string& match : ExpandGlob(pattern)) {
    if (match.empty() || IsFolder(match)) {
      std::ranges::move(PhotosIn(match), std::back_inserter(paths));
    } else if (HasPictureExtension(match) || LooksLikePhoto(match)) {
      paths.push_back(match);
    }
  }
  std::ranges::sort(paths);
  paths.erase(std::ranges::unique(paths).begin(), paths.end());
  return paths;
}

// The lines of a list, or what stands between its NULs; empty ones left out.
std::vector<std::string> PathsInList(std::string_view text) {
  // One NUL decides: no path contains one, and paths that contain line ends need them.
  const char separator = text.find('\0') == std::string_view::npos ? '\n' : '\0';
  std::vector<std::string> paths;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    std::string_view path = text.substr(begin, end - begin);
    if (separator == '\n' && path.ends_with('\r')) path.remove_suffix(1);
    if (!path.empty()) paths.emplace_back(path);
    begin = end + 1;
  }
  return paths;
}

void Append(const std::vector<std::string>& paths, std::vector<fs::path>* out) {
  out->insert(out->end(), paths.begin(), paths.end());
}

void AddList(std::istream& in, std::vector<fs::path>* out) {
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  for (const std::string& path : PathsInList(DecodeText(bytes, "standard input"))) {
    if (IsFolder(path)) {
      Append(PhotosIn(path), out);
    } else {
      out->emplace_back(path);
    }
  }
}

// Whether a file that is no photo begins with the path of one, or of anything that is there.
bool IsListOfPaths(const std::string& file) {
  constexpr size_t kHeadBytes = 16 << 10;  // the longest path, 4 KB, takes half of it in UTF-16
  std::error_code error;
  if (file == "-" || !fs::is_regular_file(file, error) || HasPictureExtension(file) || LooksLikePhoto(file))
    return false;
  std::string head(kHeadBytes, '\0'), text, reason;
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(in.gcount()));
  if (!TryDecodeText(head, &text, &reason)) return false;
  const std::vector<std::string> paths = PathsInList(text);
  return !paths.empty() && (HasPictureExtension(paths[0]) || Exists(paths[0]));
}

}  // namespace

std::vector<fs::path> ExpandInputs(std::span<const std::string> arguments, std::istream& standard_input,
                                   std::string_view command) {
  // Among other files a list is one that cannot be read: the shell may have found it for a *.
  if (!arguments.empty() && std::ranges::all_of(arguments, IsListOfPaths)) {
    const std::string list = Printable(arguments[0]);
    Fail(ErrorKind::kUsage, "{}: looks like a list of paths, not like a photo: give it on standard input: {} - < {}",
         list, command, list);
  }
  std::vector<fs::path> out;
  for (const std::string& argument : arguments) {
    const size_t before = out.size();
    if (argument == "-") {
      AddList(standard_input, &out);
    } else if (IsFolder(argument)) {
      Append(PhotosIn(argument), &out);
      if (out.size() == before) {
        Fail(ErrorKind::kData, "{}: no JPEG, PNG or WebP photos in this folder", Printable(argument));
      }
    } else if (!Exists(argument) && argument.find_first_of("*?[") != std::string::npos) {
      Append(PhotosMatching(argument), &out);
      if (out.size() == before) Fail(ErrorKind::kData, "{}: no photo matches this pattern", Printable(argument));
    } else {
      out.emplace_back(argument);
    }
  }
  return out;
}

std::vector<fs::path> PhotosBelow(const fs::path& folder) {
  std::vector<fs::path> photos;
  Append(PhotosIn(folder), &photos);
  return photos;
}

}  // namespace siskin
