#include "kernels/elementwise/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/testing.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::AllLayouts;
using testing::Buffer;
using testing::CheckKernel;
using testing::Close;
using testing::Dense;
using testing::Layout;
using testing::RandomBuffer;

using testing::kNan;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr Activation kActivations[] = {Activation::kNone, Activation::kRelu, Activation::kRelu6};

// The last is several work items, dense ones and by pixel.
constexpr int kShapes[][4] = {{1, 1, 1, 1}, {2, 3, 2, 4}, {1, 2, 2, 17}, {1, 3, 1, 40}, {1, 40, 30, 31}};

TEST(Activate, AgreesWithReferenceInAnyLayout) {
  for (const auto& [n, h, w, c] : kShapes) {
    for (const Activation activation : kActivations) {
      Buffer expected(Dense(n, h, w, c));
      reference::Activate(RandomBuffer(Dense(n, h, w, c), 1, -9, 9).view(), activation, expected.view());
      for (const Layout& layout : AllLayouts(n, h, w, c)) {
        const Buffer x = RandomBuffer(layout, 1, -9, 9);
        CheckKernel(layout, expected.view(), {},
                    [&](View y, ThreadPool& threads) { Activate(x.view(), activation, y, threads); });
        const ConstView initial = x.view();
        CheckKernel(
            layout, expected.view(), {}, [&](View y, ThreadPool& threads) { Activate(y, activation, y, threads); },
            &initial);
      }
    }
  }
}

TEST(Activate, MixedLayouts) {
  const Buffer padded = RandomBuffer(testing::Padded(1, 3, 3, 21), 1), dense = RandomBuffer(Dense(1, 3, 3, 21), 1);
  Buffer expected(Dense(1, 3, 3, 21));
  reference::Activate(dense.view(), Activation::kRelu, expected.view());
  CheckKernel(Dense(1, 3, 3, 21), expected.view(), {},
              [&](View y, ThreadPool& threads) { Activate(padded.view(), Activation::kRelu, y, threads); });
  CheckKernel(testing::Padded(1, 3, 3, 21), expected.view(), {},
              [&](View y, ThreadPool& threads) { Activate(dense.view(), Activation::kRelu, y, threads); });
}

TEST(Activate, NanStaysAndInfinityIsClamped) {
  testing::OnEveryIsa([] {
    ThreadPool threads(1);
    for (const Activation activation : kActivations) {
      std::vector<float> x(23, 1.0f);
      x[0] = x[18] = x[22] = kNan;
      x[1] = kInfinity;
      x[2] = -kInfinity;
      Activate(DenseView(x.data(), 1, 1, 1, 23), activation, DenseView(x.data(), 1, 1, 1, 23), threads);
      for (int i = 0; i < 23; ++i) EXPECT_EQ(std::isnan(x[i]), i == 0 || i == 18 || i == 22) << i;
      EXPECT_EQ(x[1], activation == Activation::kRelu6 ? 6.0f : kInfinity);
      EXPECT_EQ(x[2], activation == Activation::kNone ? -kInfinity : 0.0f);
    }
  });
}

TEST(Add, AgreesWithReferenceInAnyLayout) {
  for (const auto& [n, h, w, c] : kShapes) {
    const Buffer a = RandomBuffer(Dense(n, h, w, c), 1, -9, 9), b = RandomBuffer(Dense(n, h, w, c), 2, -9, 9);
    for (const Activation activation : kActivations) {
      Buffer expected(Dense(n, h, w, c));
      reference::Add(a.view(), b.view(), activation, expected.view());
      for (const Layout& layout : AllLayouts(n, h, w, c)) {
        const Buffer b2 = RandomBuffer(layout, 2, -9, 9);
        CheckKernel(layout, expected.view(), {},
                    [&](View y, ThreadPool& threads) { Add(a.view(), b2.view(), activation, y, threads); });
        const ConstView initial = a.view();
        CheckKernel(
            layout, expected.view(), {},
            [&](View y, ThreadPool& threads) { Add(y, b2.view(), activation, y, threads); }, &initial);
        CheckKernel(
            layout, expected.view(), {},
            [&](View y, ThreadPool& threads) { Add(b2.view(), y, activation, y, threads); }, &initial);
      }
    }
  }
}

