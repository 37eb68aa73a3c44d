#include "kernels/depthwise/depthwise_gradient.h"

#include <gtest/gtest.h>

#include "kernels/isa.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using namespace siskin::testing;

constexpr uint64_t kSeed = 20240702;

Layout OutputOf(const WindowParams& window, const Layout& x) {
  return Dense(x.n, window.OutputHeight(x.h), window.OutputWidth(x.w), x.c);
}

// Scratch of exactly the size that the kernels ask for, filled with NaN.
Buffer Scratch(const WindowParams& window, const Layout& x) {
  const ConstView shape = {.n = x.n, .h = x.h, .w = x.w, .c = x.c};
  return Buffer(Dense(1, 1, 1, static_cast<int>(DepthwiseGradientScratch(window, shape))));
}
std::span<float> Span(Buffer& buffer) {
  return {buffer.view().data, static_cast<size_t>(buffer.view().c)};
}

void CheckFilter(const WindowParams& window, const Layout& x_layout, const Layout& dy_layout, bool relu_input) {
  const Buffer x = RandomBuffer(x_layout, kSeed), dy = RandomBuffer(dy_layout, kSeed + 1);
  const int taps = window.kernel_h * window.kernel_w, c = x_layout.c;
  std::vector<float> expected(static_cast<size_t>(taps) * c);
  reference::DepthwiseFilterGradient(window, x.view(), relu_input, dy.view(), expected.data());
  CheckKernel(
      Dense(1, window.kernel_h, window.kernel_w, c), DenseView(expected.data(), 1, window.kernel_h, window.kernel_w, c),
      {.depth = static_cast<int64_t>(dy.view().num_pixels()), .seed = kSeed}, [&](View dfilter, ThreadPool& threads) {
        Buffer scratch = Scratch(window, x_layout);
        DepthwiseFilterGradient(window, x.view(), relu_input, dy.view(), dfilter.data, Span(scratch), threads);
      });
}

void CheckInput(const WindowParams& window, const Layout& dx_layout, const Layout& dy_layout) {
  const Buffer dy = RandomBuffer(dy_layout, kSeed + 1);
  const int taps = window.kernel_h * window.kernel_w;
  const std::vector<float> filter = RandomFloats(static_cast<size_t>(taps) * dx_layout.c, kSeed + 2);
  Buffer expected(dx_layout);
  reference::DepthwiseInputGradient(window, dy.view(), filter.data(), expected.view());
  CheckKernel(dx_layout, expected.view(), {.depth = taps, .seed = kSeed}, [&](View dx, ThreadPool& threads) {
    Buffer scratch = Scratch(window, dx_layout);
    DepthwiseInputGradient(window, dy.view(), filter.data(), dx, Span(scratch), threads);
  });
}

// Both at once must give the same bits for dx, whatever the threads, and the same filter gradient as the reference; dx
// in the memory of x, as training uses it, or in its own.
void CheckBoth(const WindowParams& window, const Layout& x_layout, const Layout& dy_layout, bool relu_input) {
  const Buffer x = RandomBuffer(x_layout, kSeed), dy = RandomBuffer(dy_layout, kSeed + 1);
  const int taps = window.kernel_h * window.kernel_w, c = x_layout.c;
  const std::vector<float> filter = RandomFloats(static_cast<size_t>(taps) * c, kSeed + 2);
  std::vector<float> expected_filter(static_cast<size_t>(taps) * c);
  reference::DepthwiseFilterGradient(window, x.view(), relu_input, dy.view(), expected_filter.data());
  Buffer expected(x_layout);
  reference::DepthwiseInputGradient(window, dy.view(), filter.data(), expected.view());
  const ConstView initial = x.view();
  for (const bool in_place : {false, true}) {
    std::vector<float> first;
    std::string isa;
    CheckKernel(
        x_layout, expected.view(), {.depth = taps, .seed = kSeed},
        [&](View dx, ThreadPool& threads) {
          Buffer scratch = Scratch(window, x_layout);
          std::vector<float> dfilter(expected_filter.size());
          DepthwiseGradients(window, in_place ? dx : x.view(), relu_input, dy.view(), filter.data(), dfilter.data(), dx,
                             Span(scratch), threads);
          EXPECT_TRUE(
              Close(dfilter, expected_filter, {.depth = static_cast<int64_t>(dy.view().num_pixels()), .seed = kSeed}));
          if (isa == CurrentIsa()) {
            EXPECT_EQ(dfilter, first);  // of one thread
          }
          isa = CurrentIsa();
          first = dfilter;
        },
        in_place ? &initial : nullptr);
  }
}

void CheckGradients(const WindowParams& window, const Layout& x, const Layout& dy, bool relu_input) {
  SCOPED_TRACE(fmt::format("kernel {}x{} stride {}x{} padding {} {} {} {}, x {}x{}x{}x{} stride {}, dy stride {}",
                           window.kernel_h, window.kernel_w, window.stride_h, window.stride_w, window.padding.top,
                           window.padding.bottom, window.padding.left, window.padding.right, x.n, x.h, x.w, x.c,
                           x.stride, dy.stride));
  CheckFilter(window, x, dy, relu_input);
  CheckInput(window, x, dy);
  CheckBoth(window, x, dy, relu_input);
}

