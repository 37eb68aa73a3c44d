#include "data/layout.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include "base/error.h"
#include "data/nfc.h"
#include "data/photo_files.h"
#include "data/split_names.h"

namespace siskin {
namespace {

using Names = std::set<std::string>;

// As people compare names: without regard to case and to how an accent is written.
Names Comparable(const std::vector<std::string>& names) {
  Names comparable;
  for (const std::string& name : names) comparable.insert(LowerCase(ToNfc(name)));
  return comparable;
}

size_t NumShared(const Names& a, const Names& b) {
  return static_cast<size_t>(std::ranges::count_if(a, [&](const std::string& name) { return b.contains(name); }));
}

// One folder that two classes share ("images") says nothing, and a split may lack some of the classes.
bool LargelyTheSame(const Names& a, const Names& b) {
  const size_t shared = NumShared(a, b);
  return shared >= 2 && 2 * shared > std::max(a.size(), b.size());
}

// The candidates that hold largely the same folders as the one with the most of them.
std::vector<const Candidate*> Alike(const std::vector<Candidate>& candidates) {
  const auto largest = std::ranges::max_element(candidates, {}, [](const Candidate& c) { return c.folders.size(); });
  std::vector<const Candidate*> alike;
  if (largest == candidates.end()) return alike;
  const Names names = Comparable(largest->folders);
  for (const Candidate& candidate : candidates) {
    if (LargelyTheSame(names, Comparable(candidate.folders))) alike.push_back(&candidate);
  }
  return alike;
}

// The candidate that holds folders named like all the others, or some of them, and no more; null if there is none.
const Candidate* CopyOfTheOthers(const std::vector<Candidate>& candidates) {
  std::vector<std::string> all;
  for (const Candidate& candidate : candidates) all.push_back(candidate.name);
  const Names names = Comparable(all);
  for (const Candidate& candidate : candidates) {
    const Names inner = Comparable(candidate.folders);
    if (inner.size() >= 2 && NumShared(inner, names) == inner.size()) return &candidate;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> FoldersIn(const std::string& folder, const std::vector<Photo>& photos) {
  const std::string prefix = folder + "/";
  Names names;
  size_t direct = 0, inside = 0;
  for (const Photo& photo : photos) {
    if (!photo.path.starts_with(prefix)) continue;
    ++inside;
    const size_t slash = photo.path.find('/', prefix.size());
    if (slash == std::string::npos) {
      ++direct;
    } else {
      names.insert(photo.path.substr(prefix.size(), slash - prefix.size()));
    }
  }
  const size_t strays = std::max<size_t>(1, inside / 10);  // a preview or two do not make `folder` a class
  if (direct > strays) return {};
  return {names.begin(), names.end()};
}

bool WrapsClasses(const std::string& folder, const std::vector<Photo>& photos) {
  const std::vector<std::string> names = FoldersIn(folder, photos);
  if (names.size() != 1) return names.size() > 1;
  return SplitNamed(names[0]).has_value() || WrapsClasses(JoinPath(folder, names[0]), photos);
}

std::string DoubtAboutClasses(const std::vector<Candidate>& candidates) {
  if (const Candidate* copy = CopyOfTheOthers(candidates)) {
    return fmt::format(
        "\"{}\" holds folders of the same names as those beside it ({}), so that it looks like a copy of them rather "
        "than a class; remove it, or train on it alone; if it is a class, say so by a --split-file",
        Printable(copy->name), Quoted(copy->folders));
  }
  const std::vector<const Candidate*> alike = Alike(candidates);
  if (alike.size() < 2 || 2 * alike.size() <= candidates.size()) return "";
  std::vector<std::string> names;
  for (const Candidate* candidate : alike) names.push_back(candidate->name);
  const std::vector<std::string>& folders = alike[0]->folders;
  if (std::ranges::all_of(folders, [](const std::string& name) { return SplitNamed(name).has_value(); })) {
    return fmt::format(
        "{} each hold the splits {}, which training would mix; the splits come first: \"{}/{}\" becomes \"{}/{}\"",
        Quoted(names), Quoted(folders), Printable(names[0]), Printable(folders[0]), Printable(folders[0]),
        Printable(names[0]));
  }
  return fmt::format(
      "{} hold the same folders ({}), so that they look like splits or batches rather than classes; if they are "
      "splits, "
      "rename them train, validation and test; if one of them is enough, train on \"{}\" alone; if they are the "
      "classes, "
      "say so by a --split-file, or move their photos out of those folders",
      Quoted(names), Quoted(folders), Printable(names[0]));
}

std::string Quoted(const std::vector<std::string>& names) {
  constexpr size_t kMost = 8;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", Printable(names[i], 60));
  }
  if (names.size() > kMost) text += fmt::format(" and {} more", names.size() - kMost);
  return text;
}

}  // namespace siskin
