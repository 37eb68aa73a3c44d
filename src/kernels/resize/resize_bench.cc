#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/resize/resize.h"

namespace siskin {
namespace {

void BM_Resize(benchmark::State& state) {
  const int src_w = static_cast<int>(state.range(1)), src_h = static_cast<int>(state.range(2));
  const int size = static_cast<int>(state.range(3));
  std::vector<uint8_t> src(static_cast<size_t>(src_w) * src_h * 3), dst(static_cast<size_t>(size) * size * 3);
  for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<uint8_t>(i * 37 + i / 911);
  for (auto _ : state) {
    Resize({src.data(), src_w, src_h, static_cast<size_t>(src_w) * 3}, 3, static_cast<Interpolation>(state.range(0)),
           {dst.data(), size, size, static_cast<size_t>(size) * 3});
    benchmark::DoNotOptimize(dst.data());
  }
}
// A thumbnail and the photos of the cats-and-dogs set to Xception's sizes; a camera's photo at a quarter of its size.
BENCHMARK(BM_Resize)
    ->ArgNames({"filter", "w", "h", "to"})
    ->ArgsProduct({{0, 1, 2}, {200}, {200}, {299}})
    ->ArgsProduct({{0, 1, 2}, {500}, {375}, {150, 299}})
    ->ArgsProduct({{1}, {375}, {500}, {299}})
    ->ArgsProduct({{1}, {1500}, {1000}, {299}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace siskin
