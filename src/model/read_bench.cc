// Milliseconds to read a model file, and to take the digest of its weights: why reading does not check it.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "model/classifier_model.h"

namespace siskin {
namespace {

// Xception with the default head, 86 MB; zeros take as long as other numbers.
ClassifierModel LargeModel() {
  ClassifierModel model;
  model.card.network = WithDefaults({.network = "xception"});
  model.card.weights_name = "none";
  model.card.preprocessing = DefaultPreprocessing(model.card.network);
  model.card.class_names = {"a", "b"};
  for (const LayerLayout& layer : BuildModelGraph(model.card).Layout()) {
    for (const ParameterSpec& parameter : layer.parameters) {
      model.weights.emplace(parameter.name, Tensor(parameter.shape));
    }
  }
  return model;
}

void Read(benchmark::State& state) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("siskin-read-bench-" + std::to_string(::getpid()));
  SaveModel(file, LargeModel());
  for (auto _ : state) benchmark::DoNotOptimize(ReadModel(file).weights.size());
  std::filesystem::remove(file);
}
BENCHMARK(Read)->Unit(benchmark::kMillisecond);

void Digest(benchmark::State& state) {
  const ClassifierModel model = LargeModel();
  for (auto _ : state) benchmark::DoNotOptimize(WeightsDigest(model).size());
}
BENCHMARK(Digest)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace siskin
