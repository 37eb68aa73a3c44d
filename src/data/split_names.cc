#include "data/split_names.h"

#include <algorithm>
#include <string>

#include "data/photo_files.h"

namespace siskin {
namespace {

struct SplitWord {
  std::string_view word;
  Split split;
};
constexpr SplitWord kSplitWords[] = {
    {"train", Split::kTrain},    {"training", Split::kTrain},   {"validation", Split::kValidation},
    {"val", Split::kValidation}, {"valid", Split::kValidation}, {"dev", Split::kValidation},
    {"test", Split::kTest},      {"testing", Split::kTest},
};

// No two sequences of these spell the same: there is one way to take a name apart.
constexpr std::string_view kAffixes[] = {"set",    "data", "dir",  "directory", "folder",  "split",
                                         "seg",    "img",  "imgs", "image",     "images",  "photo",
                                         "photos", "pic",  "pics", "picture",   "pictures"};

// Lower case, without separators and digits: "Train_Set (2)" becomes "trainset".
std::string LettersOf(std::string_view name) {
  std::string letters = LowerCase(name);
  std::erase_if(letters,
                [](char c) { return std::string_view(" _-.()[]0123456789").find(c) != std::string_view::npos; });
  return letters;
}

bool IsMadeOfAffixes(std::string_view text) {
  return text.empty() || std::ranges::any_of(kAffixes, [&](std::string_view affix) {
           return text.starts_with(affix) && IsMadeOfAffixes(text.substr(affix.size()));
         });
}

}  // namespace

std::optional<Split> SplitNamed(std::string_view folder) {
  const std::string letters = LettersOf(folder);
  const std::string_view text = letters;
  for (const auto& [word, split] : kSplitWords) {
    for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      if (IsMadeOfAffixes(text.substr(0, at)) && IsMadeOfAffixes(text.substr(at + word.size()))) return split;
    }
  }
  return std::nullopt;
}

}  // namespace siskin
