// `siskin check`: everything wrong with a folder of photos that can be known without training.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "base/run_context.h"
#include "data/dataset.h"

namespace siskin {

struct DatasetReport {
  struct Size {
    int width = 0, height = 0;
  };
  Dataset dataset;
  std::vector<SkippedFile> broken;                   // cannot be decoded
  std::vector<SkippedFile> damaged;                  // decoded with a warning
  std::vector<std::vector<std::string>> duplicates;  // groups of paths with identical bytes
  std::vector<std::string> obstacles;                // TrainingObstacles without a split file
  std::vector<std::string>
      findings;  // sentences: "class cats has 12 photos, dogs 4,000: consider --class-weight balanced"
  Size smallest, median, largest;  // by pixels
  uint64_t total_bytes = 0;
};

DatasetReport CheckDataset(const std::filesystem::path& root, const RunContext& context);
Json ToJson(const DatasetReport& report);

}  // namespace siskin
