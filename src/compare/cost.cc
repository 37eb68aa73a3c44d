#include "compare/cost.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/median.h"
#include "model/predictor.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

// Seconds of every run over the next `count` files in turn; runs in which none could be read do not count. The first
// run only warms up: it fills caches, of the disk too.
std::vector<double> TimeRuns(Predictor& predictor, std::span<const fs::path> files, size_t count, size_t runs) {
  std::vector<double> seconds;
  for (size_t run = 0; run <= runs; ++run) {
    std::vector<fs::path> batch;
    for (size_t i = 0; i < count; ++i) batch.push_back(files[(run * count + i) % files.size()]);
    const auto start = std::chrono::steady_clock::now();
    const std::vector<Predictor::Answer> answers = predictor.PredictFiles(batch);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    const bool read = std::ranges::any_of(answers, [](const auto& answer) { return answer.status.error.empty(); });
    if (run > 0 && read) seconds.push_back(taken.count());
  }
  return seconds;
}

}  // namespace

InferenceCost MeasureCost(const ClassifierModel& model, std::span<const fs::path> files, ThreadPool& threads) {
  // The medians are of this many: two seconds of Xception at 299 px on two cores either way.
  constexpr size_t kSingles = 21, kBatches = 5;
  if (files.empty()) Fail(ErrorKind::kInternal, "no photos to measure a model's time on");
  InferenceCost cost;
  {
    Predictor predictor(model, 1, threads);
    const std::vector<double> seconds = TimeRuns(predictor, files, 1, kSingles);
    if (seconds.empty()) Fail(ErrorKind::kData, "none of {} photos can be read", files.size());
    cost.ms_per_photo = 1000 * Median(seconds);
    cost.memory_bytes = predictor.memory_bytes();
  }
  Predictor predictor(model, kMeasuredBatch, threads);
  cost.photos_per_second = kMeasuredBatch / Median(TimeRuns(predictor, files, kMeasuredBatch, kBatches));
  return cost;
}

}  // namespace siskin
