#include "kernels/pool/pool_gradient.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/testing.h"
#include "kernels/pool/testing_pool.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::AllLayouts;
using testing::Buffer;
using testing::CheckKernel;
using testing::Dense;
using testing::kNan;
using testing::Layout;
using testing::PoolCase;
using testing::PoolCases;
using testing::RandomBuffer;
using testing::SquareWindow;

constexpr uint64_t kSeed = 20240706;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr uint16_t kNoTap = 0xA5A5;

// Taps of a forward pass, with a guard.
struct Taps {
  explicit Taps(ConstView y) : size(y.num_pixels() * static_cast<size_t>(y.c)), values(size + 64, kNoTap) {}
  bool Intact() const {
    for (size_t i = size; i < values.size(); ++i) {
      if (values[i] != kNoTap) return false;
    }
    return true;
  }
  size_t size;
  std::vector<uint16_t> values;
};

// Every tap is the first place of its window whose value is the largest.
void ExpectTaps(const WindowParams& params, ConstView x, ConstView y, const Taps& taps) {
  size_t next = 0;
  for (int image = 0; image < y.n; ++image) {
    for (int oy = 0; oy < y.h; ++oy) {
      for (int ox = 0; ox < y.w; ++ox) {
        for (int c = 0; c < y.c; ++c, ++next) {
          int first = -1;
          for (int tap = params.kernel_h * params.kernel_w - 1; tap >= 0; --tap) {
            const int iy = oy * params.stride_h - params.padding.top + tap / params.kernel_w;
            const int ix = ox * params.stride_w - params.padding.left + tap % params.kernel_w;
            if (iy < 0 || iy >= x.h || ix < 0 || ix >= x.w) continue;
            if (x.pixel(image, iy, ix)[c] == y.pixel(image, oy, ox)[c]) first = tap;
          }
          ASSERT_EQ(taps.values[next], first) << "(" << image << ", " << oy << ", " << ox << ", " << c << ")";
        }
      }
    }
  }
}

void CheckMaxPool(const PoolCase& c, const Buffer& x, const Layout& y_layout, const Buffer& dy,
                  const Layout& dx_layout) {
  SCOPED_TRACE(c.Describe());
  Buffer expected_y(c.Output(2)), expected_dx(Dense(2, c.h, c.w, c.c));
  reference::MaxPool(c.params, x.view(), expected_y.view());
  reference::MaxPoolInputGradient(c.params, x.view(), dy.view(), expected_dx.view());
  CheckKernel(y_layout, expected_y.view(), {}, [&](View y, ThreadPool& threads) {
    Taps taps(y);
    MaxPoolWithTaps(c.params, x.view(), y, taps.values.data(), threads);
    ExpectTaps(c.params, x.view(), y, taps);
    EXPECT_TRUE(taps.Intact());
  });
  Buffer y(y_layout);
  Taps taps(y.view());
  ThreadPool one(1);
  MaxPoolWithTaps(c.params, x.view(), y.view(), taps.values.data(), one);
  CheckKernel(dx_layout, expected_dx.view(), {.depth = c.params.kernel_h * c.params.kernel_w, .seed = kSeed},
              [&](View dx, ThreadPool& threads) {
                MaxPoolInputGradient(c.params, dy.view(), taps.values.data(), dx, threads);
              });
  EXPECT_TRUE(x.Intact());
  EXPECT_TRUE(dy.Intact());
}

TEST(MaxPoolGradient, AgreesWithReference) {
  for (const PoolCase& c : PoolCases()) {
    CheckMaxPool(c, RandomBuffer(Dense(2, c.h, c.w, c.c), kSeed), c.Output(2), RandomBuffer(c.Output(2), kSeed + 1),
                 Dense(2, c.h, c.w, c.c));
  }
}

TEST(MaxPoolGradient, AnyLayout) {
  const PoolCase c = {5, 6, 21, SameWindow(5, 6, 3, 2)};
  const Layout out = c.Output(2), in = Dense(2, c.h, c.w, c.c);
  const std::vector<Layout> inputs = AllLayouts(in.n, in.h, in.w, in.c),
                            outputs = AllLayouts(out.n, out.h, out.w, out.c);
  for (size_t i = 0; i < inputs.size(); ++i) {
    CheckMaxPool(c, RandomBuffer(inputs[i], kSeed), out, RandomBuffer(out, kSeed + 1), in);
    CheckMaxPool(c, RandomBuffer(in, kSeed), outputs[i], RandomBuffer(out, kSeed + 1), in);
    CheckMaxPool(c, RandomBuffer(in, kSeed), out, RandomBuffer(outputs[i], kSeed + 1), in);
    CheckMaxPool(c, RandomBuffer(in, kSeed), out, RandomBuffer(out, kSeed + 1), inputs[i]);
  }
}

