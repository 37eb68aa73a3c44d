// Microseconds per photo from bytes to the network's floats, and what decoding large photos at reduced size saves.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "images/decode.h"
#include "images/encode.h"
#include "images/preprocess.h"

namespace siskin {
namespace {

// About as many bits per pixel as a camera's photo: soft shapes with some grain.
std::string CameraLikeJpeg(int width, int height) {
  Image image{width, height, {}};
  image.rgb.reserve(static_cast<size_t>(width) * height * 3);
  uint32_t state = 1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
        const float grain = static_cast<float>(state >> 28);
        image.rgb.push_back(static_cast<uint8_t>(120 + 60 * std::sin(x * 0.05f + c) * std::cos(y * 0.04f) + 2 * grain));
      }
    }
  }
  return EncodeJpeg(image, 90);
}

// Arguments: width and height of the photo, side of the network's input, 1 to allow decoding at reduced size.
void DecodeAndPreprocess(benchmark::State& state) {
  const std::string jpeg = CameraLikeJpeg(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const int side = static_cast<int>(state.range(2));
  const Preprocessing preprocessing{.height = side, .width = side};
  const DecodeOptions options = state.range(3) != 0 ? DecodeOptionsFor(preprocessing) : DecodeOptions();
  std::vector<float> out(static_cast<size_t>(side) * side * 3);
  for (auto _ : state) {
    Preprocess(DecodeImage(jpeg, options).image, preprocessing, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["file_KB"] = static_cast<double>(jpeg.size()) / 1024;
}
BENCHMARK(DecodeAndPreprocess)
    ->ArgNames({"width", "height", "input", "scaled"})
    ->Args({200, 200, 150, 1})
    ->Args({200, 200, 299, 1})
    ->Args({1600, 1200, 299, 0})
    ->Args({1600, 1200, 299, 1})
    ->Args({6000, 4000, 299, 0})
    ->Args({6000, 4000, 299, 1})
    ->Unit(benchmark::kMicrosecond);

void Probe(benchmark::State& state) {
  const std::string jpeg = CameraLikeJpeg(200, 200);
  for (auto _ : state) benchmark::DoNotOptimize(ProbeImage(jpeg).original_width);
}
BENCHMARK(Probe);

}  // namespace
}  // namespace siskin