TEST(DepthwiseGradientTest, KernelsStridesAndWidths) {
  for (const int kernel : {1, 2, 3, 5}) {
    for (const int stride : {1, 2, 3}) {
      for (const int width : {1, 2, 3, 4, 5, 7, 10, 13}) {
        const Layout x = Dense(1, 6, width, 21);
        const WindowParams window = SameWindow(x.h, x.w, kernel, stride);
        CheckGradients(window, x, OutputOf(window, x), true);
      }
    }
  }
}

TEST(DepthwiseGradientTest, Heights) {
  for (const int stride : {1, 2}) {
    for (const int height : {1, 2, 3, 4, 5, 6, 7, 8, 9}) {
      const Layout x = Dense(2, height, 5, 19);
      const WindowParams window = SameWindow(x.h, x.w, 3, stride);
      CheckGradients(window, x, OutputOf(window, x), false);
    }
  }
}

// Around vectors (4, 8, 16 lanes) and blocks of channels.
TEST(DepthwiseGradientTest, Channels) {
  for (const int channels : {1, 3, 4, 8, 15, 16, 17, 19, 32, 127, 128, 129, 260, 728}) {
    for (const int kernel : {3, 5}) {
      for (const int stride : {1, 2}) {
        const Layout x = Dense(2, 4, 5, channels);
        const WindowParams window = SameWindow(x.h, x.w, kernel, stride);
        CheckGradients(window, x, OutputOf(window, x), true);
      }
    }
  }
}

TEST(DepthwiseGradientTest, EveryLayout) {
  for (const int kernel : {3, 4}) {
    for (const int stride : {1, 2}) {
      for (const Layout& x : AllLayouts(2, 6, 5, 37)) {
        const WindowParams window = SameWindow(x.h, x.w, kernel, stride);
        const Layout y = OutputOf(window, x);
        for (const Layout& dy : AllLayouts(y.n, y.h, y.w, y.c)) CheckGradients(window, x, dy, true);
      }
    }
  }
}

TEST(DepthwiseGradientTest, AsymmetricWindows) {
  for (const WindowParams& window :
       {WindowParams{3, 3, 2, 2, {0, 1, 0, 1}}, WindowParams{3, 3, 2, 2, {1, 0, 1, 0}}, WindowParams{3, 3, 2, 2, {}},
        WindowParams{3, 3, 1, 2, {1, 1, 0, 1}}, WindowParams{3, 3, 2, 1, {0, 0, 2, 0}},
        WindowParams{1, 3, 1, 1, {0, 0, 1, 1}}, WindowParams{7, 7, 1, 2, {3, 3, 3, 3}},
        WindowParams{3, 3, 1, 1, {5, 5, 5, 5}}, WindowParams{3, 3, 2, 2, {5, 5, 5, 5}}, WindowParams{3, 3, 1, 1, {}}}) {
    const Layout x = Dense(2, 6, 8, 20);
    CheckGradients(window, x, OutputOf(window, x), true);
  }
}

TEST(DepthwiseGradientTest, ManyRowsOfSeveralImages) {
  for (const int stride : {1, 2}) {
    const Layout x = Dense(3, 37, 11, 5);
    const WindowParams window = SameWindow(x.h, x.w, 3, stride);
    CheckGradients(window, x, OutputOf(window, x), true);
  }
}

// One image a group's part, several, less than one; and the last group smaller than the others.
TEST(DepthwiseGradientTest, OfABatchAreThoseOfItsParts) {
  constexpr int kChannels = 21;
  const std::vector<float> filter = RandomFloats(25 * kChannels, kSeed + 2);
  for (const auto& [h, w] : testing::ImageSizes()) {
    for (const int n : testing::Batches()) {
      for (const WindowParams& window : {SameWindow(h, w, 3, 1), SameWindow(h, w, 3, 2), SameWindow(h, w, 5, 1)}) {
        SCOPED_TRACE(fmt::format("{}x{}, kernel {} stride {}", h, w, window.kernel_h, window.stride_h));
        const Layout layout = Dense(n, h, w, kChannels);
        const Buffer x = RandomBuffer(layout, kSeed), dy = RandomBuffer(OutputOf(window, layout), kSeed + 1);
        const size_t floats = static_cast<size_t>(window.kernel_h) * window.kernel_w * kChannels;
        CheckParts(n, floats, [&](const Range& images, float* dfilter, ThreadPool& threads) {
          const Layout part = Dense(images.size(), h, w, kChannels);
          Buffer scratch = Scratch(window, part), dx(part);
          DepthwiseGradients(window, Images(x.view(), images), true, Images(dy.view(), images), filter.data(), dfilter,
                             dx.view(), Span(scratch), threads);
        });
      }
    }
  }
}

}  // namespace
}  // namespace siskin