enum class Base { kNone, kOther, kInPlace };

void CheckActivationInputGradient(const Layout& x_layout, const Layout& dy_layout, const Layout& base_layout,
                                  const Layout& dx_layout, Base kind) {
  const Buffer x = RandomBuffer(x_layout, 1, -9, 9), dy = RandomBuffer(dy_layout, 2),
               base = RandomBuffer(base_layout, 3);
  const ConstView initial = base.view();
  for (const Activation activation : kActivations) {
    Buffer expected(Dense(x_layout.n, x_layout.h, x_layout.w, x_layout.c));
    reference::ActivationInputGradient(x.view(), activation, dy.view(), kind == Base::kNone ? ConstView() : base.view(),
                                       expected.view());
    CheckKernel(
        dx_layout, expected.view(), {},
        [&](View dx, ThreadPool& threads) {
          const ConstView other = kind == Base::kInPlace ? ConstView(dx) : base.view();
          ActivationInputGradient(x.view(), activation, dy.view(), kind == Base::kNone ? ConstView() : other, dx,
                                  threads);
        },
        kind == Base::kInPlace ? &initial : nullptr);
  }
  EXPECT_TRUE(x.Intact());
  EXPECT_TRUE(dy.Intact());
}

TEST(ActivationInputGradient, AgreesWithReferenceInAnyLayout) {
  for (const Base kind : {Base::kNone, Base::kOther, Base::kInPlace}) {
    for (const auto& [n, h, w, c] : kShapes) {
      const Layout dense = Dense(n, h, w, c);
      CheckActivationInputGradient(dense, dense, dense, dense, kind);
    }
    const Layout dense = Dense(2, 3, 2, 21);
    for (const Layout& layout : AllLayouts(2, 3, 2, 21)) {
      CheckActivationInputGradient(layout, dense, dense, dense, kind);
      CheckActivationInputGradient(dense, layout, dense, dense, kind);
      CheckActivationInputGradient(dense, dense, layout, dense, kind);
      CheckActivationInputGradient(dense, dense, dense, layout, kind);
    }
  }
}

TEST(ActivationInputGradient, DyMayBeOverwritten) {
  const Buffer x = RandomBuffer(Dense(2, 3, 2, 21), 1, -9, 9);
  for (const Layout& layout : AllLayouts(2, 3, 2, 21)) {
    const Buffer dy = RandomBuffer(layout, 2);
    const ConstView initial = dy.view();
    Buffer expected(Dense(2, 3, 2, 21));
    reference::ActivationInputGradient(x.view(), Activation::kRelu, dy.view(), {}, expected.view());
    CheckKernel(
        layout, expected.view(), {},
        [&](View dx, ThreadPool& threads) {
          ActivationInputGradient(x.view(), Activation::kRelu, dx, {}, dx, threads);
        },
        &initial);
  }
}

// At the ends the slope is 0, as Keras has it.
TEST(ActivationInputGradient, EndsOfTheRange) {
  testing::OnEveryIsa([] {
    ThreadPool threads(1);
    std::vector<float> x = {0, -0.0f, 1e-30f, 6, 5.9999995f, 7, -1}, dy(7, 2.0f), dx(7, kNan);
    const auto check = [&](Activation activation, const std::vector<float>& expected) {
      ActivationInputGradient(DenseView(x.data(), 1, 1, 1, 7), activation, DenseView(dy.data(), 1, 1, 1, 7), {},
                              DenseView(dx.data(), 1, 1, 1, 7), threads);
      EXPECT_EQ(dx, expected);
    };
    check(Activation::kNone, {2, 2, 2, 2, 2, 2, 2});
    check(Activation::kRelu, {0, 0, 2, 2, 2, 2, 0});
    check(Activation::kRelu6, {0, 0, 2, 0, 2, 0, 0});
  });
}

