#include "train/feature_cache.h"

#include "base/csv.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/npy.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// What a row depends on: another path, class, size or time of a photo is another list.
std::string DigestOf(std::span<const Photo* const> photos) {
  Sha256 hash;
  for (const Photo* photo : photos) {
    hash.Update(fmt::format("{}:{}:{}:{}:{};", photo->path.size(), photo->path, photo->label, photo->bytes,
                            photo->modified_ns));
  }
  return hash.HexDigest();
}

Json ListToJson(const std::vector<std::pair<size_t, std::string>>& list) {
  Json json = Json::array();
  for (const auto& [index, reason] : list) json.push_back({index, reason});
  return json;
}

// False if the member is not a list of [index, reason] with increasing indices below `end`.
bool ListFromJson(const Json& object, const char* key, size_t end, std::vector<std::pair<size_t, std::string>>* list) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return false;
  for (const Json& entry : *found) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_number_unsigned() || !entry[1].is_string()) return false;
    const size_t index = entry[0].get<size_t>();
    if (index >= end || (!list->empty() && index <= list->back().first)) return false;
    list->emplace_back(index, entry[1].get<std::string>());
  }
  return true;
}

bool Is(const Json& json, const char* key, const std::string& value) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() && found->get_ref<const std::string&>() == value;
}

// The .json file of a split; null if there is none or it is damaged.
Json ReadState(const fs::path& path) {
  constexpr size_t kMaxBytes = size_t{256} << 20;  // a million skipped photos with their reasons
  std::string text, reason;
  if (!TryReadFile(path, kMaxBytes, &text, &reason)) return {};
  return TryParseJson(text, &reason).value_or(Json());
}

std::string FilesCsv(std::span<const Photo* const> photos, std::span<const std::string> class_names,
                     const SplitFeatures& features) {
  std::string csv = "path,class\n";
  auto skipped = features.skipped.begin();
  for (size_t i = 0; i < features.done; ++i) {
    if (skipped != features.skipped.end() && skipped->first == i) {
      ++skipped;
      continue;
    }
    csv += CsvField(photos[i]->path) + ',' + CsvField(class_names[static_cast<size_t>(photos[i]->label)]) + '\n';
  }
  return csv;
}

}  // namespace

FeatureCache::FeatureCache(fs::path folder, std::string key, size_t channels)
    : folder_(std::move(folder)), key_(std::move(key)), channels_(channels) {}

fs::path FeatureCache::PathOf(Split split, const char* ending) const {
  constexpr size_t kShortKey = 12;  // tells a handful of files apart; the whole key stands in the .json
  return folder_ / fmt::format("{}-{}{}", kSplitNames[static_cast<size_t>(split)], key_.substr(0, kShortKey), ending);
}

SplitFeatures FeatureCache::Read(Split split, std::span<const Photo* const> photos) const {
  SplitFeatures features;
  const Json json = ReadState(PathOf(split, ".json"));
  const fs::path npy = PathOf(split, ".npy");
  std::error_code ignored;
  if (!json.is_object() || !Is(json, "key", key_) || !Is(json, "photos", DigestOf(photos)) ||
      !fs::is_regular_file(npy, ignored)) {
    return {};
  }
  const auto done = json.find("done");
  if (done == json.end() || !done->is_number_unsigned() || *done > photos.size()) return {};
  features.done = done->get<size_t>();
  if (!ListFromJson(json, "skipped", features.done, &features.skipped) ||
      !ListFromJson(json, "damaged", features.done, &features.damaged)) {
    return {};
  }
  const MappedFile file(npy);
  if (!Is(json, "sha256", Sha256Hex(file.text()))) return {};
  features.rows = ParseNpy(file.text(), Printable(npy.native())).values;
  if (features.rows.size() != (features.done - features.skipped.size()) * channels_) return {};
  return features;
}

void FeatureCache::Write(Split split, std::span<const Photo* const> photos, std::span<const std::string> class_names,
                         const SplitFeatures& features, FileOps& ops) const {
  MakeFolder(folder_);
  const auto rows = static_cast<int64_t>(features.done - features.skipped.size());
  const fs::path npy = PathOf(split, ".npy");
  WriteNpy(npy, std::vector<int64_t>{rows, static_cast<int64_t>(channels_)}, features.rows, ops);
  WriteFileAtomic(PathOf(split, ".csv"), FilesCsv(photos, class_names, features), ops);
  const Json json = {{"key", key_},
                     {"photos", DigestOf(photos)},
                     {"done", features.done},
                     {"of", photos.size()},
                     {"sha256", Sha256OfFile(npy)},
                     {"skipped", ListToJson(features.skipped)},
                     {"damaged", ListToJson(features.damaged)}};
  // Last: until it is there, the new rows belong to no list of photos and will not be believed.
  WriteFileAtomic(PathOf(split, ".json"), ToText(json, 1) + '\n', ops);
}

}  // namespace siskin
