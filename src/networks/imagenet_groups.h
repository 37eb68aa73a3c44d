// Words that stand for several of ImageNet's classes: "bird" for 59 of them. The words are those of WordNet's hierarchy
// above the classes (Miller 1995, "WordNet: a lexical database for English"; Deng et al. 2009, "ImageNet: a large-scale
// hierarchical image database", whose classes are WordNet's synsets), and the classes' own.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace siskin {

inline constexpr size_t kImageNetClasses = 1000;

struct ImageNetRange {
  uint16_t first, last;  // class numbers, 0 to 999, both included
};

// A meaning that at least one class has, or is a kind of.
struct ImageNetSynset {
  const char* wordnet_id;                  // "n02084071"
  const char* lemmas;                      // "dog, domestic dog, Canis familiaris"
  std::span<const ImageNetRange> classes;  // in rising order
};

// The whole hierarchy, by id.
std::span<const ImageNetSynset> ImageNetSynsets();

struct ImageNetGroup {
  std::string word;  // as asked for
  // What the word means. Of meanings of which one includes the other the wider one alone; several: the word is
  // ambiguous, as "crane" is, and all of them count.
  std::vector<const ImageNetSynset*> senses;
  std::bitset<kImageNetClasses> classes;  // of all senses
};

// The classes that `word` stands for: a word of the hierarchy (any case, '_' or '-' for blanks, singular or regular
// plural) or a WordNet id. kUsage, naming the nearest word, if it is neither.
ImageNetGroup FindImageNetGroup(std::string_view word);

// The same; without any senses if there are none. "other" is no word for a kind of thing.
ImageNetGroup LookUpImageNetGroup(std::string_view word);

// What was taken for the word: "bird: n01503061 (bird), 59 of ImageNet's classes: cock, hen, ostrich, ...", and of an
// ambiguous one every meaning.
std::string GroupText(const ImageNetGroup& group);

// scores: [1000], or [1001] with "background" first, that sum to 1. Returns the group's sum, 0 to 1.
float GroupScore(const ImageNetGroup& group, std::span<const float> scores);

}  // namespace siskin
