// Depthwise convolution 3x3, "same", against the processor's peak. Arguments: batch, size, channels, stride, threads.
#include "kernels/depthwise/depthwise.h"
#include "kernels/peak_bench.h"
#include "tensor/tensor.h"

namespace siskin {
namespace {

void BM_Depthwise(benchmark::State& state) {
  const auto arg = [&](int i) { return static_cast<int>(state.range(i)); };
  const int batch = arg(0), size = arg(1), channels = arg(2), stride = arg(3);
  ThreadPool threads(arg(4));
  const WindowParams window = SameWindow(size, size, 3, stride);
  const int out = window.OutputHeight(size), row = PixelStride<float>(channels);
  const Tensor x(Shape{batch, size, size, row}), filter(Shape{3, 3, channels});
  Tensor y(Shape{batch, out, out, row});
  const ConstView x_view{x.data(), batch, size, size, channels, row, true};
  const View y_view{y.data(), batch, out, out, channels, row, true};
  MeasureAgainstPeak(state, threads, 9.0 * batch * out * out * channels,
                     [&] { DepthwiseConv2D(window, x_view, filter.data(), true, {}, y_view, threads); });
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  for (const auto& [batch, size, channels, stride] : {std::array{1, 10, 728, 1},
                                                      {1, 19, 728, 1},
                                                      {16, 10, 728, 1},
                                                      {1, 74, 64, 1},
                                                      {1, 74, 128, 1},
                                                      {8, 74, 128, 1},
                                                      {1, 112, 64, 2},
                                                      {1, 14, 512, 1},
                                                      {1, 7, 1024, 1}}) {
    benchmark->Args({batch, size, channels, stride, 1});
  }
}
BENCHMARK(BM_Depthwise)->Apply(Sizes)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.1);

}  // namespace
}  // namespace siskin
