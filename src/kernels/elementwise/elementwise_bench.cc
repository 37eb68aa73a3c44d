#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/batchnorm/batchnorm.h"
#include "kernels/elementwise/elementwise.h"
#include "tensor/tensor.h"

namespace siskin {
namespace {

// 37x37x728, one image: 4 MB an operand, in the second-level cache or a little beyond.
struct Operands {
  Operands() : a({37, 37, 736}), b({37, 37, 736}) {}
  View View1() { return {a.data(), 1, 37, 37, 728, 736, true}; }
  View View2() { return {b.data(), 1, 37, 37, 728, 736, true}; }
  Tensor a, b;
};

void BM_Activate(benchmark::State& state) {
  Operands o;
  ThreadPool threads(static_cast<int>(state.range(0)));
  for (auto _ : state) Activate(o.View1(), Activation::kRelu, o.View2(), threads);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 2 * o.a.num_bytes()));
}
BENCHMARK(BM_Activate)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BM_Add(benchmark::State& state) {
  Operands o;
  ThreadPool threads(static_cast<int>(state.range(0)));
  for (auto _ : state) Add(o.View1(), o.View2(), Activation::kNone, o.View1(), threads);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 3 * o.a.num_bytes()));
}
BENCHMARK(BM_Add)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BM_ScaleShift(benchmark::State& state) {
  Operands o;
  const std::vector<float> scale(728, 1.5f), shift(728, -0.5f);
  ThreadPool threads(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    ScaleShift(o.View1(), scale.data(), shift.data(), Activation::kRelu, o.View2(), threads);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 2 * o.a.num_bytes()));
}
BENCHMARK(BM_ScaleShift)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMicrosecond);

void BM_ScaleBytes(benchmark::State& state) {
  const std::vector<unsigned char> bytes(299 * 299 * 3, 77);
  std::vector<float> y(bytes.size());
  const float scale[] = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f}, shift[] = {-1, -1, -1};
  for (auto _ : state) ScaleBytes(bytes, 3, scale, shift, y);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size() * 5));
}
BENCHMARK(BM_ScaleBytes)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace siskin
