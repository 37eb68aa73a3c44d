#include "weights/names/naming.h"

#include <charconv>
#include <sstream>
#include <utility>

#include "base/error.h"

namespace siskin {
namespace {

constexpr std::string_view kDots = "..";

// "{2..5}", "{a..d}" or "{conv,bn}" in a word: where it stands and what it counts through.
struct Range {
  size_t begin = 0, end = 0;  // of the braces
  std::vector<std::string> values;
};

std::vector<std::string> Listed(std::string_view inside) {
  std::vector<std::string> values;
  for (size_t comma = inside.find(','); comma != std::string_view::npos; comma = inside.find(',')) {
    values.emplace_back(inside.substr(0, comma));
    inside.remove_prefix(comma + 1);
  }
  values.emplace_back(inside);
  return values;
}

std::vector<std::string> Counted(std::string_view first, std::string_view last) {
  std::vector<std::string> values;
  if (first[0] >= 'a') {
    for (char letter = first[0]; letter <= last[0]; ++letter) values.emplace_back(1, letter);
    return values;
  }
  int from = 0, to = 0;
  std::from_chars(first.data(), first.data() + first.size(), from);
  std::from_chars(last.data(), last.data() + last.size(), to);
  for (int number = from; number <= to; ++number) values.push_back(std::to_string(number));
  return values;
}

// The first range of a word; false if there is none.
bool FindRange(std::string_view word, Range* range) {
  range->begin = word.find('{');
  if (range->begin == std::string_view::npos) return false;
  range->end = word.find('}', range->begin) + 1;
  const std::string_view inside = word.substr(range->begin + 1, range->end - range->begin - 2);
  const size_t dots = inside.find(kDots);
  range->values = dots == std::string_view::npos ? Listed(inside)
                                                 : Counted(inside.substr(0, dots), inside.substr(dots + kDots.size()));
  return true;
}

void Expand(const std::vector<std::string>& words, std::vector<Alias>* aliases) {
  Range first;
  if (!FindRange(words[0], &first)) {
    aliases->push_back({words[0], {words.begin() + 1, words.end()}});
    return;
  }
  for (size_t step = 0; step < first.values.size(); ++step) {
    std::vector<std::string> next = words;
    for (std::string& word : next) {
      Range range;
      if (!FindRange(word, &range) || range.values.size() != first.values.size()) {
        Fail(ErrorKind::kInternal, "the ranges of {} do not count along with those of {}", word, words[0]);
      }
      word.replace(range.begin, range.end - range.begin, range.values[step]);
    }
    Expand(next, aliases);
  }
}

}  // namespace

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
