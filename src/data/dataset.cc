// The layout of a folder of photos: class folders, or split folders with class folders in them.
#include "data/dataset.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "data/layout.h"
#include "data/nfc.h"
#include "data/photo_files.h"
#include "data/split_names.h"

namespace siskin {
namespace fs = std::filesystem;
namespace {

// A folder of the root and the photos in it.
struct TopFolder {
  std::string name, path;              // path: of a split folder, where its class folders are
  std::optional<Split> split;          // if its name is that of a split
  FolderListing listing;               // everything below; for a split folder only what lies beside the class folders
  std::vector<TopFolder> sub_folders;  // of a split folder

  bool IsSplitFolder() const {
    return std::ranges::any_of(sub_folders, [](const TopFolder& f) { return !f.listing.photos.empty(); });
  }
  bool HasPhotos() const { return !listing.photos.empty() || IsSplitFolder(); }
};

// Goes down to the class folders: an archive may have added a folder of its name (seg_train/seg_train/cat/1.jpg).
void ReadSplitFolder(const PhotoFinder& finder, TopFolder* folder) {
  std::vector<std::string> above = {""};
  for (;;) {
    above.push_back(folder->path);
    FolderListing here = finder.List(folder->path);
    folder->sub_folders.clear();
    for (const std::string& name : here.folders) {
      const std::string path = JoinPath(folder->path, name);
      folder->sub_folders.push_back({name, path, std::nullopt, finder.ListAll(path, above), {}});
    }
    folder->listing.photos = std::move(here.photos);
    std::ranges::move(here.skipped, std::back_inserter(folder->listing.skipped));
    if (!folder->listing.photos.empty() || folder->sub_folders.size() != 1) return;
    const TopFolder& only = folder->sub_folders[0];
    if (!WrapsClasses(only.path, only.listing.photos)) return;
    folder->path = only.path;
  }
}

std::vector<TopFolder> ReadTopFolders(const PhotoFinder& finder, const std::vector<std::string>& names) {
  std::vector<TopFolder> folders;
  for (const std::string& name : names) {
    TopFolder folder{name, name, SplitNamed(name), {}, {}};
    if (folder.split) {
      ReadSplitFolder(finder, &folder);
    } else {
      folder.listing = finder.ListAll(name, {""});
    }
    folders.push_back(std::move(folder));
  }
  return folders;
}

std::string DoubtAbout(const std::vector<TopFolder>& class_folders) {
  std::vector<Candidate> candidates;
  for (const TopFolder& folder : class_folders) {
    const std::vector<Photo>& photos = folder.listing.photos;
    if (!photos.empty()) candidates.push_back({folder.name, FoldersIn(folder.path, photos)});
  }
  return DoubtAboutClasses(candidates);
}

// Collects the dataset of one root.
class Scanner {
 public:
  Scanner(const fs::path& root, const ScanOptions& options)
      : options_(options), where_(Printable(root.native())), finder_(root) {
    dataset_.root = root;
  }

  Dataset Scan() {
    CheckIsFolder();
    const FolderListing top = finder_.List("");
    std::vector<TopFolder> folders = ReadTopFolders(finder_, top.folders);
    LeaveOutLoose(top);
    if (IsWrapped(folders)) return ScanInner(folders[0].name);
    for (const TopFolder& folder : folders) {
      folder.IsSplitFolder() ? LeaveOutLoose(folder.listing) : Skip(folder.listing.skipped);
      for (const TopFolder& sub : folder.sub_folders) Skip(sub.listing.skipped);
    }
    CheckLayout(top, folders);
    const bool splits = std::ranges::any_of(folders, &TopFolder::IsSplitFolder);
    DoubtClasses(splits, folders);
    splits ? AddSplits(&folders) : AddClasses(&folders);
    FinishClasses();
    AddNotes();
    std::ranges::sort(dataset_.photos, {}, &Photo::path);
    std::ranges::sort(dataset_.skipped, {}, &SkippedFile::path);
    return std::move(dataset_);
  }

