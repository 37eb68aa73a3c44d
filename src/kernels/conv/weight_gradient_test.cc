#include "kernels/conv/weight_gradient.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "kernels/conv/batch_pieces.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using namespace siskin::testing;

constexpr uint64_t kSeed = 20240701;

Layout OutputOf(const WindowParams& window, const Layout& x, int cout) {
  return Dense(x.n, window.OutputHeight(x.h), window.OutputWidth(x.w), cout);
}

// kernel(dw, scratch, threads) against `expected`, dw being [k, n]. The scratch ends where it was said to end.
template <typename Kernel>
void CheckGradient(int k, int n, ConstView dy, const std::vector<float>& expected, const Kernel& kernel) {
  const auto depth = static_cast<int64_t>(dy.num_pixels());
  CheckKernel(
      Dense(1, 1, k, n), DenseView(expected.data(), 1, 1, k, n), {.depth = depth, .seed = kSeed},
      [&](View dw, ThreadPool& threads) {
        const Buffer scratch(Dense(1, 1, 1, static_cast<int>(WeightGradientScratch(k, dy, threads.num_threads()))));
        kernel(dw.data, std::span(const_cast<float*>(scratch.view().data), scratch.view().c), threads);
      });
}

void CheckConvolution(const WindowParams& window, const Layout& x_layout, const Layout& dy_layout) {
  SCOPED_TRACE(fmt::format("kernel {}x{} stride {}x{}, x {}x{}x{}x{} stride {}, dy channels {} stride {}",
                           window.kernel_h, window.kernel_w, window.stride_h, window.stride_w, x_layout.n, x_layout.h,
                           x_layout.w, x_layout.c, x_layout.stride, dy_layout.c, dy_layout.stride));
  const Buffer x = RandomBuffer(x_layout, kSeed), dy = RandomBuffer(dy_layout, kSeed + 1);
  const int k = window.kernel_h * window.kernel_w * x_layout.c, n = dy_layout.c;
  std::vector<float> expected(static_cast<size_t>(k) * n);
  reference::Conv2DWeightGradient(window, x.view(), dy.view(), expected.data());
  CheckGradient(k, n, dy.view(), expected, [&](float* dw, std::span<float> scratch, ThreadPool& threads) {
    if (window == WindowParams{}) {
      MatMulWeightGradient(x.view(), dy.view(), dw, scratch, threads);
    } else {
      Conv2DWeightGradient(window, x.view(), dy.view(), dw, scratch, threads);
    }
  });
}

void CheckConvolution(const WindowParams& window, const Layout& x, int cout) {
  CheckConvolution(window, x, OutputOf(window, x, cout));
}

void CheckMatMul(const Layout& x, const Layout& dy) {
  CheckConvolution(WindowParams{}, x, dy);
}

void CheckSeparable(const SeparableParams& params, const Layout& x_layout, const Layout& dy_layout) {
  const WindowParams& window = params.window;
  SCOPED_TRACE(fmt::format("separable, kernel {}x{} stride {}x{}, x {}x{}x{}x{} stride {}, dy channels {} stride {}",
                           window.kernel_h, window.kernel_w, window.stride_h, window.stride_w, x_layout.n, x_layout.h,
                           x_layout.w, x_layout.c, x_layout.stride, dy_layout.c, dy_layout.stride));
  const Buffer x = RandomBuffer(x_layout, kSeed), dy = RandomBuffer(dy_layout, kSeed + 1);
  const int k = x_layout.c, n = dy_layout.c;
  const std::vector<float> depthwise =
      RandomFloats(static_cast<size_t>(window.kernel_h) * window.kernel_w * k, kSeed + 2);
  Buffer between(Dense(dy_layout.n, dy_layout.h, dy_layout.w, k));
  reference::DepthwiseConv2D(window, x.view(), depthwise.data(), params.relu_input,
                             {.bias = params.between_bias, .activation = params.between}, between.view());
  std::vector<float> expected(static_cast<size_t>(k) * n);
  reference::MatMulWeightGradient(between.view(), dy.view(), expected.data());
  CheckGradient(k, n, dy.view(), expected, [&](float* dw, std::span<float> scratch, ThreadPool& threads) {
    SeparableWeightGradient(params, x.view(), depthwise.data(), dy.view(), dw, scratch, threads);
  });
}

void CheckSeparable(const SeparableParams& params, const Layout& x, int cout) {
  CheckSeparable(params, x, OutputOf(params.window, x, cout));
}

// Around lanes, slivers (14 and 6 rows) and panels (up to 32 columns).
TEST(MatMulWeightGradientTest, Channels) {
  for (const int k : {1, 3, 6, 7, 13, 14, 15, 19, 28, 64}) {
    for (const int n : {1, 3, 16, 17, 19, 31, 32, 33, 64}) {
      CheckMatMul(Dense(1, 5, 7, k), Dense(1, 5, 7, n));
    }
  }
}

