#include <benchmark/benchmark.h>

#include "kernels/pool/pool.h"
#include "tensor/tensor.h"

namespace siskin {
namespace {

// size, channels of a batch of 8; reports the bytes of input and output as if each moved once.
void SetBytes(benchmark::State& state, ConstView x, ConstView y) {
  const size_t floats = x.num_pixels() * x.stride + y.num_pixels() * y.stride;
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * floats * sizeof(float)));
}

struct Input {
  explicit Input(const benchmark::State& state)
      : size(static_cast<int>(state.range(0))),
        channels(static_cast<int>(state.range(1))),
        stride(PixelStride<float>(channels)),
        data(Shape{8, size, size, stride}),
        view{data.data(), 8, size, size, channels, stride, true} {}
  int size, channels, stride;
  Tensor data;
  View view;
};

void BM_MaxPool3x3Stride2(benchmark::State& state) {
  const Input x(state);
  const WindowParams params = SameWindow(x.size, x.size, 3, 2);
  const int out = params.OutputHeight(x.size);
  Tensor data({8, out, out, x.stride});
  const View y = {data.data(), 8, out, out, x.channels, x.stride, true};
  ThreadPool threads(static_cast<int>(state.range(2)));
  for (auto _ : state) MaxPool(params, x.view, y, threads);
  SetBytes(state, x.view, y);
}
// Xception's four at 299x299.
BENCHMARK(BM_MaxPool3x3Stride2)
    ->ArgNames({"size", "channels", "threads"})
    ->Args({147, 128, 1})
    ->Args({74, 256, 1})
    ->Args({37, 728, 1})
    ->Args({19, 1024, 1})
    ->Args({147, 128, 2})
    ->Args({37, 728, 2})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

void BM_GlobalAveragePool(benchmark::State& state) {
  const Input x(state);
  Tensor data({8, 1, 1, x.stride});
  const View y = {data.data(), 8, 1, 1, x.channels, x.stride, true};
  ThreadPool threads(1);
  for (auto _ : state) GlobalAveragePool(x.view, y, threads);
  SetBytes(state, x.view, y);
}
BENCHMARK(BM_GlobalAveragePool)->Args({5, 2048})->Args({10, 2048})->Args({7, 1024})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace siskin