 private:
  void CheckIsFolder() const {
    std::error_code error;
    const fs::file_status status = fs::status(dataset_.root, error);
    if (status.type() == fs::file_type::not_found) {
      Fail(ErrorKind::kData, "{}: there is no such folder; name the one that holds a folder of photos for each class",
           where_);
    }
    if (status.type() != fs::file_type::directory && !error) {
      Fail(ErrorKind::kData, "{}: is a file; expected a folder that holds a folder of photos for each class", where_);
    }
    const fs::directory_iterator readable(dataset_.root, error);
    if (error) Fail(ErrorKind::kData, "{}: cannot open the folder: {}", where_, error.message());
  }

  // Whether there is nothing but a folder that an archive put around everything. An empty folder beside it, or one that
  // cannot be opened, may be a class that is missing: then the one with photos is not opened to make its parts classes.
  bool IsWrapped(const std::vector<TopFolder>& folders) const {
    return folders.size() == 1 && dataset_.skipped.empty() && !folders[0].IsSplitFolder() &&
           !IsKnown(folders[0].name) && WrapsClasses(folders[0].path, folders[0].listing.photos);
  }

  bool IsKnown(const std::string& folder) const {
    return std::ranges::find(options_.known_classes, ToNfc(folder), ToNfc) != options_.known_classes.end();
  }

  Dataset ScanInner(const std::string& folder) {
    Dataset inner = Scanner(dataset_.root / folder, options_).Scan();
    AddNotes();
    std::ranges::move(dataset_.notes, std::back_inserter(inner.notes));
    return inner;
  }

  // What was left out and may be what is missing.
  std::string SkippedNote() const {
    std::vector<SkippedFile> skipped = dataset_.skipped;
    std::ranges::copy(loose_, std::back_inserter(skipped));
    std::ranges::copy(empty_, std::back_inserter(skipped));
    if (skipped.empty()) return "";
    const SkippedFile& first = *std::ranges::min_element(skipped, {}, &SkippedFile::path);
    return fmt::format(" ({} skipped, the first: {}: {})", skipped.size(), Printable(first.path), first.reason);
  }

  // What no layout allows.
  void CheckLayout(const FolderListing& top, const std::vector<TopFolder>& folders) const {
    constexpr char kExpected[] =
        "expected a folder for each class (cats/*.jpg, dogs/*.jpg), or such folders in train, validation and test";
    std::vector<std::string> splits, flat_splits, others;
    for (const TopFolder& folder : folders) {
      if (!folder.HasPhotos()) continue;
      (folder.IsSplitFolder() ? splits : folder.split ? flat_splits : others).push_back(folder.name);
    }
    if (splits.empty() && flat_splits.empty() && others.empty()) {
      if (top.photos.empty()) {
        Fail(ErrorKind::kData, "{}: no JPEG, PNG or WebP photos in it{}; {}", where_, SkippedNote(), kExpected);
      }
      Fail(ErrorKind::kData, "{}: {} photos, but in no class folders; {}", where_, top.photos.size(), kExpected);
    }
    if (splits.empty() && others.empty()) {
      Fail(ErrorKind::kData, "{}: the photos lie directly in {}, without class folders; {}", where_,
           Quoted(flat_splits), kExpected);
    }
    if (!splits.empty() && !others.empty()) {
      Fail(
          ErrorKind::kData,
          "{}: holds the split folders {} and beside them {}; move what is a class into the split folders and the rest "
          "elsewhere",
          where_, Quoted(splits), Quoted(others));
    }
    if (!splits.empty() && !flat_splits.empty()) {
      Fail(ErrorKind::kData, "{}: {} has class folders but the photos in {} lie there without; sort them into classes",
           where_, Quoted(splits), Quoted(flat_splits));
    }
  }

