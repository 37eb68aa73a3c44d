// The comparer is what every other test trusts, so each way of being wrong is shown to it once.
#include "kernels/testing_compare.h"

#include <gtest/gtest-spi.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/testing.h"
#include "kernels/isa.h"
#include "kernels/testing_kernels.h"

namespace siskin::testing {
namespace {

using testing::kNan;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> Expected() {
  return RandomFloats(1000, 7);
}

// 2^-24 * 8 * max|expected| with |expected| <= 1.
constexpr float kBound = 8 * 0x1p-24f;

bool IsClose(const std::vector<float>& got, const std::vector<float>& expected) {
  return static_cast<bool>(Close(got, expected, {}));
}

TEST(Close, AcceptsEqualAndRoundingNoise) {
  std::vector<float> got = Expected();
  EXPECT_TRUE(Close(got, Expected(), {}));
  Random random(1, RandomPurpose::kTest);
  for (float& value : got) value += random.Uniform(-0.9f, 0.9f) * kBound;
  EXPECT_TRUE(Close(got, Expected(), {}));
}

TEST(Close, AllowsMoreForLongerSums) {
  std::vector<float> got = Expected();
  got[3] += 5 * kBound;
  EXPECT_FALSE(Close(got, Expected(), {}));
  EXPECT_TRUE(Close(got, Expected(), {.depth = 100}));
  EXPECT_FALSE(Close(got, Expected(), {.depth = 100, .factor = 1}));
  EXPECT_TRUE(Close(got, Expected(), {.relative = 1e-4}));
  got[3] += 2e-4f;
  EXPECT_FALSE(Close(got, Expected(), {.relative = 1e-4}));
}

TEST(Close, RejectsNanAndInfinityOnEitherSide) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    std::vector<float> got = Expected();
    got[999] = bad;
    EXPECT_FALSE(IsClose(got, Expected())) << bad;
    EXPECT_FALSE(IsClose(Expected(), got)) << bad;
    EXPECT_FALSE(IsClose(got, got)) << bad << " on both sides proves nothing";
  }
}

TEST(Close, RejectsOneWrongElement) {
  for (const size_t i : {size_t{0}, size_t{500}, size_t{999}}) {
    std::vector<float> got = Expected();
    got[i] += 3 * kBound;
    EXPECT_FALSE(IsClose(got, Expected())) << i;
    got[i] -= 6 * kBound;
    EXPECT_FALSE(IsClose(got, Expected())) << i;
  }
}

TEST(Close, RejectsWrongSign) {
  std::vector<float> got = Expected();
  got[17] = -got[17];
  EXPECT_FALSE(IsClose(got, Expected()));
  for (float& value : got) value = -value;
  EXPECT_FALSE(IsClose(got, Expected()));
}

TEST(Close, RejectsConstantBiasBelowTheBound) {
  std::vector<float> got = Expected();
  for (float& value : got) value += 0.4f * kBound;  // each element alone would pass
  const auto result = Close(got, Expected(), {});
  EXPECT_FALSE(result);
  EXPECT_NE(std::string(result.message()).find("bias"), std::string::npos) << result.message();
}

TEST(Close, RejectsWrongShapeAndNothing) {
  const std::vector<float> six(6, 1.0f);
  EXPECT_FALSE(Close(Shape{2, 3}, six, Shape{3, 2}, six, {}));
  EXPECT_FALSE(Close(Shape{7}, six, Shape{7}, six, {}));
  EXPECT_TRUE(Close(Shape{2, 3}, six, Shape{2, 3}, six, {}));
  EXPECT_FALSE(IsClose({}, {}));
  EXPECT_FALSE(IsClose({1.0f}, {1.0f, 1.0f}));
  EXPECT_FALSE(Close(DenseView(six.data(), 0, 1, 1, 6), DenseView(six.data(), 0, 1, 1, 6), {}));
}

TEST(Close, ZeroMustBeZero) {
  EXPECT_TRUE(IsClose({0.0f, 0.0f}, {0.0f, -0.0f}));
  EXPECT_FALSE(IsClose({0.0f, 1e-30f}, {0.0f, 0.0f}));
}

