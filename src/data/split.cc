// Which photo is for training, validation and test.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "data/dataset.h"

namespace siskin {
namespace {

// FNV-1a, 64 bits (Fowler, Noll, Vo): turns a path into the counters of the random numbers.
uint64_t HashPath(std::string_view path) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : path) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

// A random place for each photo that depends on nothing but seed and path: a photo that is added later moves no other
// by more than one place.
uint64_t Place(const Photo& photo, uint64_t seed) {
  const uint64_t hash = HashPath(photo.path);
  Random random(seed, RandomPurpose::kSplit, static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32));
  const uint64_t high = random.Next();
  return high << 32 | random.Next();
}

size_t Count(size_t photos, double fraction) {
  if (fraction == 0) return 0;
  return std::max<size_t>(static_cast<size_t>(std::lround(static_cast<double>(photos) * fraction)), 1);
}

void CheckFraction(const char* name, double fraction) {
  if (!(fraction >= 0 && fraction < 1)) {
    Fail(ErrorKind::kUsage, "the {} part is {}, expected a fraction from 0 to less than 1 (0.15 is 15 %)", name,
         fraction);
  }
}

// The training photos of each class.
std::vector<std::vector<Photo*>> TrainingPhotos(Dataset* dataset) {
  std::vector<std::vector<Photo*>> by_class(dataset->class_names.size());
  for (Photo& photo : dataset->photos) {
    if (photo.split == Split::kTrain) by_class[static_cast<size_t>(photo.label)].push_back(&photo);
  }
  return by_class;
}

// In random order, but always the same.
std::vector<Photo*> Shuffled(const std::vector<Photo*>& photos, uint64_t seed) {
  std::vector<std::tuple<uint64_t, Photo*>> places;
  for (Photo* photo : photos) places.emplace_back(Place(*photo, seed), photo);
  std::ranges::sort(places, [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)->path) < std::tie(std::get<0>(b), std::get<1>(b)->path);
  });
  std::vector<Photo*> order;
  for (const auto& [place, photo] : places) order.push_back(photo);
  return order;
}

// So many of the photos of one class to validation and to test.
void Draw(const std::vector<Photo*>& photos, size_t validation, size_t test, uint64_t seed) {
  const std::vector<Photo*> order = Shuffled(photos, seed);
  for (size_t i = 0; i < validation; ++i) order[i]->split = Split::kValidation;
  for (size_t i = validation; i < validation + test; ++i) order[i]->split = Split::kTest;
}

size_t Sum(std::span<const size_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), size_t{0});
}

// How many photos of each split to keep when only `most` may stay; `present`: how many there are.
std::array<size_t, 3> ShareAmongSplits(const std::array<size_t, 3>& present, size_t most) {
  // Training gets two parts, the test as many, since its photos make the interval of the accuracy narrow.
  constexpr std::array<size_t, 3> kParts = {2, 1, 2};
  size_t parts = 0;
  for (size_t split = 0; split < 3; ++split) parts += present[split] > 0 ? kParts[split] : 0;
  std::array<size_t, 3> kept{};
  for (size_t split = 0; split < 3; ++split) kept[split] = std::min(present[split], most * kParts[split] / parts);
  // What one split lacks goes to the others, first to training.
  for (const Split split : {Split::kTrain, Split::kTest, Split::kValidation}) {
    size_t& count = kept[static_cast<size_t>(split)];
    count += std::min(present[static_cast<size_t>(split)] - count, most - Sum(kept));
  }
  return kept;
}

// `most` of the photos, shared among the classes in proportion to their sizes, but at least `least` for each, which
// must be possible: [classes].
std::vector<size_t> ShareAmongClasses(std::span<const size_t> present, size_t most, size_t least) {
  std::vector<size_t> smallest_first(present.size());
  std::iota(smallest_first.begin(), smallest_first.end(), size_t{0});
  std::ranges::stable_sort(smallest_first, {}, [&](size_t label) { return present[label]; });
  std::vector<size_t> kept(present.size());
  size_t photos = Sum(present), left = most;
  for (const size_t label : smallest_first) {
    kept[label] = std::clamp(left * present[label] / photos, std::min(least, present[label]), present[label]);
    left -= kept[label];
    photos -= present[label];
  }
  return kept;
}

