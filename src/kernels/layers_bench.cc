// The heavy layers of Xception and MobileNet as the planner runs them (batch normalisation folded, activations fused,
// channels padded to 16), each against the processor's peak:  kernels_bench --benchmark_filter=xception150
// The second argument of a benchmark is the number of threads. docs/kernels.md has the results.
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/conv/conv.h"
#include "kernels/peak_bench.h"
#include "kernels/separable/separable.h"

namespace siskin {
namespace {

struct Layer {
  std::string name;
  enum { kConv, kSeparable } kind = kSeparable;
  int size = 0;  // of the square input
  int cin = 0, cout = 0;
  int kernel = 3, stride = 1;
  bool same = true;
  enum { kXception, kMobileNet } style = kXception;
};

Tensor RandomTensor(size_t floats, uint64_t seed) {
  Tensor tensor(Shape{static_cast<int64_t>(floats)});
  Random random(seed, RandomPurpose::kTest);
  for (float& value : tensor.values<float>()) value = random.Uniform(-1.0f, 1.0f);
  return tensor;
}

// A 3-channel image is dense, everything between layers is padded.
View ActivationView(Tensor& memory, int n, int h, int w, int c) {
  if (c <= 4) return DenseView(memory.data(), n, h, w, c);
  return {memory.data(), n, h, w, c, PixelStride<float>(c), true};
}

void BenchmarkLayer(benchmark::State& state, const Layer& layer) {
  const int batch = static_cast<int>(state.range(0));
  ThreadPool threads(static_cast<int>(state.range(1)));
  const WindowParams window = layer.same ? SameWindow(layer.size, layer.size, layer.kernel, layer.stride)
                                         : WindowParams{layer.kernel, layer.kernel, layer.stride, layer.stride};
  const int out = window.OutputHeight(layer.size);
  const size_t pixels_in = static_cast<size_t>(batch) * layer.size * layer.size;
  const size_t pixels_out = static_cast<size_t>(batch) * out * out;
  Tensor x_memory = RandomTensor(pixels_in * PixelStride<float>(layer.cin), 1);
  Tensor y_memory = RandomTensor(pixels_out * PixelStride<float>(layer.cout), 2);
  const View x = ActivationView(x_memory, batch, layer.size, layer.size, layer.cin);
  const View y = ActivationView(y_memory, batch, out, out, layer.cout);
  const Tensor bias = RandomTensor(layer.cout, 3);
  const int taps = layer.kernel * layer.kernel;

  if (layer.kind == Layer::kConv) {
    const int depth = taps * layer.cin;
    const PackedMatrix filter(RandomTensor(static_cast<size_t>(depth) * layer.cout, 4).data(), depth, layer.cout);
    Tensor scratch(Shape{static_cast<int64_t>(Conv2DScratch(window, layer.cin, threads.num_threads()))});
    const Epilogue epilogue{.bias = bias.data(), .activation = Activation::kRelu};
    MeasureAgainstPeak(state, threads, static_cast<double>(pixels_out) * depth * layer.cout,
                       [&] { Conv2D(window, x, filter, epilogue, y, scratch.values<float>(), threads); });
    return;
  }
  const bool mobilenet = layer.style == Layer::kMobileNet;
  const Tensor depthwise = RandomTensor(static_cast<size_t>(taps) * layer.cin, 5);
  const Tensor between = RandomTensor(layer.cin, 6);
  const PackedMatrix pointwise(RandomTensor(static_cast<size_t>(layer.cin) * layer.cout, 7).data(), layer.cin,
                               layer.cout);
  const SeparableParams params{.window = window,
                               .relu_input = !mobilenet,
                               .between_bias = mobilenet ? between.data() : nullptr,
                               .between = mobilenet ? Activation::kRelu6 : Activation::kNone};
  const Epilogue epilogue{.bias = bias.data(), .activation = mobilenet ? Activation::kRelu6 : Activation::kNone};
  Tensor scratch(Shape{static_cast<int64_t>(SeparableScratch(layer.cin, threads.num_threads()))});
  MeasureAgainstPeak(state, threads, static_cast<double>(pixels_out) * layer.cin * (taps + layer.cout), [&] {
    SeparableConv2D(params, x, depthwise.data(), pointwise, epilogue, y, scratch.values<float>(), threads);
  });
}

// The layers of Xception for a square input; first, of each block's two or three sepconvs, the distinct ones.
std::vector<Layer> Xception(int size) {
  const auto half = [](int s) { return (s + 1) / 2; };  // a "same" layer of stride 2
  const int s1 = (size - 3) / 2 + 1, s2 = s1 - 2, s3 = half(s2), s4 = half(s3), s5 = half(s4), s6 = half(s5);
  const auto separable = [](const char* name, int s, int cin, int cout) {
    return Layer{.name = name, .size = s, .cin = cin, .cout = cout};
  };
  const auto shortcut = [](const char* name, int s, int cin, int cout) {
    return Layer{.name = name, .kind = Layer::kConv, .size = s, .cin = cin, .cout = cout, .kernel = 1, .stride = 2};
  };
  return {
      {.name = "block1_conv1", .kind = Layer::kConv, .size = size, .cin = 3, .cout = 32, .stride = 2, .same = false},
      {.name = "block1_conv2", .kind = Layer::kConv, .size = s1, .cin = 32, .cout = 64, .same = false},
      separable("block2_sepconv1", s2, 64, 128),
      separable("block2_sepconv2", s2, 128, 128),
      shortcut("block2_shortcut", s2, 64, 128),
      separable("block3_sepconv1", s3, 128, 256),
      separable("block3_sepconv2", s3, 256, 256),
      shortcut("block3_shortcut", s3, 128, 256),
      separable("block4_sepconv1", s4, 256, 728),
      separable("block4_sepconv2", s4, 728, 728),
      shortcut("block4_shortcut", s4, 256, 728),
      separable("block5_sepconv1", s5, 728, 728),
      separable("block13_sepconv2", s5, 728, 1024),
      shortcut("block13_shortcut", s5, 728, 1024),
      separable("block14_sepconv1", s6, 1024, 1536),
      separable("block14_sepconv2", s6, 1536, 2048),
  };
}

std::vector<Layer> MobileNet() {
  std::vector<Layer> layers = {{.name = "conv1", .kind = Layer::kConv, .size = 224, .cin = 3, .cout = 32, .stride = 2}};
  const int steps[][4] = {{112, 32, 64, 1},  {112, 64, 128, 2},  {56, 128, 128, 1},
                          {56, 128, 256, 2}, {28, 256, 256, 1},  {28, 256, 512, 2},
                          {14, 512, 512, 1}, {14, 512, 1024, 2}, {7, 1024, 1024, 1}};
  for (const auto& [size, cin, cout, stride] : steps) {
    layers.push_back({.name = "conv_" + std::to_string(cin) + "_" + std::to_string(cout),
                      .size = size,
                      .cin = cin,
                      .cout = cout,
                      .stride = stride,
                      .style = Layer::kMobileNet});
  }
  return layers;
}

void Register(const std::string& network, const std::vector<Layer>& layers, int batch) {
  for (const Layer& layer : layers) {
    for (const int threads : {1, 2}) {
      benchmark::RegisterBenchmark((network + "/" + layer.name).c_str(),
                                   [layer](benchmark::State& state) { BenchmarkLayer(state, layer); })
          ->Args({batch, threads})
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond)
          ->MinTime(0.1);
    }
  }
}

const bool kRegistered = [] {
  Register("xception150", Xception(150), 32);
  Register("xception299", Xception(299), 1);
  Register("xception299", Xception(299), 8);
  Register("mobilenet224", MobileNet(), 1);
  return true;
}();

}  // namespace
}  // namespace siskin
