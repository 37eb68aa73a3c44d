#include "kernels/conv/input_gradient.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/conv/conv.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using namespace siskin::testing;

constexpr uint64_t kSeed = 20240707;

// The input gradient as the training plan computes it: dy spread, then convolved with the turned filter.
void CheckInputGradient(const WindowParams& params, int h, int w, int cin, int cout, bool with_base = false) {
  SCOPED_TRACE(fmt::format("kernel {}x{} stride {}x{} padding {} {} {} {}, {}x{}x{} to {}", params.kernel_h,
                           params.kernel_w, params.stride_h, params.stride_w, params.padding.top, params.padding.bottom,
                           params.padding.left, params.padding.right, h, w, cin, cout));
  const int taps = params.kernel_h * params.kernel_w;
  const Buffer dy = RandomBuffer(Dense(2, params.OutputHeight(h), params.OutputWidth(w), cout), kSeed);
  const std::vector<float> filter = RandomFloats(static_cast<size_t>(taps * cin * cout), kSeed + 1);
  const Buffer base = RandomBuffer(Dense(2, h, w, cin), kSeed + 2);
  Buffer expected(Dense(2, h, w, cin));
  reference::Conv2DInputGradient(params, dy.view(), filter.data(), expected.view());
  if (with_base) reference::Add(expected.view(), base.view(), Activation::kNone, expected.view());
  const Layout spread_layout =
      Dense(2, (dy.view().h - 1) * params.stride_h + 1, (dy.view().w - 1) * params.stride_w + 1, cout);
  const ConstView initial = base.view();
  CheckKernel(
      Dense(2, h, w, cin), expected.view(), {.depth = taps * cout, .seed = kSeed},
      [&](View dx, ThreadPool& threads) {
        Buffer spread(spread_layout, 64);
        Dilate(params, dy.view(), View(), spread.view(), threads);
        EXPECT_TRUE(spread.Intact());
        const WindowParams window = InputGradientWindow(params, h, w);
        const size_t scratch_floats = Conv2DScratch(window, cout, threads.num_threads());
        Buffer scratch(Dense(1, 1, 1, std::max(1, static_cast<int>(scratch_floats))), 64);
        PackedMatrix packed;
        packed.PackTurned(filter.data(), taps, cin, cout, threads);
        Conv2D(window, spread.view(), packed, {.residual = with_base ? dx : View()}, dx,
               {scratch.view().data, static_cast<size_t>(scratch.view().c)}, threads);
        EXPECT_TRUE(scratch.Intact());
      },
      with_base ? &initial : nullptr);
}

WindowParams Same(int h, int w, int kernel_h, int kernel_w, int stride) {
  return {kernel_h, kernel_w, stride, stride, SamePadding(h, w, kernel_h, kernel_w, stride, stride)};
}

TEST(Conv2DInputGradient, KernelsStridesAndSizes) {
  for (const auto& [kh, kw] : {std::pair{1, 1}, std::pair{2, 2}, std::pair{3, 3}, std::pair{1, 7}, std::pair{5, 3}}) {
    for (const int stride : {1, 2, 3}) {
      for (const auto& [h, w] : {std::pair{7, 8}, std::pair{8, 7}, std::pair{9, 10}}) {
        CheckInputGradient(Same(h, w, kh, kw, stride), h, w, 5, 6);
        CheckInputGradient({kh, kw, stride, stride, {}}, h, w, 5, 6);
      }
    }
  }
}

TEST(Conv2DInputGradient, Channels) {
  for (const auto& [cin, cout] :
       {std::pair{1, 1}, std::pair{3, 17}, std::pair{16, 3}, std::pair{33, 35}, std::pair{21, 70}}) {
    CheckInputGradient(Same(6, 7, 3, 3, 1), 6, 7, cin, cout);
    CheckInputGradient(Same(6, 7, 3, 3, 2), 6, 7, cin, cout);
  }
}

