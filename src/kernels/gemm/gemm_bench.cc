// The bare matrix product against the processor's peak. Arguments: M, K, N, threads.
#include "kernels/gemm/gemm.h"
#include "kernels/peak_bench.h"

namespace siskin {
namespace {

void BM_MatMul(benchmark::State& state) {
  const int m = static_cast<int>(state.range(0)), k = static_cast<int>(state.range(1)),
            n = static_cast<int>(state.range(2));
  ThreadPool threads(static_cast<int>(state.range(3)));
  const Tensor x(Shape{m, k}), b(Shape{k, n}), bias(Shape{n});
  Tensor y(Shape{m, n});
  const PackedMatrix packed(b.data(), k, n);
  MeasureAgainstPeak(state, threads, static_cast<double>(m) * k * n, [&] {
    MatMul(DenseView(x.data(), 1, 1, m, k), packed, {.bias = bias.data()}, DenseView(y.data(), 1, 1, m, n), threads);
  });
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int threads : {1, 2}) {
    for (const auto& [m, k, n] : {std::array{3200, 736, 736},
                                  {3200, 256, 256},
                                  {12800, 64, 128},
                                  {784, 1024, 1024},
                                  {32, 2048, 1000},
                                  {1, 2048, 1000}}) {
      benchmark->Args({m, k, n, threads});
    }
  }
}
BENCHMARK(BM_MatMul)->Apply(Sizes)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.1);

}  // namespace
}  // namespace siskin
