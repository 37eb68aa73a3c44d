#include "kernels/separable/separable.h"

#include <gtest/gtest.h>

#include "kernels/depthwise/depthwise.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using namespace siskin::testing;

constexpr uint64_t kSeed = 20240604;

struct Case {
  SeparableParams params;
  Layout x;
  int cout;
  Activation activation = Activation::kNone;
  bool residual = false;
};

void CheckSeparable(const Case& test, const Layout& y_layout) {
  const WindowParams& window = test.params.window;
  SCOPED_TRACE(fmt::format("kernel {} stride {} x {}x{}x{}x{} stride {}", window.kernel_h, window.stride_h, test.x.n,
                           test.x.h, test.x.w, test.x.c, test.x.stride));
  const int cin = test.x.c, taps = window.kernel_h * window.kernel_w;
  const Buffer x = RandomBuffer(test.x, kSeed);
  const std::vector<float> depthwise = RandomFloats(static_cast<size_t>(taps) * cin, kSeed + 1);
  const std::vector<float> pointwise = RandomFloats(static_cast<size_t>(cin) * test.cout, kSeed + 2);
  const std::vector<float> bias = RandomFloats(test.cout, kSeed + 3);
  const Buffer residual = RandomBuffer(Dense(y_layout.n, y_layout.h, y_layout.w, y_layout.c), kSeed + 4);
  Epilogue epilogue{.bias = bias.data(), .activation = test.activation};
  if (test.residual) epilogue.residual = residual.view();

  Buffer between(Dense(y_layout.n, y_layout.h, y_layout.w, cin)), expected(y_layout);
  reference::DepthwiseConv2D(window, x.view(), depthwise.data(), test.params.relu_input,
                             {.bias = test.params.between_bias, .activation = test.params.between}, between.view());
  reference::MatMul(between.view(), pointwise.data(), epilogue, expected.view());
  CheckKernel(y_layout, expected.view(), {.depth = cin + taps, .seed = kSeed}, [&](View y, ThreadPool& threads) {
    Tensor scratch(Shape{static_cast<int64_t>(SeparableScratch(cin, threads.num_threads()))});
    const PackedMatrix packed(pointwise.data(), cin, test.cout);
    SeparableConv2D(test.params, x.view(), depthwise.data(), packed, epilogue, y, scratch.values<float>(), threads);
  });
}

void CheckSeparable(const Case& test) {
  const WindowParams& window = test.params.window;
  CheckSeparable(test, Dense(test.x.n, window.OutputHeight(test.x.h), window.OutputWidth(test.x.w), test.cout));
}

TEST(SeparableConv2DTest, SizesKernelsAndStrides) {
  for (const int channels : {1, 3, 16, 19, 40}) {
    for (const int kernel : {3, 5}) {
      for (const int stride : {1, 2}) {
        const Layout x = Dense(2, 7, 9, channels);
        CheckSeparable(
            {.params = {.window = SameWindow(x.h, x.w, kernel, stride), .relu_input = true}, .x = x, .cout = 35});
      }
    }
  }
}

TEST(SeparableConv2DTest, MobileNetsActivationBetween) {
  const std::vector<float> between = RandomFloats(33, kSeed + 9);
  const Layout x = Dense(1, 8, 8, 33);
  CheckSeparable(
      {.params = {.window = {3, 3, 2, 2, {0, 1, 0, 1}}, .between_bias = between.data(), .between = Activation::kRelu6},
       .x = x,
       .cout = 64,
       .activation = Activation::kRelu6});
}

TEST(SeparableConv2DTest, EveryLayoutWithResidual) {
  for (const Layout& x : AllLayouts(1, 5, 6, 21)) {
    for (const Layout& y : AllLayouts(1, 5, 6, 45)) {
      CheckSeparable(
          {.params = {.window = SameWindow(x.h, x.w, 3, 1), .relu_input = true}, .x = x, .cout = 45, .residual = true},
          y);
    }
  }
}

// 256 channels: the panel gets a line of padding; 728: Xception's middle flow, not a whole number of vectors.
TEST(SeparableConv2DTest, WideLayers) {
  for (const int channels : {256, 728}) {
    const Layout x = Padded(1, 5, 5, channels);
    CheckSeparable(
        {.params = {.window = SameWindow(x.h, x.w, 3, 1), .relu_input = true}, .x = x, .cout = 40, .residual = true});
  }
}

TEST(SeparableConv2DTest, ManyBlocks) {
  const Layout x = Dense(3, 31, 30, 9);
  CheckSeparable(
      {.params = {.window = SameWindow(x.h, x.w, 3, 1)}, .x = x, .cout = 33, .activation = Activation::kRelu});
}

}  // namespace
}  // namespace siskin
