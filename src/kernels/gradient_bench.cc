// The gradients of the layers of Xception (150 px, batch 32) and MobileNet against the processor's peak:
//   kernels_bench --benchmark_filter=Gradient
// The last argument of a benchmark is the number of threads. docs/kernels.md has the results.
#include "base/random.h"
#include "kernels/conv/weight_gradient.h"
#include "kernels/depthwise/depthwise_gradient.h"
#include "kernels/peak_bench.h"
#include "tensor/tensor.h"

namespace siskin {
namespace {

Tensor RandomTensor(size_t floats, uint64_t seed) {
  Tensor tensor(Shape{static_cast<int64_t>(floats)});
  Random random(seed, RandomPurpose::kTest);
  for (float& value : tensor.values<float>()) value = random.Uniform(-1.0f, 1.0f);
  return tensor;
}

// Activations in memory of their own: a 3-channel image is dense, everything between layers is padded.
struct Activations {
  Activations(int n, int h, int w, int c, uint64_t seed)
      : stride(c <= 4 ? c : PixelStride<float>(c)),
        memory(RandomTensor(static_cast<size_t>(n) * h * w * stride, seed)),
        view{memory.data(), n, h, w, c, stride, c > 4} {}
  int stride;
  Tensor memory;
  View view;
};

void BM_WeightGradientOfMatMul(benchmark::State& state) {
  const auto arg = [&](int i) { return static_cast<int>(state.range(i)); };
  ThreadPool threads(arg(3));
  const Activations x(1, 1, arg(0), arg(1), 1), dy(1, 1, arg(0), arg(2), 2);
  Tensor dw(Shape{arg(1), arg(2)});
  Tensor scratch(Shape{static_cast<int64_t>(WeightGradientScratch(arg(1), dy.view, arg(3)))});
  MeasureAgainstPeak(state, threads, static_cast<double>(arg(0)) * arg(1) * arg(2),
                     [&] { MatMulWeightGradient(x.view, dy.view, dw.data(), scratch.values<float>(), threads); });
}

// Arguments: batch, size, Cin, Cout, stride. "valid" as in Xception's first layers.
void BM_WeightGradientOfConv3x3(benchmark::State& state) {
  const auto arg = [&](int i) { return static_cast<int>(state.range(i)); };
  ThreadPool threads(arg(5));
  const WindowParams window{3, 3, arg(4), arg(4), {}};
  const int out = window.OutputHeight(arg(1)), k = 9 * arg(2);
  const Activations x(arg(0), arg(1), arg(1), arg(2), 1), dy(arg(0), out, out, arg(3), 2);
  Tensor dw(Shape{k, arg(3)});
  Tensor scratch(Shape{static_cast<int64_t>(WeightGradientScratch(k, dy.view, arg(5)))});
  MeasureAgainstPeak(state, threads, static_cast<double>(arg(0)) * out * out * k * arg(3), [&] {
    Conv2DWeightGradient(window, x.view, dy.view, dw.data(), scratch.values<float>(), threads);
  });
}

// Arguments: batch, size, Cin, Cout, stride; "same" padding. The depthwise step's operations are counted too.
void BM_WeightGradientOfSeparable(benchmark::State& state) {
  const auto arg = [&](int i) { return static_cast<int>(state.range(i)); };
  ThreadPool threads(arg(5));
  const int size = arg(1), cin = arg(2), cout = arg(3), stride = arg(4);
  const SeparableParams params{.window = SameWindow(size, size, 3, stride), .relu_input = true};
  const int out = params.window.OutputHeight(size);
  const Activations x(arg(0), size, size, cin, 1), dy(arg(0), out, out, cout, 2);
  const Tensor filter = RandomTensor(static_cast<size_t>(9) * cin, 3);
  Tensor dw(Shape{cin, cout});
  Tensor scratch(Shape{static_cast<int64_t>(WeightGradientScratch(cin, dy.view, arg(5)))});
  MeasureAgainstPeak(state, threads, static_cast<double>(arg(0)) * out * out * cin * (cout + 9), [&] {
    SeparableWeightGradient(params, x.view, filter.data(), dy.view, dw.data(), scratch.values<float>(), threads);
  });
}

enum class DepthwiseCall { kFilter, kInput, kBoth };

// Arguments: batch, size, channels, stride; "same" padding.
template <DepthwiseCall kCall>
void BM_GradientOfDepthwise(benchmark::State& state) {
  const auto arg = [&](int i) { return static_cast<int>(state.range(i)); };
  ThreadPool threads(arg(4));
  const int batch = arg(0), size = arg(1), channels = arg(2), stride = arg(3);
  const WindowParams window = SameWindow(size, size, 3, stride);
  const int out = window.OutputHeight(size);
  const Activations x(batch, size, size, channels, 1), dx(batch, size, size, channels, 2),
      dy(batch, out, out, channels, 3);
  const Tensor filter = RandomTensor(static_cast<size_t>(9) * channels, 4);
  Tensor dfilter(Shape{3, 3, channels});
  Tensor scratch(Shape{static_cast<int64_t>(DepthwiseGradientScratch(window, x.view))});
  const double macs = 9.0 * batch * out * out * channels * (kCall == DepthwiseCall::kBoth ? 2 : 1);
  MeasureAgainstPeak(state, threads, macs, [&] {
    switch (kCall) {
      case DepthwiseCall::kFilter:
        return DepthwiseFilterGradient(window, x.view, true, dy.view, dfilter.data(), scratch.values<float>(), threads);
      case DepthwiseCall::kInput:
        return DepthwiseInputGradient(window, dy.view, filter.data(), dx.view, scratch.values<float>(), threads);
      case DepthwiseCall::kBoth:
        return DepthwiseGradients(window, x.view, true, dy.view, filter.data(), dfilter.data(), dx.view,
                                  scratch.values<float>(), threads);
    }
  });
}

template <size_t kSize>
void Add(benchmark::internal::Benchmark* benchmark, std::initializer_list<std::array<int, kSize>> shapes) {
  for (const auto& shape : shapes) {
    for (const int threads : {1, 2}) {
      std::vector<int64_t> args(shape.begin(), shape.end());
      args.push_back(threads);
      benchmark->Args(args);
    }
  }
  benchmark->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.1);
}

void MatMulSizes(benchmark::internal::Benchmark* benchmark) {
  Add<3>(benchmark, {{3200, 728, 728},
                     {165888, 64, 128},
                     {165888, 128, 128},
                     {41472, 128, 256},
                     {41472, 256, 256},
                     {10368, 256, 728},
                     {2592, 728, 728},
                     {2592, 728, 1024},
                     {800, 1024, 1536},
                     {800, 1536, 2048},
                     {32, 2048, 100}});
}

void ConvSizes(benchmark::internal::Benchmark* benchmark) {
  Add<5>(benchmark, {{32, 150, 3, 32, 2}, {32, 74, 32, 64, 1}});
}

void SeparableSizes(benchmark::internal::Benchmark* benchmark) {
  Add<5>(benchmark, {{32, 72, 64, 128, 1},
                     {32, 72, 128, 128, 1},
                     {32, 36, 128, 256, 1},
                     {32, 36, 256, 256, 1},
                     {32, 18, 256, 728, 1},
                     {32, 9, 728, 728, 1},
                     {32, 5, 1024, 1536, 1},
                     {32, 5, 1536, 2048, 1}});
}

void DepthwiseSizes(benchmark::internal::Benchmark* benchmark) {
  Add<4>(benchmark, {{32, 72, 64, 1},
                     {32, 72, 128, 1},
                     {32, 36, 256, 1},
                     {32, 18, 728, 1},
                     {32, 9, 728, 1},
                     {32, 5, 1536, 1},
                     {16, 112, 64, 2},
                     {16, 28, 256, 2}});
}

BENCHMARK(BM_WeightGradientOfMatMul)->Apply(MatMulSizes);
BENCHMARK(BM_WeightGradientOfConv3x3)->Apply(ConvSizes);
BENCHMARK(BM_WeightGradientOfSeparable)->Apply(SeparableSizes);
BENCHMARK(BM_GradientOfDepthwise<DepthwiseCall::kFilter>)->Apply(DepthwiseSizes);
BENCHMARK(BM_GradientOfDepthwise<DepthwiseCall::kInput>)->Apply(DepthwiseSizes);
BENCHMARK(BM_GradientOfDepthwise<DepthwiseCall::kBoth>)->Apply(DepthwiseSizes);

}  // namespace
}  // namespace siskin
