// The files behind ComputeFeatures: one split's features with what they were computed from. A cache that does not fit,
// or is damaged in any way, is as good as none: it is computed again, never an error.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace siskin {

// Features of the first `done` photos of a split, in the dataset's order, without those that could not be read.
struct SplitFeatures {
  size_t done = 0;
  std::vector<float> rows;  // [readable photos, channels]
  // Index among the split's photos and the reason.
  std::vector<std::pair<size_t, std::string>> skipped, damaged;
};

class FeatureCache {
 public:
  // key: digest of everything but the photos (weights, preprocessing).
  FeatureCache(std::filesystem::path folder, std::string key, size_t channels);

  // Empty (done == 0) if there is nothing usable for exactly these photos.
  SplitFeatures Read(Split split, std::span<const Photo* const> photos) const;
  void Write(Split split, std::span<const Photo* const> photos, std::span<const std::string> class_names,
             const SplitFeatures& features, FileOps& ops) const;

 private:
  std::filesystem::path PathOf(Split split, const char* ending) const;

  std::filesystem::path folder_;
  std::string key_;
  size_t channels_;
};

}  // namespace siskin
