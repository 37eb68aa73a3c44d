#include "train/identity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <map>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"

namespace siskin {
namespace {

// Of each class by name: photos for training, validation, test.
using ClassCounts = std::map<std::string, std::array<int64_t, kSplitNames.size()>>;

// Which photos, not what is in them: class names, paths, labels, splits.
std::string ListDigest(const Dataset& dataset) {
  Sha256 hash;
  const auto add = [&](const std::string& text) { hash.Update(fmt::format("{}:{},", text.size(), text)); };
  for (const std::string& name : dataset.class_names) add(name);
  for (const Photo& photo : dataset.photos) {
    add(photo.path);
    hash.Update(fmt::format("{} {}\n", photo.label, static_cast<int>(photo.split)));
  }
  return hash.HexDigest();
}

// Lists, because an object of many thousand members is not one that ParseJson takes.
Json CountsToJson(const Dataset& dataset) {
  Json classes = Json::array();
  for (const std::string& name : dataset.class_names) classes.push_back(Json::array({ToValidUtf8(name)}));
  for (size_t split = 0; split < kSplitNames.size(); ++split) {
    const std::vector<int> counts = dataset.CountByClass(static_cast<Split>(split));
    for (size_t k = 0; k < counts.size(); ++k) classes[k].push_back(counts[k]);
  }
  return classes;
}

// Entries that CountsToJson would not write are left out.
ClassCounts CountsFromJson(const Json& classes) {
  ClassCounts counts;
  for (const Json& entry : classes) {
    if (!entry.is_array() || entry.size() != 1 + kSplitNames.size() || !entry[0].is_string()) continue;
    auto& of_class = counts[entry[0].get<std::string>()];
    for (size_t split = 0; split < of_class.size(); ++split) {
      of_class[split] = entry[1 + split].is_number_integer() ? entry[1 + split].get<int64_t>() : 0;
    }
  }
  return counts;
}

const Json& MemberOrNull(const Json& object, const std::string& key) {
  static const Json kNull;
  const auto found = object.find(key);  // end() of anything but an object
  return found == object.end() ? kNull : *found;
}

std::string Quoted(const std::string& class_name) {
  return '"' + Printable(class_name) + '"';
}

std::string NumPhotos(int64_t photos) {
  return fmt::format("{} photo{}", photos, photos == 1 ? "" : "s");
}

// A sentence with more clauses than this is not read to its end.
constexpr size_t kMostClauses = 5;

void Shorten(std::vector<std::string>* clauses) {
  if (clauses->size() <= kMostClauses) return;
  const size_t left_out = clauses->size() - kMostClauses;
  clauses->resize(kMostClauses);
  clauses->push_back(fmt::format("and {} more", left_out));
}

std::vector<std::string> ClassDifferences(const ClassCounts& saved, const ClassCounts& now) {
  const auto total = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), int64_t{0}); };
  std::vector<std::string> clauses;
  for (const auto& [name, counts] : now) {
    const auto before = saved.find(name);
    if (before == saved.end()) {
      clauses.push_back(fmt::format("class {} was added ({})", Quoted(name), NumPhotos(total(counts))));
    } else if (total(before->second) != total(counts)) {
      clauses.push_back(
          fmt::format("class {} had {}, now {}", Quoted(name), NumPhotos(total(before->second)), total(counts)));
    }
  }
  for (const auto& [name, counts] : saved) {
    if (!now.contains(name)) clauses.push_back(fmt::format("class {} was removed", Quoted(name)));
  }
  return clauses;
}

std::vector<std::string> SplitDifferences(const ClassCounts& saved, const ClassCounts& now) {
  const auto total = [](const ClassCounts& counts, size_t split) {
    int64_t sum = 0;
    for (const auto& [name, of_class] : counts) sum += of_class[split];
    return sum;
  };
  std::vector<std::string> clauses;
  for (size_t split = 0; split < kSplitNames.size(); ++split) {
    const int64_t before = total(saved, split), after = total(now, split);
    if (before != after)
      clauses.push_back(fmt::format("{} had {}, now {}", kSplitNames[split], NumPhotos(before), after));
  }
  return clauses;
}

std::string PhotoDifferences(const Json& saved, const Json& now) {
  const ClassCounts before = CountsFromJson(MemberOrNull(saved, "classes"));
  const ClassCounts after = CountsFromJson(MemberOrNull(now, "classes"));
  std::vector<std::string> clauses = ClassDifferences(before, after);
  if (clauses.empty()) clauses = SplitDifferences(before, after);
  if (clauses.empty() && MemberOrNull(saved, "list") == MemberOrNull(now, "list")) {
    clauses = {"none was added or removed, but the file of at least one has another size"};
  }
  if (clauses.empty()) {
    clauses = {
        "as many of every class as before, but not the same ones (some were renamed, replaced or moved to another "
        "split)"};
  }
  Shorten(&clauses);
  return fmt::format("the photos changed: {}", fmt::join(clauses, ", "));
}

std::string ValueText(const Json& value) {
  return value.is_string() ? Printable(value.get<std::string>()) : ToText(value);
}

std::string OptionDifference(std::string_view option, const Json& saved, const Json& now) {
  return fmt::format("--{} was {}, now {}", option, ValueText(saved), ValueText(now));
}

std::vector<std::string> RecipeDifferences(const Json& saved, const Json& now) {
  std::vector<std::string> clauses;
  for (const auto& [key, value] : now.items()) {
    const Json& before = MemberOrNull(saved, key);
    if (before != value) clauses.push_back(OptionDifference(key == "name" ? "recipe" : key, before, value));
  }
  Shorten(&clauses);
  return clauses;
}

}  // namespace

Json IdentityOf(const Recipe& recipe, uint64_t seed, std::string_view weights_digest, const Dataset& dataset) {
  const Json photos = {
      {"sha256", Fingerprint(dataset)}, {"list", ListDigest(dataset)}, {"classes", CountsToJson(dataset)}};
  return {{"recipe", ToJson(recipe)}, {"seed", seed}, {"photos", photos}, {"weights", weights_digest}};
}

std::vector<std::string> Differences(const Json& saved, const Json& now) {
  std::vector<std::string> clauses;
  for (const auto& [key, value] : now.items()) {
    const Json& before = MemberOrNull(saved, key);
    if (before == value) continue;
    if (key == "recipe") {
      for (std::string& clause : RecipeDifferences(before, value)) clauses.push_back(std::move(clause));
    } else if (key == "photos") {
      clauses.push_back(PhotoDifferences(before, value));
    } else if (key == "weights") {
      clauses.push_back("the weights of the network are different ones");
    } else {
      clauses.push_back(OptionDifference(key, before, value));
    }
  }
  return clauses;
}

}  // namespace siskin