// More than one piece of pixels, and pieces that end with one.
TEST(MatMulWeightGradientTest, Pixels) {
  for (const int pixels : {1, 2, 15, 16, 17, 255, 256, 257, 512, 513, 1000, 2049}) {
    CheckMatMul(Dense(1, 1, pixels, 19), Dense(1, 1, pixels, 35));
  }
}

TEST(MatMulWeightGradientTest, EveryLayout) {
  for (const int k : {19, 32}) {
    for (const Layout& x : AllLayouts(2, 13, 11, k)) {
      for (const Layout& dy : AllLayouts(2, 13, 11, 37)) CheckMatMul(x, dy);
    }
  }
}

TEST(MatMulWeightGradientTest, WideLayers) {
  const int rows = testing::UnderSanitizer() ? 5 : 15;  // the reference takes its time there
  CheckMatMul(Padded(1, rows, 20, 728), Padded(1, rows, 20, 728));
  CheckMatMul(Padded(1, 5, 5, 1024), Padded(1, 5, 5, 100));
  CheckMatMul(Dense(1, 5, 5, 100), Dense(1, 5, 5, 1200));
}

TEST(Conv2DWeightGradientTest, KernelsAndStridesWithSamePadding) {
  for (const int channels : {1, 3, 16, 19}) {
    for (const int kernel : {1, 2, 3, 5}) {
      for (const int stride : {1, 2, 3}) {
        const Layout x = Dense(1, 9, 11, channels);
        CheckConvolution(SameWindow(x.h, x.w, kernel, stride), x, 33);
      }
    }
  }
}

TEST(Conv2DWeightGradientTest, AsymmetricWindowsAndPaddingBeyondTheImage) {
  for (const WindowParams& window :
       {WindowParams{3, 3, 2, 2, {0, 1, 0, 1}}, WindowParams{1, 7, 1, 1, {0, 0, 3, 3}},
        WindowParams{3, 2, 1, 2, {2, 0, 0, 1}}, WindowParams{3, 3, 1, 1, {4, 4, 4, 4}}, WindowParams{3, 3, 2, 2, {}}}) {
    for (const int channels : {3, 40}) CheckConvolution(window, Dense(2, 6, 9, channels), 20);
  }
}

TEST(Conv2DWeightGradientTest, EveryLayout) {
  for (const int channels : {3, 19}) {
    for (const Layout& x : AllLayouts(2, 5, 6, channels)) {
      for (const Layout& dy : AllLayouts(2, 5, 6, 45)) CheckConvolution(SameWindow(x.h, x.w, 3, 1), x, dy);
    }
  }
}

// So many pixels that they are summed in chunks, with pieces that end in the middle of a row and of an image.
TEST(MatMulWeightGradientTest, ManyPixelsInChunks) {
  for (const int pixels : {72 * 192 - 191, 72 * 192 - 192, 20011}) {
    CheckMatMul(Dense(1, 1, pixels, 5), Dense(1, 1, pixels, 7));
  }
  CheckMatMul(Padded(1, 130, 120, 31), Padded(1, 130, 120, 34));
}

TEST(Conv2DWeightGradientTest, ManyPixelsInChunks) {
  CheckConvolution({3, 3, 2, 2, {}}, Dense(2, 175, 170, 3), 32);
  CheckConvolution({3, 3, 1, 1, {1, 1, 1, 1}}, Padded(3, 71, 72, 4), 5);
}

TEST(SeparableWeightGradientTest, ManyPixelsInChunks) {
  for (const int stride : {1, 2}) {
    const Layout x = Padded(3, 70 * stride, 70 * stride, 17);
    CheckSeparable({.window = SameWindow(x.h, x.w, 3, stride), .relu_input = true}, x, 20);
  }
}

// Many pieces: the first layers of Xception and a shortcut.
TEST(Conv2DWeightGradientTest, ManyPixels) {
  CheckConvolution({3, 3, 2, 2, {}}, Dense(2, 61, 63, 3), 32);
  CheckConvolution({3, 3, 1, 1, {}}, Padded(1, 30, 31, 32), 64);
  CheckConvolution({1, 1, 2, 2, {}}, Padded(2, 37, 36, 64), 128);
}

TEST(SeparableWeightGradientTest, SizesKernelsAndStrides) {
  for (const int channels : {1, 3, 16, 19, 40}) {
    for (const int kernel : {3, 5}) {
      for (const int stride : {1, 2}) {
        const Layout x = Dense(2, 7, 9, channels);
        CheckSeparable({.window = SameWindow(x.h, x.w, kernel, stride), .relu_input = true}, x, 35);
      }
    }
  }
}

TEST(SeparableWeightGradientTest, MobileNetsActivationBetween) {
  const std::vector<float> bias = RandomFloats(33, kSeed + 9);
  CheckSeparable({.window = {3, 3, 2, 2, {0, 1, 0, 1}}, .between_bias = bias.data(), .between = Activation::kRelu6},
                 Dense(1, 8, 8, 33), 64);
}

