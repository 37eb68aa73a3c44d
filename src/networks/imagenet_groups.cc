#include "networks/imagenet_groups.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/nearest_name.h"
#include "networks/imagenet_labels.h"

namespace siskin {
namespace {

using Classes = std::bitset<kImageNetClasses>;

// Lower case, single characters for all that separates words.
std::string Normalized(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_' || c == '-') c = ' ';
  }
  return text;
}

std::vector<std::string_view> Lemmas(const ImageNetSynset& synset) {
  constexpr std::string_view kSeparator = ", ";
  std::vector<std::string_view> lemmas;
  std::string_view rest = synset.lemmas;
  for (size_t at = 0; (at = rest.find(kSeparator)) != std::string_view::npos;
       rest.remove_prefix(at + kSeparator.size())) {
    lemmas.push_back(rest.substr(0, at));
  }
  lemmas.push_back(rest);
  return lemmas;
}

Classes ClassesOf(const ImageNetSynset& synset) {
  Classes classes;
  for (const ImageNetRange& range : synset.classes) {
    for (size_t k = range.first; k <= range.last; ++k) classes.set(k);
  }
  return classes;
}

bool Includes(const Classes& whole, const Classes& part) {
  return (part & ~whole).none();
}

// normalized: a word or an id.
std::vector<const ImageNetSynset*> SynsetsCalled(std::string_view normalized) {
  std::vector<const ImageNetSynset*> found;
  for (const ImageNetSynset& synset : ImageNetSynsets()) {
    const auto matches = [&](std::string_view lemma) { return Normalized(lemma) == normalized; };
    if (normalized == synset.wordnet_id || std::ranges::any_of(Lemmas(synset), matches)) found.push_back(&synset);
  }
  return found;
}

// What `word` may be the plural of: WordNet's rules of detachment for nouns (morphy(7WN)).
std::vector<std::string> Singulars(const std::string& word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kEndings = {{{"s", ""},
                                                                                      {"ses", "s"},
                                                                                      {"xes", "x"},
                                                                                      {"zes", "z"},
                                                                                      {"ches", "ch"},
                                                                                      {"shes", "sh"},
                                                                                      {"men", "man"},
                                                                                      {"ies", "y"}}};
  std::vector<std::string> singulars;
  for (const auto& [plural, singular] : kEndings) {
    if (!word.ends_with(plural)) continue;
    singulars.push_back(word.substr(0, word.size() - plural.size()) + std::string(singular));
  }
  return singulars;
}

// Drops senses whose classes another one has too; of equal ones the first stays.
std::vector<const ImageNetSynset*> Widest(const std::vector<const ImageNetSynset*>& senses) {
  std::vector<const ImageNetSynset*> widest;
  for (size_t i = 0; i < senses.size(); ++i) {
    const Classes own = ClassesOf(*senses[i]);
    bool included = false;
    for (size_t j = 0; j < senses.size() && !included; ++j) {
      const Classes other = ClassesOf(*senses[j]);
      included = j != i && Includes(other, own) && (other != own || j < i);
    }
    if (!included) widest.push_back(senses[i]);
  }
  return widest;
}

std::string NearestWord(std::string_view word) {
  std::vector<std::string> words;
  for (const ImageNetSynset& synset : ImageNetSynsets()) {
    for (const std::string_view lemma : Lemmas(synset)) words.emplace_back(lemma);
  }
  return NearestName(word, words);
}

// "n01503061 (bird), 59 of ImageNet's classes: cock, hen, ostrich, ..."
std::string SenseText(const ImageNetSynset& sense) {
  constexpr size_t kShown = 3;
  const std::string lemmas = sense.lemmas;
  const Classes below = ClassesOf(sense);
  std::string classes;
  size_t count = 0;
  for (size_t k = 0; k < kImageNetClasses; ++k) {
    if (!below[k]) continue;
    if (++count <= kShown) classes += (count > 1 ? ", " : "") + std::string(ImageNetLabels()[k].name);
  }
  return fmt::format("{} ({}), {} of ImageNet's: {}{}", sense.wordnet_id, lemmas.substr(0, lemmas.find(", ")),
                     count == 1 ? "one class" : fmt::format("{} classes", count), classes,
                     count > kShown ? ", ..." : "");
}

}  // namespace

ImageNetGroup LookUpImageNetGroup(std::string_view word) {
  ImageNetGroup group;
  group.word = word;
  const std::string normalized = Normalized(word);
  std::vector<const ImageNetSynset*> senses = SynsetsCalled(normalized);
  for (const std::string& singular : Singulars(normalized)) {
    if (senses.empty()) senses = SynsetsCalled(singular);
  }
  group.senses = Widest(senses);
  for (const ImageNetSynset* sense : group.senses) group.classes |= ClassesOf(*sense);
  return group;
}

ImageNetGroup FindImageNetGroup(std::string_view word) {
  ImageNetGroup group = LookUpImageNetGroup(word);
  if (!group.senses.empty()) return group;
  const std::string nearest = NearestWord(word);
  Fail(ErrorKind::kUsage, "'{}' is neither a word for classes of ImageNet nor the WordNet id of one; {}",
       Printable(word, 60),
       nearest.empty() ? "bird, dog, vehicle and fruit are such words" : fmt::format("did you mean {}?", nearest));
}

std::string GroupText(const ImageNetGroup& group) {
  if (group.senses.size() == 1) return fmt::format("{}: {}", group.word, SenseText(*group.senses[0]));
  std::string text =
      fmt::format("{} has {} meanings, and all of them count (its id in place of the word chooses one):", group.word,
                  group.senses.size());
  for (const ImageNetSynset* sense : group.senses) text += "\n  " + SenseText(*sense);
  return text;
}

float GroupScore(const ImageNetGroup& group, std::span<const float> scores) {
  if (scores.size() != kImageNetClasses && scores.size() != kImageNetClasses + 1) {
    Fail(ErrorKind::kInternal, "the score of a group needs those of ImageNet's 1000 classes, not {}", scores.size());
  }
  const std::span<const float> own = scores.last(kImageNetClasses);
  double sum = 0;
  for (size_t k = 0; k < own.size(); ++k) {
    if (group.classes[k]) sum += static_cast<double>(own[k]);
  }
  return static_cast<float>(std::min(sum, 1.0));  // a softmax sums to 1 but for rounding
}

}  // namespace siskin
