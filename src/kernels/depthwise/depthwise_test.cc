#include "kernels/depthwise/depthwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/isa.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using namespace siskin::testing;

constexpr uint64_t kSeed = 20240603;

void CheckDepthwise(const WindowParams& window, const Layout& x_layout, const Layout& y_layout, bool relu_input,
                    bool with_residual, Activation activation) {
  SCOPED_TRACE(fmt::format("kernel {}x{} stride {}x{}, x {}x{}x{}x{} stride {}", window.kernel_h, window.kernel_w,
                           window.stride_h, window.stride_w, x_layout.n, x_layout.h, x_layout.w, x_layout.c,
                           x_layout.stride));
  const Buffer x = RandomBuffer(x_layout, kSeed);
  const int taps = window.kernel_h * window.kernel_w;
  const std::vector<float> filter = RandomFloats(static_cast<size_t>(taps) * x_layout.c, kSeed + 1);
  const std::vector<float> bias = RandomFloats(x_layout.c, kSeed + 2);
  const Buffer residual = RandomBuffer(Slice(y_layout.n, y_layout.h, y_layout.w, y_layout.c, 1, 2), kSeed + 3);
  Epilogue epilogue{.bias = bias.data(), .activation = activation};
  if (with_residual) epilogue.residual = residual.view();
  Buffer expected(y_layout);
  reference::DepthwiseConv2D(window, x.view(), filter.data(), relu_input, epilogue, expected.view());
  CheckKernel(y_layout, expected.view(), {.depth = taps, .seed = kSeed}, [&](View y, ThreadPool& threads) {
    DepthwiseConv2D(window, x.view(), filter.data(), relu_input, epilogue, y, threads);
  });
}

Layout OutputOf(const WindowParams& window, const Layout& x) {
  return Dense(x.n, window.OutputHeight(x.h), window.OutputWidth(x.w), x.c);
}

TEST(DepthwiseConv2DTest, KernelsStridesAndWidths) {
  for (const int kernel : {1, 2, 3, 5}) {
    for (const int stride : {1, 2, 3}) {
      for (const int width : {1, 2, 3, 4, 5, 7, 10, 13}) {
        const Layout x = Dense(1, 6, width, 21);
        const WindowParams window = SameWindow(x.h, x.w, kernel, stride);
        CheckDepthwise(window, x, OutputOf(window, x), true, false, Activation::kNone);
      }
    }
  }
}

// Around vectors (4, 8, 16 lanes) and the block of channels that is kept in L1 (128).
TEST(DepthwiseConv2DTest, Channels) {
  for (const int channels : {1, 3, 4, 8, 15, 16, 17, 32, 127, 128, 129, 260}) {
    for (const int kernel : {3, 5}) {
      const Layout x = Dense(1, 4, 5, channels);
      const WindowParams window = SameWindow(x.h, x.w, kernel, 1);
      CheckDepthwise(window, x, OutputOf(window, x), false, true, Activation::kRelu6);
    }
  }
}

TEST(DepthwiseConv2DTest, EveryLayout) {
  for (const int kernel : {3, 4}) {
    for (const Layout& x : AllLayouts(2, 5, 6, 37)) {
      for (const Layout& y : AllLayouts(2, 5, 6, 37)) {
        CheckDepthwise(SameWindow(x.h, x.w, kernel, 1), x, y, true, true, Activation::kRelu);
      }
    }
  }
}

TEST(DepthwiseConv2DTest, AsymmetricWindows) {
  for (const WindowParams& window : {WindowParams{3, 3, 2, 2, {0, 1, 0, 1}}, WindowParams{3, 3, 1, 2, {1, 1, 0, 1}},
                                     WindowParams{3, 3, 2, 1, {0, 0, 2, 0}}, WindowParams{1, 3, 1, 1, {0, 0, 1, 1}},
                                     WindowParams{3, 3, 1, 1, {5, 5, 5, 5}}, WindowParams{3, 3, 1, 1, {}}}) {
    const Layout x = Dense(2, 6, 8, 20);
    CheckDepthwise(window, x, OutputOf(window, x), false, false, Activation::kRelu);
  }
}

TEST(DepthwiseConv2DTest, ManyRowsOfSeveralImages) {
  const Layout x = Dense(3, 37, 11, 5);
  const WindowParams window = SameWindow(x.h, x.w, 3, 1);
  CheckDepthwise(window, x, OutputOf(window, x), true, false, Activation::kNone);
}

// Neither the ReLU on load nor the activation may hide a NaN.
TEST(DepthwiseConv2DTest, NanReachesTheOutput) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  ThreadPool threads(1);
  OnEveryIsa([&] {
    for (const int kernel : {3, 5}) {
      std::vector<float> x(5 * 5 * 20, 1.0f), y(5 * 5 * 20);
      x[12 * 20 + 19] = nan;  // the centre, in the last channel
      const std::vector<float> filter(kernel * kernel * 20, 1.0f);
      DepthwiseConv2D(SameWindow(5, 5, kernel, 1), DenseView(x.data(), 1, 5, 5, 20), filter.data(), true,
                      {.activation = Activation::kRelu6}, DenseView(y.data(), 1, 5, 5, 20), threads);
      EXPECT_TRUE(std::isnan(y[12 * 20 + 19])) << CurrentIsa();
      EXPECT_EQ(y[12 * 20 + 18], 6.0f) << CurrentIsa();
    }
  });
}

}  // namespace
}  // namespace siskin
