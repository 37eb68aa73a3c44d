#include "networks/measure.h"

#include <chrono>
#include <vector>

#include "base/median.h"
#include "base/random.h"
#include "graph/plan.h"

namespace siskin {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

size_t NumFloats(const FeatureShape& shape, int images) {
  return static_cast<size_t>(images) * static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) *
         static_cast<size_t>(shape.c);
}

double MedianSeconds(Plan& plan, double seconds) {
  const int batch = plan.max_batch();
  std::vector<float> input(NumFloats(plan.input_shape(), batch)), output(NumFloats(plan.output_shape(), batch));
  Random random(0, RandomPurpose::kTest);
  for (float& value : input) value = random.Uniform(-1, 1);
  plan.Run(input, batch, output);  // memory is touched for the first time
  std::vector<double> runs;
  const auto start = Clock::now();
  while (runs.size() < 3 || SecondsSince(start) < seconds) {
    const auto before = Clock::now();
    plan.Run(input, batch, output);
    runs.push_back(SecondsSince(before));
  }
  return Median(runs);
}

}  // namespace

InferenceCost MeasureInference(const Graph& graph, const TensorMap& weights, double seconds, ThreadPool& threads) {
  InferenceCost cost;
  {
    Plan one(graph, weights, {.max_batch = 1}, threads);
    cost.ms_per_photo = 1e3 * MedianSeconds(one, seconds);
    cost.memory_bytes = one.weights_bytes() + one.arena_bytes();
  }
  Plan several(graph, weights, {.max_batch = kMeasuredBatch}, threads);
  cost.photos_per_second = kMeasuredBatch / MedianSeconds(several, seconds);
  return cost;
}

}  // namespace siskin