// After a ReLU most windows hold several zeros.
TEST(MaxPoolGradient, OfEqualValuesTheFirstGetsIt) {
  for (const PoolCase& c : PoolCases()) {
    Buffer x(Dense(2, c.h, c.w, c.c));
    const Buffer random = RandomBuffer(Dense(2, c.h, c.w, c.c), kSeed);
    reference::Activate(random.view(), Activation::kRelu, x.view());
    for (size_t i = 0; i < x.view().num_pixels() * static_cast<size_t>(c.c); ++i) {
      float& value = x.view().data[i];
      value = std::floor(3 * value);  // 0, 1 or 2
    }
    CheckMaxPool(c, x, c.Output(2), RandomBuffer(c.Output(2), kSeed + 1), Dense(2, c.h, c.w, c.c));
  }
}

TEST(MaxPoolGradient, MinusInfinityIsAValue) {
  testing::OnEveryIsa([] {
    ThreadPool threads(1);
    Buffer x(Dense(1, 3, 3, 19)), y(Dense(1, 2, 2, 19)), dx(Dense(1, 3, 3, 19));
    x.Fill(-kInfinity);
    Taps taps(y.view());
    const WindowParams params = SameWindow(3, 3, 3, 2);
    MaxPoolWithTaps(params, x.view(), y.view(), taps.values.data(), threads);
    ExpectTaps(params, x.view(), y.view(), taps);
    Buffer dy(Dense(1, 2, 2, 19));
    dy.Fill(1);
    MaxPoolInputGradient(params, dy.view(), taps.values.data(), dx.view(), threads);
    float sum = 0;
    for (int i = 0; i < 9 * 19; ++i) sum += dx.view().data[i];
    EXPECT_EQ(sum, 4 * 19);  // nothing lost in the padding
  });
}

TEST(MaxPoolGradient, NanWinsAtEveryPlaceOfTheWindow) {
  testing::OnEveryIsa([] {
    ThreadPool threads(1);
    for (const int kernel : {2, 3}) {
      for (int place = 0; place < kernel * kernel; ++place) {
        Buffer x = RandomBuffer(Dense(1, kernel, kernel, 19), 3), y(Dense(1, 1, 1, 19));
        x.view().data[place * 19 + 1] = kNan;
        x.view().data[place * 19 + 17] = kNan;
        Taps taps(y.view());
        MaxPoolWithTaps(SquareWindow(kernel, 2, {}), x.view(), y.view(), taps.values.data(), threads);
        for (const int c : {1, 17}) {
          EXPECT_TRUE(std::isnan(y.view().data[c])) << place;
          EXPECT_EQ(taps.values[static_cast<size_t>(c)], place);
        }
        for (const int c : {0, 2, 16, 18}) EXPECT_FALSE(std::isnan(y.view().data[c])) << place;
      }
    }
  });
}

// A window of more than 2^8 and one of almost 2^16 places: global pooling.
TEST(MaxPoolGradient, ManyPlaces) {
  for (const auto& [h, w] : {std::pair{20, 19}, std::pair{255, 257}}) {
    const PoolCase c = {h, w, 3, {h, w, 1, 1, {}}};
    CheckMaxPool(c, RandomBuffer(Dense(2, h, w, 3), kSeed), c.Output(2), RandomBuffer(c.Output(2), kSeed + 1),
                 Dense(2, h, w, 3));
  }
}

void CheckAveragePool(const PoolCase& c, const Buffer& dy, const Layout& dx_layout) {
  SCOPED_TRACE(c.Describe());
  Buffer expected(Dense(2, c.h, c.w, c.c));
  reference::AveragePoolInputGradient(c.params, dy.view(), expected.view());
  CheckKernel(dx_layout, expected.view(), {.depth = c.params.kernel_h * c.params.kernel_w, .seed = kSeed},
              [&](View dx, ThreadPool& threads) { AveragePoolInputGradient(c.params, dy.view(), dx, threads); });
  EXPECT_TRUE(dy.Intact());
}

TEST(AveragePoolGradient, AgreesWithReference) {
  for (const PoolCase& c : PoolCases()) {
    CheckAveragePool(c, RandomBuffer(c.Output(2), kSeed), Dense(2, c.h, c.w, c.c));
  }
}

TEST(AveragePoolGradient, AnyLayout) {
  const PoolCase c = {5, 6, 21, SameWindow(5, 6, 3, 1)};
  const Layout out = c.Output(2);
  for (const Layout& dy : AllLayouts(out.n, out.h, out.w, out.c)) {
    for (const Layout& dx : AllLayouts(2, c.h, c.w, c.c)) CheckAveragePool(c, RandomBuffer(dy, kSeed), dx);
  }
}

TEST(AveragePoolGradient, PaddingGetsNoShare) {
  std::vector<float> dy = {4, 8, 12, 16}, dx(9, kNan);
  ThreadPool threads(1);
  // "same" with stride 2 pads by 1 on every side: four pixels in each window, the middle one in all of them.
  AveragePoolInputGradient(SameWindow(3, 3, 3, 2), DenseView(dy.data(), 1, 2, 2, 1), DenseView(dx.data(), 1, 3, 3, 1),
                           threads);
  EXPECT_EQ(dx, (std::vector<float>{1, 3, 2, 4, 10, 6, 3, 7, 4}));
}

}  // namespace
}  // namespace siskin
