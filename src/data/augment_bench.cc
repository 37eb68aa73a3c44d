// What augmentation costs beside decoding: one photo of 500 x 375, squashed to the article's 150 x 150.
#include <benchmark/benchmark.h>

#include <vector>

#include "data/augment.h"

namespace siskin {
namespace {

Image Photo() {
  Image image{500, 375, {}};
  Random random(1, RandomPurpose::kTest);
  for (int i = 0; i < 500 * 375 * 3; ++i) image.rgb.push_back(static_cast<uint8_t>(random.Next()));
  return image;
}

void Run(benchmark::State& state, const char* augmentation) {
  const Image photo = Photo();
  const Preprocessing p{.height = 150, .width = 150};
  const Augmentation a = FindAugmentation(augmentation);
  std::vector<float> out(150 * 150 * 3);
  uint32_t number = 0;
  for (auto _ : state) {
    PreprocessAugmented(photo, p, DrawAugmentation(a, p.height, p.width, 1, 1, number++), out);
    benchmark::DoNotOptimize(out.data());
  }
}

BENCHMARK_CAPTURE(Run, none, "none")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Run, article, "article")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Run, light, "light")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Run, standard, "standard")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Run, strong, "strong")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace siskin
