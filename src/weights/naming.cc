#include "weights/naming.h"

#include <charconv>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "weights/names.h"

namespace siskin {
namespace {

constexpr std::string_view kDots = "..";

// "{2..5}" or "{a..d}" in a word: where it stands and what it counts through.
struct Range {
  size_t begin = 0, end = 0;  // of the braces
  bool letters = false;
  int first = 0, last = -1;

  std::string Value(int step) const {
    return letters ? std::string(1, static_cast<char>(first + step)) : std::to_string(first + step);
  }
};

int Bound(std::string_view text, bool letter) {
  if (letter) return text[0];
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The first range of a word; false if there is none.
bool FindRange(std::string_view word, Range* range) {
  range->begin = word.find('{');
  if (range->begin == std::string_view::npos) return false;
  range->end = word.find('}', range->begin) + 1;
  const std::string_view inside = word.substr(range->begin + 1, range->end - range->begin - 2);
  const size_t dots = inside.find(kDots);
  range->letters = inside[0] < '0' || inside[0] > '9';
  range->first = Bound(inside.substr(0, dots), range->letters);
  range->last = Bound(inside.substr(dots + kDots.size()), range->letters);
  return true;
}

void Expand(const std::vector<std::string>& words, std::vector<Alias>* aliases) {
  Range first;
  if (!FindRange(words[0], &first)) {
    aliases->push_back({words[0], {words.begin() + 1, words.end()}});
    return;
  }
  for (int step = 0; step <= first.last - first.first; ++step) {
    std::vector<std::string> next = words;
    for (std::string& word : next) {
      Range range;
      if (!FindRange(word, &range) || range.last - range.first != first.last - first.first) {
        Fail(ErrorKind::kInternal, "the ranges of {} do not count along with those of {}", word, words[0]);
      }
      word.replace(range.begin, range.end - range.begin, range.Value(step));
    }
    Expand(next, aliases);
  }
}

}  // namespace

std::span<const Naming> Namings() {
  static const Naming all[] = {kSlimMobileNet, kResNet50Of2017};
  return all;
}

std::vector<Alias> ExpandAliases(std::string_view table) {
  std::vector<Alias> aliases;
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream text(line);
    std::vector<std::string> words;
    for (std::string word; text >> word;) words.push_back(std::move(word));
    if (!words.empty()) Expand(words, &aliases);
  }
  return aliases;
}

}  // namespace siskin
