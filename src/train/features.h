// Bottleneck features: every photo through the frozen backbone once, kept as .npy files, so that training a head takes
// seconds and a second run reads them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/run_context.h"
#include "data/dataset.h"
#include "graph/plan.h"
#include "images/preprocess.h"
#include "tensor/tensor.h"

namespace siskin {

struct FeatureSet {
  Tensor features;                 // [photos, channels] fp32
  std::vector<int> labels;         // [photos]
  std::vector<std::string> paths;  // [photos], relative to the dataset's root
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
  bool from_cache = false;
};

// Runs `backbone` (output [channels]) over all photos of the dataset. Broken photos are left out and listed.
// The cache key is a digest of weights, preprocessing and file list with sizes and times: a photo that changed is
// computed anew with its split. Interrupted: kInterrupted, what is complete is kept. kData if no photo of a class is
// readable.
Features ComputeFeatures(const Dataset& dataset, Plan& backbone, const FeatureOptions& options,
                         const RunContext& context);

}  // namespace siskin