  void DoubtClasses(bool splits, const std::vector<TopFolder>& folders) {
    if (!splits) dataset_.doubt = DoubtAbout(folders);
    for (const TopFolder& folder : folders) {
      if (dataset_.doubt.empty()) dataset_.doubt = DoubtAbout(folder.sub_folders);
    }
  }

  void Skip(const std::vector<SkippedFile>& files) { std::ranges::copy(files, std::back_inserter(dataset_.skipped)); }

  // Pictures beside the class folders belong to no class, whether they can be read or not.
  void LeaveOutLoose(const FolderListing& listing) {
    for (const Photo& photo : listing.photos) loose_.push_back({photo.path, "lies in no class folder"});
    for (const SkippedFile& file : listing.skipped) {
      (HasPictureExtension(file.path) ? loose_ : dataset_.skipped).push_back(file);
    }
  }

  void LeaveOutEmpty(const TopFolder& folder) { empty_.push_back({folder.path, "a folder without photos"}); }

  void AddNotes() {
    const auto add = [&](const std::vector<SkippedFile>& files, const char* one, const char* many) {
      if (files.empty()) return;
      std::vector<std::string> paths;
      for (const SkippedFile& file : files) paths.push_back(file.path);
      std::ranges::sort(paths);
      dataset_.notes.push_back(fmt::format("{} {}: {}", paths.size(), paths.size() == 1 ? one : many, Quoted(paths)));
    };
    add(empty_, "folder without photos is left out", "folders without photos are left out");
    add(loose_, "picture in no class folder is left out", "pictures in no class folder are left out");
  }

  void AddClass(TopFolder* folder, Split split) {
    if (folder->listing.photos.empty()) return LeaveOutEmpty(*folder);
    const std::string name = ToNfc(folder->name);
    found_[static_cast<size_t>(split)].insert(name);
    for (Photo& photo : folder->listing.photos) {
      photo.split = split;
      dataset_.photos.push_back(std::move(photo));
      class_of_photo_.push_back(name);
    }
  }

  void AddClasses(std::vector<TopFolder>* folders) {
    for (TopFolder& folder : *folders) {
      if (WrapsClasses(folder.path, folder.listing.photos)) wrapper_ = folder.path;
      AddClass(&folder, Split::kTrain);
    }
  }

  void AddSplits(std::vector<TopFolder>* folders) {
    dataset_.has_splits = true;
    for (TopFolder& folder : *folders) {
      if (!folder.IsSplitFolder()) {
        LeaveOutEmpty(folder);
        continue;
      }
      std::string& first = split_folders_[static_cast<size_t>(*folder.split)];
      if (!first.empty()) {
        Fail(ErrorKind::kData, "{}: \"{}\" and \"{}\" both mean the {} photos; keep one of them", where_, first,
             folder.name, kSplitNames[static_cast<size_t>(*folder.split)]);
      }
      first = folder.name;
      if (folder.path != folder.name) {
        dataset_.notes.push_back(fmt::format("the classes of \"{}\" are taken from \"{}\", since it holds nothing else",
                                             Printable(folder.name), Printable(folder.path)));
      }
      for (TopFolder& sub : folder.sub_folders) AddClass(&sub, *folder.split);
    }
  }

  void FinishClasses() {
    std::set<std::string> all;
    for (const auto& found : found_) all.insert(found.begin(), found.end());
    dataset_.class_names.assign(all.begin(), all.end());
    if (options_.for_training) CheckClasses();
    for (size_t i = 0; i < dataset_.photos.size(); ++i) {
      const auto name = std::ranges::lower_bound(dataset_.class_names, class_of_photo_[i]);
      dataset_.photos[i].label = static_cast<int>(name - dataset_.class_names.begin());
    }
  }