TEST(CopyChannels, WritesItsPartOnly) {
  for (const int offset : {0, 1, 16, 20}) {
    for (const int c : {1, 5, 16, 33}) {
      for (const int after : {0, 3}) {
        for (const Layout& layout : AllLayouts(2, 3, 4, c)) {
          const Buffer x = RandomBuffer(layout, 1), whole = RandomBuffer(Dense(2, 3, 4, offset + c + after), 2);
          Buffer expected(Dense(2, 3, 4, offset + c + after));
          expected.CopyFrom(whole.view());
          reference::CopyChannels(x.view(), expected.view(), offset);
          const ConstView initial = whole.view();
          CheckKernel(
              testing::Padded(2, 3, 4, offset + c + after), expected.view(), {},
              [&](View y, ThreadPool& threads) { CopyChannels(x.view(), y, offset, threads); }, &initial);
        }
      }
    }
  }
}

TEST(Softmax, AgreesWithReference) {
  for (const int classes : {1, 2, 3, 1000}) {
    const std::vector<float> logits = testing::RandomFloats(5 * classes, 1, -20, 20);
    std::vector<float> expected(logits.size()), got(logits.size(), kNan);
    reference::Softmax(logits.data(), 5, classes, expected.data());
    Softmax(logits, classes, got);
    EXPECT_TRUE(Close(got, expected, {}));
    std::vector<float> in_place = logits;
    Softmax(in_place, classes, in_place);
    EXPECT_EQ(in_place, got);
  }
}

TEST(Softmax, LargeLogitsDoNotOverflowAndNanSpoilsItsRowOnly) {
  std::vector<float> p = {3e38f, 3e38f, -3e38f, 0, kNan, 0};
  Softmax(p, 3, p);
  EXPECT_EQ(p[0], 0.5f);
  EXPECT_EQ(p[1], 0.5f);
  EXPECT_EQ(p[2], 0.0f);
  for (int i = 3; i < 6; ++i) EXPECT_TRUE(std::isnan(p[i]));
}

TEST(Sigmoid, AgreesWithReference) {
  const std::vector<float> logits = testing::RandomFloats(1000, 1, -30, 30);
  std::vector<float> expected(logits.size()), got(logits.size(), kNan);
  reference::Sigmoid(logits.data(), static_cast<int>(logits.size()), expected.data());
  Sigmoid(logits, got);
  EXPECT_TRUE(Close(got, expected, {}));
}

TEST(Sigmoid, EndsOfTheRange) {
  std::vector<float> p = {0, 3e38f, -3e38f, kInfinity, -kInfinity, kNan, -50};
  Sigmoid(p, p);
  EXPECT_EQ(p[0], 0.5f);
  EXPECT_EQ(p[1], 1.0f);
  EXPECT_EQ(p[2], 0.0f);
  EXPECT_EQ(p[3], 1.0f);
  EXPECT_EQ(p[4], 0.0f);
  EXPECT_TRUE(std::isnan(p[5]));
  EXPECT_NEAR(p[6], 1.9287498e-22f, 1e-28f);  // small but not 0: its logarithm is finite
}

TEST(ScaleBytes, AgreesWithTheFormula) {
  const float scale[] = {1 / 127.5f, 0.5f, -2.0f, 3.0f}, shift[] = {-1, 10, 0.25f, -7};
  for (const int channels : {1, 2, 3, 4}) {
    for (const int pixels : {1, 2, 7, 16, 53, 300}) {
      std::vector<unsigned char> bytes(static_cast<size_t>(pixels) * channels);
      std::vector<float> expected(bytes.size());
      for (size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<unsigned char>(i * 37);
        expected[i] = static_cast<float>(static_cast<double>(bytes[i]) * scale[i % channels] + shift[i % channels]);
      }
      testing::OnEveryIsa([&] {
        Buffer got(Dense(1, 1, 1, static_cast<int>(bytes.size())), 64);
        ScaleBytes(bytes, channels, scale, shift, {got.view().data, bytes.size()});
        EXPECT_TRUE(Close({got.view().data, bytes.size()}, expected, {.depth = 2}));
        EXPECT_TRUE(got.Intact());
      });
    }
  }
}

TEST(ScaleBytes, ValueDoesNotDependOnThePlace) {
  const float scale[] = {1 / 127.5f}, shift[] = {-1};
  testing::OnEveryIsa([&] {
    std::vector<unsigned char> bytes(100, 77);
    std::vector<float> y(100);
    ScaleBytes(bytes, 1, scale, shift, y);
    for (const float value : y) EXPECT_EQ(value, y[0]);
  });
}

}  // namespace
}  // namespace siskin
