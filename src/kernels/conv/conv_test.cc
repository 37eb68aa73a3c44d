#include "kernels/conv/conv.h"

#include <gtest/gtest.h>

#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using namespace siskin::testing;

constexpr uint64_t kSeed = 20240602;

struct Case {
  WindowParams window;
  Layout x;
  int cout = 33;
  bool residual = false;
};

// The scratch ends where the kernel was told it ends, so AddressSanitizer sees any step beyond.
std::unique_ptr<Tensor> Scratch(size_t floats) {
  return std::make_unique<Tensor>(Shape{static_cast<int64_t>(floats)});
}

void CheckConvolution(const Case& test, const Layout& y_layout) {
  const WindowParams& window = test.window;
  SCOPED_TRACE(fmt::format("kernel {}x{} stride {}x{} padding {} {} {} {}, x {}x{}x{}x{} stride {}", window.kernel_h,
                           window.kernel_w, window.stride_h, window.stride_w, window.padding.top, window.padding.bottom,
                           window.padding.left, window.padding.right, test.x.n, test.x.h, test.x.w, test.x.c,
                           test.x.stride));
  const Buffer x = RandomBuffer(test.x, kSeed);
  const int depth = window.kernel_h * window.kernel_w * test.x.c;
  const std::vector<float> filter = RandomFloats(static_cast<size_t>(depth) * test.cout, kSeed + 1);
  const std::vector<float> bias = RandomFloats(test.cout, kSeed + 2);
  const Buffer residual = RandomBuffer(Dense(y_layout.n, y_layout.h, y_layout.w, y_layout.c), kSeed + 3);
  Epilogue epilogue{.bias = bias.data(), .activation = Activation::kRelu};
  if (test.residual) epilogue.residual = residual.view();
  Buffer expected(y_layout);
  reference::Conv2D(window, x.view(), filter.data(), epilogue, expected.view());
  CheckKernel(y_layout, expected.view(), {.depth = depth, .seed = kSeed}, [&](View y, ThreadPool& threads) {
    const size_t floats = Conv2DScratch(window, test.x.c, threads.num_threads());
    const auto scratch = Scratch(floats);
    const PackedMatrix packed(filter.data(), depth, test.cout);
    Conv2D(window, x.view(), packed, epilogue, y, scratch->values<float>(), threads);
  });
}

void CheckConvolution(const Case& test) {
  CheckConvolution(test,
                   Dense(test.x.n, test.window.OutputHeight(test.x.h), test.window.OutputWidth(test.x.w), test.cout));
}

TEST(Conv2DTest, KernelsAndStridesWithSamePadding) {
  for (const int channels : {1, 3, 5, 16, 20}) {
    for (const int kernel : {1, 2, 3, 5, 7}) {
      for (const int stride : {1, 2, 3}) {
        CheckConvolution({.window = SameWindow(9, 11, kernel, stride), .x = Dense(1, 9, 11, channels)});
      }
    }
  }
}

TEST(Conv2DTest, Valid) {
  CheckConvolution({.window = {3, 3, 2, 2, {}}, .x = Dense(2, 15, 14, 3), .cout = 32});
  CheckConvolution({.window = {3, 3, 1, 1, {}}, .x = Padded(2, 9, 8, 32), .cout = 64});
}

TEST(Conv2DTest, AsymmetricKernelsStridesAndPaddings) {
  CheckConvolution({.window = {1, 7, 1, 1, {0, 0, 3, 3}}, .x = Dense(1, 6, 9, 8)});
  CheckConvolution({.window = {7, 1, 1, 1, {3, 3, 0, 0}}, .x = Dense(1, 6, 9, 8)});
  CheckConvolution({.window = {3, 2, 1, 2, {2, 0, 0, 1}}, .x = Dense(2, 6, 9, 3)});
  CheckConvolution({.window = {2, 3, 3, 1, {0, 1, 1, 1}}, .x = Dense(1, 7, 5, 4)});
}

// MobileNet pads only at the bottom and right; a window may also lie outside altogether.
TEST(Conv2DTest, PaddingOnOneSideAndBeyondTheImage) {
  CheckConvolution({.window = {3, 3, 2, 2, {0, 1, 0, 1}}, .x = Dense(2, 8, 8, 3), .cout = 16});
  CheckConvolution({.window = {3, 3, 1, 1, {4, 4, 4, 4}}, .x = Dense(1, 2, 2, 3), .cout = 5});
  CheckConvolution({.window = {3, 3, 1, 1, {4, 4, 4, 4}}, .x = Padded(1, 2, 2, 40), .cout = 5});
}

TEST(Conv2DTest, WindowsWiderThanTheImage) {
  for (const int stride : {1, 2, 3}) {
    CheckConvolution({.window = {3, 3, stride, stride, {0, 2, 0, 2}}, .x = Dense(1, 1, 1, 3), .cout = 4});
    CheckConvolution({.window = {5, 5, stride, stride, {2, 2, 2, 2}}, .x = Dense(2, 2, 2, 3), .cout = 4});
    CheckConvolution({.window = {5, 5, stride, stride, {2, 2, 2, 2}}, .x = Padded(2, 2, 2, 3), .cout = 4});
  }
}

// With few channels rows of the window are merged only where pixels follow each other without gaps.
TEST(Conv2DTest, EveryLayout) {
  for (const int channels : {3, 37}) {
    for (const Layout& x : AllLayouts(2, 5, 6, channels)) {
      for (const Layout& y : AllLayouts(2, 5, 6, 45)) {
        CheckConvolution({.window = SameWindow(5, 6, 3, 1), .x = x, .cout = 45, .residual = true}, y);
      }
    }
  }
}

TEST(Conv2DTest, ManyBlocks) {
  CheckConvolution({.window = {3, 3, 2, 2, {}}, .x = Dense(2, 61, 63, 3), .cout = 32});
  CheckConvolution({.window = SameWindow(30, 31, 1, 2), .x = Dense(4, 30, 31, 17), .cout = 32});
}

}  // namespace
}  // namespace siskin
