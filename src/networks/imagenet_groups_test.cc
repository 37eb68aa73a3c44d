#include "networks/imagenet_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "networks/imagenet_labels.h"

namespace siskin {
namespace {

size_t ClassNumber(const std::string& name) {
  const auto labels = ImageNetLabels();
  const auto found = std::ranges::find_if(labels, [&](const ImageNetLabel& label) { return label.name == name; });
  EXPECT_NE(found, labels.end()) << name;
  return static_cast<size_t>(found - labels.begin());
}

std::string MessageFor(const std::string& word) {
  try {
    FindImageNetGroup(word);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  ADD_FAILURE() << word << " was found";
  return "";
}

std::vector<std::string> SensesOf(const std::string& word) {
  std::vector<std::string> ids;
  for (const ImageNetSynset* sense : FindImageNetGroup(word).senses) ids.emplace_back(sense->wordnet_id);
  return ids;
}

// The list of classes has birds in 7 to 24, 80 to 100 and 127 to 146, dogs in 151 to 268, animals in 0 to 397.
TEST(ImageNetGroups, HaveTheClassesBelowTheirWord) {
  EXPECT_EQ(FindImageNetGroup("bird").classes.count(), 59u);
  EXPECT_EQ(FindImageNetGroup("dog").classes.count(), 118u);
  EXPECT_EQ(FindImageNetGroup("animal").classes.count(), 398u);
  EXPECT_EQ(FindImageNetGroup("entity").classes.count(), kImageNetClasses);

  const auto bird = FindImageNetGroup("bird").classes, dog = FindImageNetGroup("dog").classes;
  for (const char* name : {"cock", "ostrich", "magpie", "flamingo", "king penguin", "albatross"}) {
    EXPECT_TRUE(bird[ClassNumber(name)]) << name;
  }
  for (const char* name : {"goldfish", "bee", "airliner", "golden retriever"}) {
    EXPECT_FALSE(bird[ClassNumber(name)]) << name;
  }
  EXPECT_TRUE(dog[ClassNumber("golden retriever")]);
  EXPECT_FALSE(dog[ClassNumber("red fox")]);
  EXPECT_TRUE(FindImageNetGroup("fruit").classes[ClassNumber("banana")]);
  EXPECT_TRUE(FindImageNetGroup("vehicle").classes[ClassNumber("ambulance")]);
}

TEST(ImageNetGroups, EveryClassIsAGroupOfItsOwnById) {
  const auto labels = ImageNetLabels();
  for (size_t k = 0; k < labels.size(); ++k) {
    const ImageNetGroup group = FindImageNetGroup(labels[k].wordnet_id);
    EXPECT_TRUE(group.classes[k] && group.classes.count() == 1) << labels[k].name;
  }
}

TEST(ImageNetGroups, TheTableIsSoundAndInOrder) {
  std::set<std::string> ids;
  for (const ImageNetSynset& synset : ImageNetSynsets()) {
    EXPECT_TRUE(ids.empty() || *ids.rbegin() < synset.wordnet_id) << synset.wordnet_id;
    ids.insert(synset.wordnet_id);
    EXPECT_EQ(std::string(synset.wordnet_id).size(), 9u);
    EXPECT_NE(synset.lemmas[0], '\0');
    ASSERT_FALSE(synset.classes.empty()) << synset.wordnet_id;
    int last = -2;
    for (const ImageNetRange& range : synset.classes) {
      EXPECT_LT(last + 1, range.first) << synset.wordnet_id << ": ranges that touch";
      EXPECT_LE(range.first, range.last);
      EXPECT_LT(range.last, kImageNetClasses);
      last = range.last;
    }
  }
}

TEST(ImageNetGroups, WordsMayBeWrittenInManyWays) {
  const auto birds = FindImageNetGroup("bird").classes;
  for (const char* word : {"Bird", "birds", "n01503061", "BIRDS"}) {
    EXPECT_EQ(FindImageNetGroup(word).classes, birds) << word;
  }
  const auto retrievers = FindImageNetGroup("golden retriever").classes;
  EXPECT_EQ(retrievers.count(), 1u);
  EXPECT_EQ(FindImageNetGroup("golden_retriever").classes, retrievers);
  EXPECT_EQ(FindImageNetGroup("Golden-Retrievers").classes, retrievers);
  EXPECT_EQ(FindImageNetGroup("foxes").classes, FindImageNetGroup("fox").classes);
  EXPECT_EQ(FindImageNetGroup("butterflies").classes, FindImageNetGroup("butterfly").classes);
  EXPECT_EQ(FindImageNetGroup("birds").word, "birds") << "the word stays as it was asked for";
}

TEST(ImageNetGroups, AllMeaningsOfAnAmbiguousWordCount) {
  EXPECT_EQ(SensesOf("crane"), (std::vector<std::string>{"n02012849", "n03126707"}));
  const auto cranes = FindImageNetGroup("crane").classes;
  EXPECT_EQ(cranes.count(), 2u);
  EXPECT_TRUE(cranes[ClassNumber("crane (bird)")] && cranes[ClassNumber("crane (machine)")]);
  EXPECT_EQ(FindImageNetGroup("n03126707").classes.count(), 1u);
  EXPECT_EQ(SensesOf("cat"), (std::vector<std::string>{"n02121620", "n02127808"})) << "cats, and big cats";
  // WordNet's bird that is food, or a girl, has no classes.
  EXPECT_EQ(SensesOf("bird").size(), 1u);
  for (const ImageNetSynset& synset : ImageNetSynsets()) {
    const ImageNetGroup group = FindImageNetGroup(synset.wordnet_id);
    EXPECT_EQ(group.senses, std::vector<const ImageNetSynset*>{&synset});
  }
}

TEST(ImageNetGroups, AMeaningWithinAnotherOneIsNotNamed) {
  for (const ImageNetSynset& synset : ImageNetSynsets()) {
    const std::string lemmas = synset.lemmas;
    const ImageNetGroup group = FindImageNetGroup(lemmas.substr(0, lemmas.find(", ")));
    for (const ImageNetSynset* a : group.senses) {
      for (const ImageNetSynset* b : group.senses) {
        if (a == b) continue;
        const auto outside = FindImageNetGroup(a->wordnet_id).classes & ~FindImageNetGroup(b->wordnet_id).classes;
        EXPECT_TRUE(outside.any()) << group.word << ": " << a->wordnet_id << " is within " << b->wordnet_id;
      }
    }
  }
}

TEST(ImageNetGroups, AnUnknownWordNamesTheNearest) {
  EXPECT_NE(MessageFor("brid").find("did you mean bird?"), std::string::npos) << MessageFor("brid");
  EXPECT_NE(MessageFor("vehicel").find("did you mean vehicle?"), std::string::npos);
  EXPECT_NE(MessageFor("xqzwvkjpfh").find("are such words"), std::string::npos);
  MessageFor("");
  MessageFor("n00000001");
  MessageFor("s");   // all that an ending leaves of a plural
  MessageFor(", ");  // the separator of lemmas
  EXPECT_NE(MessageFor("a\x1b[31m").find("\\x1b"), std::string::npos) << "what is shown is printable";
  EXPECT_TRUE(LookUpImageNetGroup("other").senses.empty());
  EXPECT_TRUE(LookUpImageNetGroup("other").classes.none());
}

TEST(ImageNetGroups, TheTextSaysWhatWasTakenForAWord) {
  EXPECT_EQ(GroupText(FindImageNetGroup("birds")),
            "birds: n01503061 (bird), 59 classes of ImageNet's: cock, hen, ostrich, ...");
  const std::string crane = GroupText(FindImageNetGroup("crane"));
  EXPECT_NE(crane.find("2 meanings"), std::string::npos) << crane;
  EXPECT_NE(crane.find("\n  n02012849 (crane), one class of ImageNet's: crane (bird)"), std::string::npos) << crane;
  EXPECT_NE(crane.find("\n  n03126707 (crane), one class of ImageNet's: crane (machine)"), std::string::npos) << crane;
}

TEST(ImageNetGroups, ScoresAreSummedWithAndWithoutBackground) {
  std::vector<float> scores(1000, 0.0f);
  scores[ClassNumber("cock")] = 0.25f;
  scores[ClassNumber("albatross")] = 0.5f;
  scores[ClassNumber("goldfish")] = 0.25f;
  const ImageNetGroup bird = FindImageNetGroup("bird");
  EXPECT_EQ(GroupScore(bird, scores), 0.75f);
  EXPECT_EQ(GroupScore(FindImageNetGroup("animal"), scores), 1.0f);
  scores.insert(scores.begin(), 0.0f);  // "background": everything moves by one
  EXPECT_EQ(GroupScore(bird, scores), 0.75f);

  // A softmax may sum to a little more than 1; a score may not.
  std::vector<float> rounded(1000, 0.0010001f);
  EXPECT_EQ(GroupScore(FindImageNetGroup("entity"), rounded), 1.0f);
  EXPECT_THROW(GroupScore(bird, std::vector<float>(10)), Error);
}

}  // namespace
}  // namespace siskin