TEST(SeparableWeightGradientTest, EveryLayout) {
  for (const Layout& x : AllLayouts(2, 13, 11, 21)) {
    for (const Layout& dy : AllLayouts(2, 13, 11, 45)) {
      CheckSeparable({.window = SameWindow(x.h, x.w, 3, 1), .relu_input = true}, x, dy);
    }
  }
}

TEST(SeparableWeightGradientTest, WideLayers) {
  for (const int channels : {256, 728}) {
    const Layout x = Padded(3, 10, 10, channels);
    CheckSeparable({.window = SameWindow(x.h, x.w, 3, 1), .relu_input = true}, x, 40);
  }
}

// The gradient of a batch of these images is that of its parts, added along the tree: products, windows and depthwise
// results, in chunks and in pieces.
void CheckPartsOf(int n, int h, int w, int cin, int cout) {
  SCOPED_TRACE(fmt::format("{}x{}, {} to {} channels", h, w, cin, cout));
  const std::vector<float> depthwise = RandomFloats(static_cast<size_t>(9) * cin, kSeed + 2);
  for (const WindowParams& window : {WindowParams{}, SameWindow(h, w, 3, 1), SameWindow(h, w, 3, 2)}) {
    SCOPED_TRACE(fmt::format("kernel {} stride {}", window.kernel_h, window.stride_h));
    const Layout layout = Padded(n, h, w, cin);
    const Buffer x = RandomBuffer(layout, kSeed), dy = RandomBuffer(OutputOf(window, layout, cout), kSeed + 1);
    const int k = window.kernel_h * window.kernel_w * cin;
    const auto check = [&](int rows, const auto& kernel) {
      CheckParts(n, static_cast<size_t>(rows) * cout, [&](const Range& images, float* dw, ThreadPool& threads) {
        const ConstView of_x = Images(x.view(), images), of_dy = Images(dy.view(), images);
        Buffer scratch(Dense(1, 1, 1, static_cast<int>(WeightGradientScratch(rows, of_dy, threads.num_threads()))), 64);
        kernel(of_x, of_dy, dw, std::span(scratch.view().data, static_cast<size_t>(scratch.view().c)), threads);
        EXPECT_TRUE(scratch.Intact());
      });
    };
    check(k, [&](ConstView of_x, ConstView of_dy, float* dw, std::span<float> scratch, ThreadPool& threads) {
      Conv2DWeightGradient(window, of_x, of_dy, dw, scratch, threads);
    });
    if (window.kernel_h == 1) continue;
    check(cin, [&](ConstView of_x, ConstView of_dy, float* dw, std::span<float> scratch, ThreadPool& threads) {
      SeparableWeightGradient({.window = window, .relu_input = true}, of_x, depthwise.data(), of_dy, dw, scratch,
                              threads);
    });
  }
}

TEST(WeightGradientTest, OfABatchIsThatOfItsParts) {
  for (const auto& [h, w] : testing::ImageSizes()) {
    for (const int n : testing::Batches()) CheckPartsOf(n, h, w, 7, 33);
  }
}

// More groups than one piece holds.
TEST(WeightGradientTest, OfManySmallImagesIsThatOfItsParts) {
  if (!testing::UnderSanitizer()) CheckPartsOf(300, 1, 1, 15, 18);
  CheckPartsOf(101, 2, 2, 15, 18);
}

TEST(BatchPieces, CoverEveryPixelOnce) {
  for (const int h : {1, 2, 5, 9, 10, 11, 18, 36, 150}) {
    for (const int w : {1, 3, 5, 10, 36, 150, 299}) {
      for (const int n : {1, 4, 6, 32, 33}) {
        for (const int unit : {1, 2 * w}) {
          for (const int wanted : {192, 320}) {
            const BatchPieces pieces(n, h * w, unit, wanted);
            const int group_pixels = kGroupImages * h * w;
            int next = 0, node = 0;
            for (int index = 0; index < pieces.count(); ++index) {
              const BatchPieces::Piece piece = pieces.piece(index);
              ASSERT_EQ(piece.pixels.begin, next);
              ASSERT_GT(piece.pixels.size(), 0);
              ASSERT_LE(piece.pixels.size(), BatchPieces::kMaxPixels);
              ASSERT_EQ(piece.node, node);
              ASSERT_TRUE(piece.pixels.begin % group_pixels == 0 || !piece.is_first);
              next = piece.pixels.end;
              node += piece.is_last;
              ASSERT_TRUE(pieces.groups(piece) == 1 || (piece.is_first && piece.is_last));
              ASSERT_LE(pieces.groups(piece), BatchPieces::kMaxGroups);
              int of_groups = 0;
              for (int group = 0; group < pieces.groups(piece); ++group) {
                ASSERT_EQ(pieces.group_pixels(piece, group).begin, of_groups);
                of_groups = pieces.group_pixels(piece, group).end;
              }
              ASSERT_EQ(of_groups, piece.pixels.size());
            }
            EXPECT_EQ(next, n * h * w);
            EXPECT_EQ(node, pieces.num_nodes());
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace siskin
