#include "data/photo_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/error.h"
#include "images/decode.h"

namespace siskin {
namespace fs = std::filesystem;
namespace {

constexpr std::array kPhotoExtensions = {"jpg", "jpeg", "jpe", "jfif", "png", "webp"};

// Pictures that a person would expect to count, so their absence is explained.
constexpr std::array kOtherPictureExtensions = {"gif", "bmp", "tif", "tiff", "heic", "heif", "avif", "jxl",
                                                "jp2", "cr2", "cr3", "nef",  "arw",  "dng",  "orf",  "raf"};

// Left behind by macOS, Windows and network disks; names that begin with a dot are junk as well.
constexpr std::array kJunk = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir"};

bool Contains(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool IsJunk(std::string_view name) {
  return name.starts_with('.') || Contains(kJunk, LowerCase(name));
}

std::string Extension(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : LowerCase(name.substr(dot + 1));
}

bool BeginsLikePhoto(const fs::path& file) {
  std::array<char, 16> head{};
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), head.size());
  return *ProbeImage({head.data(), static_cast<size_t>(in.gcount())}).format != '\0';
}

}  // namespace

bool LooksLikePhoto(const fs::path& file) {
  const std::string extension = Extension(file.filename().native());
  return Contains(kPhotoExtensions, extension) || (extension.empty() && BeginsLikePhoto(file));
}

bool HasPictureExtension(std::string_view name) {
  const std::string extension = Extension(name);
  return Contains(kPhotoExtensions, extension) || Contains(kOtherPictureExtensions, extension);
}

std::string JoinPath(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

void PhotoFinder::AddEntry(const std::string& path, const std::string& name, FolderListing* listing) const {
  const std::string extension = Extension(name);
  const bool named_photo = Contains(kPhotoExtensions, extension);
  const auto skip = [&](std::string reason) { listing->skipped.push_back({path, std::move(reason)}); };

  struct stat info{};
  if (::stat(Full(path).c_str(), &info) != 0) {
    // Without extension it may have been meant as a link to a folder.
    if (!named_photo && !extension.empty()) return;
    return skip(errno == ENOENT  ? "a link to nothing"
                : errno == ELOOP ? "a link that leads back to itself"
                                 : "cannot open: " + ErrnoText(errno));
  }
  if (S_ISDIR(info.st_mode)) {
    listing->folders.push_back(name);
    return;
  }
  if (Contains(kOtherPictureExtensions, extension)) {
    return skip("." + extension + " files are not read; convert it to JPEG, PNG or WebP");
  }
  if (!named_photo && !extension.empty()) return;
  if (!S_ISREG(info.st_mode)) return named_photo ? skip("not a regular file") : void();
  if (!named_photo && !BeginsLikePhoto(Full(path))) return;
  if (info.st_size == 0) return skip("0 bytes");
  if (::faccessat(AT_FDCWD, Full(path).c_str(), R_OK, AT_EACCESS) != 0) return skip("cannot open: " + ErrnoText(errno));

  Photo photo;
  photo.path = path;
  photo.bytes = static_cast<uint64_t>(info.st_size);
  photo.modified_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  listing->photos.push_back(std::move(photo));
}

FolderListing PhotoFinder::List(const std::string& path) const {
  FolderListing listing;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(Full(path), error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().native());
  }
  if (error) listing.skipped.push_back({path, "cannot open the folder: " + error.message()});
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (!IsJunk(name)) AddEntry(JoinPath(path, name), name, &listing);
  }
  return listing;
}

void PhotoFinder::AddAll(const std::string& path, Visited* visited, FolderListing* all) const {
  struct stat info{};
  if (::stat(Full(path).c_str(), &info) != 0) {
    all->skipped.push_back({path, "cannot open the folder: " + ErrnoText(errno)});
    return;
  }
  const auto [known, first_visit] = visited->insert({{info.st_dev, info.st_ino}, path});
  if (!first_visit) {
    const std::string other = known->second.empty() ? "the top folder" : Printable(known->second);
    all->skipped.push_back({path, "a link to a folder that is listed already: " + other});
    return;
  }
  FolderListing here = List(path);
  std::ranges::move(here.photos, std::back_inserter(all->photos));
  std::ranges::move(here.skipped, std::back_inserter(all->skipped));
  for (const std::string& folder : here.folders) AddAll(JoinPath(path, folder), visited, all);
}

FolderListing PhotoFinder::ListAll(const std::string& path, const std::vector<std::string>& above) const {
  Visited visited;
  for (const std::string& folder : above) {
    struct stat info{};
    if (::stat(Full(folder).c_str(), &info) == 0) visited.insert({{info.st_dev, info.st_ino}, folder});
  }
  FolderListing all;
  AddAll(path, &visited, &all);
  std::ranges::sort(all.photos, {}, &Photo::path);
  std::ranges::sort(all.skipped, {}, &SkippedFile::path);
  return all;
}

}  // namespace siskin