  void CheckClasses() const {
    const std::vector<std::string>& names = dataset_.class_names;
    if (names.size() == 1) {
      Fail(ErrorKind::kData,
           "{}: only one class has photos, {}; a classifier needs two or more: add a folder of photos that show "
           "something else{}{}",
           where_, Quoted(names),
           wrapper_.empty()
               ? ""
               : fmt::format(", or name {}/{} if the folders in it are the classes", where_, Printable(wrapper_)),
           SkippedNote());
    }
    for (size_t split = 0; split < found_.size(); ++split) {
      if (found_[split].empty()) continue;
      for (const std::string& name : names) {
        if (found_[split].contains(name)) continue;
        const std::vector<std::string> present(found_[split].begin(), found_[split].end());
        Fail(
            ErrorKind::kData,
            "{}: class \"{}\" has no photos in \"{}\", which has {}; every split needs every class, spelled alike: add "
            "photos there or remove the class elsewhere",
            where_, Printable(name), split_folders_[split], Quoted(present));
      }
    }
  }

  ScanOptions options_;
  std::string where_;
  PhotoFinder finder_;
  Dataset dataset_;
  std::string wrapper_;                         // a class folder that holds nothing but what look like classes
  std::vector<SkippedFile> loose_;              // pictures beside the class folders
  std::vector<SkippedFile> empty_;              // where a class folder could be, but without photos
  std::vector<std::string> class_of_photo_;     // beside dataset_.photos until the labels are known
  std::array<std::set<std::string>, 3> found_;  // classes with photos, by split
  std::array<std::string, 3> split_folders_;    // as they are spelled
};

}  // namespace

std::vector<const Photo*> Dataset::InSplit(Split split) const {
  std::vector<const Photo*> out;
  for (const Photo& photo : photos) {
    if (photo.split == split) out.push_back(&photo);
  }
  return out;
}

std::vector<int> Dataset::CountByClass(Split split) const {
  std::vector<int> counts(class_names.size());
  for (const Photo& photo : photos) {
    if (photo.split == split) ++counts[static_cast<size_t>(photo.label)];
  }
  return counts;
}

Dataset ScanFolder(const fs::path& root, const ScanOptions& options) {
  Dataset dataset = Scanner(root, options).Scan();
  if (dataset.root != root) {
    dataset.notes.insert(dataset.notes.begin(),
                         fmt::format("the classes are taken from {}, since {} holds nothing else",
                                     Printable(dataset.root.native()), Printable(root.native())));
  }
  return dataset;
}

std::vector<std::string> TrainingObstacles(const Dataset& dataset, bool classes_confirmed) {
  std::vector<std::string> obstacles, invalid;
  if (!dataset.doubt.empty() && !classes_confirmed) obstacles.push_back(dataset.doubt);
  for (const std::string& name : dataset.class_names) {
    if (!IsValidUtf8(name)) invalid.push_back(name);
  }
  if (invalid.empty()) return obstacles;
  const bool one = invalid.size() == 1;
  obstacles.push_back(fmt::format(
      "{} named in other bytes than UTF-8, which a model file cannot hold: {}; rename {} with mv, or convert names in "
      "Latin-1 with: convmv -f latin1 -t utf8 -r --notest FOLDER",
      one ? "1 class folder is" : fmt::format("{} class folders are", invalid.size()), Quoted(invalid),
      one ? "it" : "them"));
  return obstacles;
}

std::string Fingerprint(const Dataset& dataset) {
  Sha256 hash;
  // Lengths keep neighbouring texts apart: the classes "a", "bc" are not "ab", "c".
  const auto add = [&](const std::string& text) { hash.Update(fmt::format("{}:{},", text.size(), text)); };
  for (const std::string& name : dataset.class_names) add(name);
  for (const Photo& photo : dataset.photos) {
    add(photo.path);
    hash.Update(fmt::format("{} {} {}\n", photo.label, static_cast<int>(photo.split), photo.bytes));
  }
  return hash.HexDigest();
}

}  // namespace siskin