// More padding than the window needs (its gradient is cut off), less on one side than on the other, strides of two
// kinds.
TEST(Conv2DInputGradient, AsymmetricWindows) {
  for (const WindowParams& window : {WindowParams{3, 3, 2, 2, {0, 1, 0, 1}}, WindowParams{3, 3, 2, 2, {1, 0, 1, 0}},
                                     WindowParams{3, 3, 1, 2, {1, 1, 0, 1}}, WindowParams{3, 3, 2, 1, {0, 0, 2, 0}},
                                     WindowParams{1, 1, 1, 1, {1, 0, 2, 1}}, WindowParams{1, 1, 2, 2, {1, 0, 0, 2}},
                                     WindowParams{1, 1, 2, 3, {3, 3, 3, 3}}, WindowParams{3, 3, 1, 1, {5, 5, 5, 5}},
                                     WindowParams{3, 3, 2, 2, {5, 4, 3, 6}}, WindowParams{2, 5, 3, 2, {0, 4, 1, 7}}}) {
    CheckInputGradient(window, 6, 8, 5, 20);
    CheckInputGradient(window, 6, 8, 20, 5);
  }
}

TEST(Conv2DInputGradient, IsAddedToWhatIsThere) {
  CheckInputGradient(Same(6, 7, 3, 3, 1), 6, 7, 21, 18, true);
  CheckInputGradient(Same(6, 7, 3, 3, 2), 6, 7, 21, 18, true);
}

enum class Base { kNone, kOther, kInPlace };

// h, w: of the spread image, which may reach beyond the last pixel of dy.
void CheckDilate(int stride_h, int stride_w, int h, int w, const Layout& dy_layout, const Layout& spread_layout,
                 const Layout& base_layout, Base kind) {
  SCOPED_TRACE(fmt::format("stride {}x{}, {}x{} to {}x{}, dy stride {}", stride_h, stride_w, dy_layout.h, dy_layout.w,
                           h, w, dy_layout.stride));
  const WindowParams params{.stride_h = stride_h, .stride_w = stride_w};
  const Buffer dy = RandomBuffer(dy_layout, kSeed), base = RandomBuffer(base_layout, kSeed + 1);
  Buffer expected(Dense(dy_layout.n, h, w, dy_layout.c));
  const View e = expected.view();
  for (int image = 0; image < e.n; ++image) {
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        const bool hit =
            y % stride_h == 0 && x % stride_w == 0 && y / stride_h < dy_layout.h && x / stride_w < dy_layout.w;
        for (int c = 0; c < e.c; ++c) {
          const float value = hit ? dy.view().pixel(image, y / stride_h, x / stride_w)[c] : 0.0f;
          e.pixel(image, y, x)[c] = value + (kind == Base::kNone ? 0.0f : base.view().pixel(image, y, x)[c]);
        }
      }
    }
  }
  const ConstView initial = base.view();
  CheckKernel(
      spread_layout, expected.view(), {},
      [&](View spread, ThreadPool& threads) {
        const ConstView other = kind == Base::kInPlace ? ConstView(spread) : base.view();
        Dilate(params, dy.view(), kind == Base::kNone ? ConstView() : other, spread, threads);
      },
      kind == Base::kInPlace ? &initial : nullptr);
  EXPECT_TRUE(dy.Intact());
}

TEST(Dilate, StridesAndSizes) {
  for (const Base kind : {Base::kNone, Base::kOther, Base::kInPlace}) {
    for (const auto& [sh, sw] : {std::pair{1, 1}, std::pair{2, 2}, std::pair{3, 2}, std::pair{1, 4}}) {
      for (const int more : {0, 1, 3}) {
        const int h = 2 * sh + 1 + more, w = 3 * sw + 1 + more;
        const Layout spread = Dense(2, h, w, 5);
        CheckDilate(sh, sw, h, w, Dense(2, 3, 4, 5), spread, spread, kind);
      }
    }
  }
}

TEST(Dilate, AnyLayout) {
  for (const Base kind : {Base::kNone, Base::kOther, Base::kInPlace}) {
    for (const Layout& dy : AllLayouts(2, 2, 3, 21))
      CheckDilate(2, 2, 3, 5, dy, Dense(2, 3, 5, 21), Dense(2, 3, 5, 21), kind);
    for (const Layout& layout : AllLayouts(2, 3, 5, 21)) {
      CheckDilate(2, 2, 3, 5, Dense(2, 2, 3, 21), layout, Dense(2, 3, 5, 21), kind);
      CheckDilate(2, 2, 3, 5, Dense(2, 2, 3, 21), Dense(2, 3, 5, 21), layout, kind);
    }
  }
}

}  // namespace
}  // namespace siskin
