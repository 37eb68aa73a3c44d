// Bottleneck features: every photo through the frozen backbone once, kept as .npy files, so that training a head takes
// seconds and a second run only reads. In memory they are 4 bytes a channel and photo (16,000 photos of Xception:
// 131 MB); photos are there for one batch only.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/run_context.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "graph/plan.h"
#include "images/preprocess.h"

namespace siskin {

struct FeatureSet {
  size_t channels = 0;
  std::vector<float> features;     // [photos, channels]
  std::vector<int> labels;         // [photos]
  std::vector<std::string> paths;  // [photos], relative to the dataset's root

  size_t num_photos() const { return labels.size(); }
  std::span<const float> row(size_t photo) const { return std::span(features).subspan(photo * channels, channels); }
};

struct FeatureOptions {
  std::filesystem::path cache_folder;  // empty: no cache
  std::string weights_digest;          // of the backbone: part of the key
  Preprocessing preprocessing;
};

struct Features {
  FeatureSet train, validation, test;
  std::vector<SkippedFile> skipped;  // broken photos, with the reason
  std::vector<SkippedFile> damaged;  // decoded with a warning
  bool from_cache = false;           // nothing had to be computed
};

// Runs `backbone` (output [channels]) over all photos of the dataset. Broken photos are left out and listed.
// In the cache a split is SPLIT-KEY.npy (numpy.load opens it) with SPLIT-KEY.csv (path,class of each row) and
// SPLIT-KEY.json (what it was computed from, checksum); the key stands for weights and preprocessing. A split is
// computed anew if a photo's path, size or time changed, or if its file is damaged. Interrupted: kInterrupted, and the
// next call goes on where this one stopped (after a power cut: where it last saved). kData if no photo of a class is
// readable.
Features ComputeFeatures(const Dataset& dataset, Plan& backbone, const FeatureOptions& options,
                         const RunContext& context, FileOps& ops = FileOps::System());

// The same for a list of files without classes or cache: rows of `features` [files, channels] for all that could be
// read (zeros for the others), one status each. Advances context.progress; returns early, with fewer statuses, if
// stopped.
std::vector<LoadStatus> RunBackbone(std::span<const std::filesystem::path> files, const Preprocessing& preprocessing,
                                    Plan& backbone, const RunContext& context, std::span<float> features);

}  // namespace siskin