TEST(Close, ReportsTheWorstElement) {
  Buffer expected = RandomBuffer(Dense(2, 3, 4, 5), 11), got = RandomBuffer(Slice(2, 3, 4, 5, 1, 2), 11);
  EXPECT_TRUE(Close(got.view(), expected.view(), {}));
  *got.view().pixel(0, 0, 1) += 0.25f;
  got.view().pixel(1, 2, 3)[4] = 42.0f;
  const std::string message = Close(got.view(), expected.view(), {.seed = 11}).message();
  for (const std::string& part : {std::string("2 of 120"), std::string("(1, 2, 3, 4)"), std::string("42"),
                                  std::string("2x3x4x5"), std::string("seed 11"), CurrentIsa()}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " is not in: " << message;
  }
  got.view().pixel(1, 0, 0)[2] = kNan;  // worse than any number
  EXPECT_NE(std::string(Close(got.view(), expected.view(), {}).message()).find("(1, 0, 0, 2)"), std::string::npos);
}

TEST(SameBits, DistinguishesZeroesAndAcceptsNan) {
  std::vector<float> a = {0.0f, kNan}, b = {0.0f, kNan};
  EXPECT_TRUE(SameBits(DenseView(a.data(), 1, 1, 1, 2), DenseView(b.data(), 1, 1, 1, 2)));
  EXPECT_FALSE(SameBits(DenseView(a.data(), 1, 1, 1, 2), DenseView(b.data(), 1, 1, 2, 1)));
  EXPECT_FALSE(SameBits(DenseView(a.data(), 1, 1, 0, 2), DenseView(b.data(), 1, 1, 0, 2)));
  b[0] = -0.0f;
  EXPECT_FALSE(SameBits(DenseView(a.data(), 1, 1, 1, 2), DenseView(b.data(), 1, 1, 1, 2)));
}

TEST(Buffer, StartsAsNanAndHoldsTheSameNumbersInEveryLayout) {
  Buffer dense = RandomBuffer(Dense(2, 3, 2, 7), 5, -2, 2);
  for (const Layout& layout : AllLayouts(2, 3, 2, 7)) {
    Buffer buffer(layout);
    EXPECT_TRUE(std::isnan(*buffer.view().pixel(1, 2, 1)));
    buffer.FillRandom(5, -2, 2);
    EXPECT_TRUE(SameBits(buffer.view(), dense.view()));
    EXPECT_TRUE(buffer.Intact());
  }
}

TEST(Buffer, SeesWritesAroundTheView) {
  for (const int position : {-1, 7, 8, 2 * 10 + 7, 5 * 10 + 7, 5 * 10 + 7 + 63}) {
    Buffer buffer(Slice(1, 2, 3, 7, 1, 2), 64);
    EXPECT_TRUE(buffer.Intact());
    buffer.view().data[position] = kNan;
    EXPECT_FALSE(buffer.Intact()) << position;
  }
  // The padding lanes of a padded view may be written, the ones beyond not.
  Layout wide = Padded(1, 2, 3, 7);
  wide.stride = 32;
  Buffer padded(wide, 64);
  padded.view().data[15] = 1.0f;
  EXPECT_TRUE(padded.Intact());
  padded.view().data[16] = 1.0f;
  EXPECT_FALSE(padded.Intact());
}

// Each lambda is a kernel with one defect; CheckKernel must report a failure.
TEST(CheckKernel, SeesDefects) {
  const Layout layout = Slice(1, 4, 4, 5, 2, 3);
  Buffer expected = RandomBuffer(Dense(1, 4, 4, 5), 3);
  const auto copy = [&](View y) {
    for (size_t p = 0; p < y.num_pixels(); ++p) {
      for (int c = 0; c < y.c; ++c) y.data[p * y.stride + c] = expected.view().data[p * 5 + c];
    }
  };
  CheckKernel(layout, expected.view(), {}, [&](View y, ThreadPool&) { copy(y); });

  const auto failures = [&](const std::function<void(View, ThreadPool&)>& kernel) {
    ::testing::TestPartResultArray results;
    {
      ::testing::ScopedFakeTestPartResultReporter reporter(
          ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
      CheckKernel(layout, expected.view(), {}, kernel);
    }
    return results.size();
  };
  EXPECT_GT(failures([](View, ThreadPool&) {}), 0) << "writes nothing";
  EXPECT_GT(failures([&](View y, ThreadPool&) {
              copy(y);
              y.data[y.c] = 0;
            }),
            0)
      << "writes a neighbour's lane";
  EXPECT_GT(failures([&](View y, ThreadPool&) {
              copy(y);
              y.data[y.stride * y.num_pixels()] = 0;
            }),
            0)
      << "writes after the end";
  EXPECT_GT(failures([&](View y, ThreadPool& threads) {
              copy(y);
              if (threads.num_threads() == 3) y.data[0] = std::nextafter(y.data[0], 9.0f);
            }),
            0)
      << "depends on the number of threads";
}

}  // namespace
}  // namespace siskin::testing