// Splits photos of one class, all in training so far.
void SplitClass(const std::vector<Photo*>& photos, const std::string& name, double validation_fraction,
                double test_fraction, uint64_t seed) {
  const size_t parts = 1 + (validation_fraction > 0) + (test_fraction > 0);
  if (photos.empty()) {
    Fail(ErrorKind::kData, "class \"{}\" has no photos for training; a folder with train/{}/*.jpg is needed",
         Printable(name), Printable(name));
  }
  if (photos.size() < parts) {
    const char* all = parts == 3                ? "training, validation and test"
                      : validation_fraction > 0 ? "training and validation"
                                                : "training and test";
    const bool enough_without_test = test_fraction > 0 && photos.size() + 1 == parts;
    Fail(ErrorKind::kData, "class \"{}\" has {} photo{}, too few for {}: every part needs at least one; add photos{}",
         Printable(name), photos.size(), photos.size() == 1 ? "" : "s", all,
         enough_without_test ? ", or leave out the test with --test 0" : "");
  }
  // At least one photo stays in training, whatever the fractions.
  const size_t validation = std::min(Count(photos.size(), validation_fraction), photos.size() - (parts - 1));
  const size_t test = std::min(Count(photos.size(), test_fraction), photos.size() - validation - 1);
  Draw(photos, validation, test, seed);
}

}  // namespace

void AssignSplits(Dataset* dataset, double validation_fraction, double test_fraction, uint64_t seed) {
  CheckFraction("validation", validation_fraction);
  CheckFraction("test", test_fraction);
  if (validation_fraction + test_fraction >= 1) {
    Fail(ErrorKind::kUsage, "validation ({}) and test ({}) together leave no photos for training", validation_fraction,
         test_fraction);
  }
  // Splits that the folders gave stay as they are.
  for (const Photo& photo : dataset->photos) {
    if (photo.split == Split::kValidation) validation_fraction = 0;
    if (photo.split == Split::kTest) test_fraction = 0;
  }
  const auto by_class = TrainingPhotos(dataset);
  for (size_t label = 0; label < by_class.size(); ++label) {
    SplitClass(by_class[label], dataset->class_names[label], validation_fraction, test_fraction, seed);
  }
  dataset->has_splits = true;
}

bool DrawPhotos(Dataset* dataset, size_t most, uint64_t seed) {
  if (most == 0 || dataset->photos.size() <= most) return true;
  const size_t classes = dataset->class_names.size();
  std::array<std::vector<std::vector<Photo*>>, 3> groups;  // [split][class]
  groups.fill(std::vector<std::vector<Photo*>>(classes));
  std::array<size_t, 3> present{};
  for (Photo& photo : dataset->photos) {
    groups[static_cast<size_t>(photo.split)][static_cast<size_t>(photo.label)].push_back(&photo);
    ++present[static_cast<size_t>(photo.split)];
  }
  // AssignSplits may have to make the splits that are missing out of the training photos.
  const auto missing = static_cast<size_t>(std::ranges::count(present, size_t{0}));
  const std::array<size_t, 3> kept = ShareAmongSplits(present, most);
  const auto least = [&](size_t split) { return split == 0 ? 1 + missing : size_t{1}; };
  for (size_t split = 0; split < groups.size(); ++split) {
    if (present[split] > 0 && kept[split] < least(split) * classes) return false;
  }
  std::vector<Photo> drawn;
  for (size_t split = 0; split < groups.size(); ++split) {
    if (present[split] == 0) continue;
    std::vector<size_t> sizes;
    for (const auto& photos : groups[split]) sizes.push_back(photos.size());
    const std::vector<size_t> counts = ShareAmongClasses(sizes, kept[split], least(split));
    for (size_t label = 0; label < classes; ++label) {
      const std::vector<Photo*> order = Shuffled(groups[split][label], seed);
      for (size_t i = 0; i < counts[label]; ++i) drawn.push_back(std::move(*order[i]));
    }
  }
  std::ranges::sort(drawn, {}, &Photo::path);
  dataset->photos = std::move(drawn);
  return true;
}

bool RepeatSplits(Dataset* dataset, std::span<const int> validation, std::span<const int> test, uint64_t seed) {
  const bool has_validation = !dataset->InSplit(Split::kValidation).empty();
  const bool has_test = !dataset->InSplit(Split::kTest).empty();
  const auto by_class = TrainingPhotos(dataset);
  if (validation.size() != by_class.size() || test.size() != by_class.size()) return false;
  // Splits that the folders gave stay as they are.
  const auto draws = [](std::span<const int> counts, size_t label, bool given) {
    return given ? 0 : static_cast<size_t>(std::max(counts[label], 0));
  };
  for (size_t label = 0; label < by_class.size(); ++label) {
    const size_t drawn = draws(validation, label, has_validation) + draws(test, label, has_test);
    if (drawn > by_class[label].size()) return false;
  }
  for (size_t label = 0; label < by_class.size(); ++label) {
    Draw(by_class[label], draws(validation, label, has_validation), draws(test, label, has_test), seed);
  }
  dataset->has_splits = true;
  return true;
}

}  // namespace siskin
