#include "kernels/gemm/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/testing.h"
#include "kernels/isa.h"
#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"
#include "tensor/half.h"

namespace siskin {
namespace {

using namespace siskin::testing;

constexpr uint64_t kSeed = 20240601;
using testing::kNan;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Product {
  int m, k, n;
};

void CheckProduct(const Product& size, const Layout& x_layout, const Layout& y_layout, bool with_bias,
                  bool with_residual, Activation activation) {
  SCOPED_TRACE(fmt::format("M {} K {} N {}, x stride {}{}", size.m, size.k, size.n, x_layout.stride,
                           x_layout.padded ? " padded" : ""));
  const Buffer x = RandomBuffer(x_layout, kSeed);
  const std::vector<float> b = RandomFloats(static_cast<size_t>(size.k) * size.n, kSeed + 1);
  const std::vector<float> bias = RandomFloats(size.n, kSeed + 2);
  Layout residual_layout = Slice(y_layout.n, y_layout.h, y_layout.w, y_layout.c, 3, 4);
  const Buffer residual = RandomBuffer(residual_layout, kSeed + 3);
  Epilogue epilogue{.bias = with_bias ? bias.data() : nullptr, .activation = activation};
  if (with_residual) epilogue.residual = residual.view();
  Buffer expected(Dense(y_layout.n, y_layout.h, y_layout.w, y_layout.c));
  reference::MatMul(x.view(), b.data(), epilogue, expected.view());
  CheckKernel(y_layout, expected.view(), {.depth = size.k, .seed = kSeed}, [&](View y, ThreadPool& threads) {
    const PackedMatrix packed(b.data(), size.k, size.n);
    MatMul(x.view(), packed, epilogue, y, threads);
  });
}

// Around every boundary of tiles (6 and 14 rows), vectors (4, 8, 16 lanes), panels (2 vectors) and the unrolled K loop.
TEST(MatMulTest, SizesAroundTilesAndPanels) {
  for (const int m : {1, 2, 5, 6, 7, 12, 13, 14, 15, 27, 28, 29, 43}) {
    for (const int n : {1, 7, 8, 9, 16, 17, 31, 32, 33, 65}) {
      const int k = 1 + (m * 7 + n) % 11;
      CheckProduct({m, k, n}, Dense(1, 1, m, k), Dense(1, 1, m, n), true, false, Activation::kRelu);
    }
  }
}

TEST(MatMulTest, DeepProducts) {
  for (const int k : {64, 255, 728, 2049}) {
    CheckProduct({30, k, 40}, Padded(2, 3, 5, k), Padded(2, 3, 5, 40), true, true, Activation::kNone);
  }
}

TEST(MatMulTest, EveryLayout) {
  for (const Layout& x : AllLayouts(1, 4, 5, 19)) {
    for (const Layout& y : AllLayouts(1, 4, 5, 37)) {
      CheckProduct({20, 19, 37}, x, y, true, true, Activation::kRelu6);
    }
  }
}

TEST(MatMulTest, EveryEpilogue) {
  for (const Activation activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6}) {
    for (const bool bias : {false, true}) {
      for (const bool residual : {false, true}) {
        CheckProduct({17, 40, 50}, Dense(1, 1, 17, 40), Dense(1, 1, 17, 50), bias, residual, activation);
      }
    }
  }
}

TEST(MatMulTest, ManyBlocksOfRows) {
  CheckProduct({1500, 9, 33}, Dense(3, 20, 25, 9), Dense(3, 20, 25, 33), true, false, Activation::kNone);
}

TEST(MatMulTest, ResidualMayBeTheOutput) {
  const std::vector<float> b = RandomFloats(20 * 45, kSeed + 1);
  const Buffer x = RandomBuffer(Dense(1, 5, 7, 20), kSeed);
  for (const Layout& layout : {Dense(1, 5, 7, 45), Padded(1, 5, 7, 45)}) {
    const Buffer before = RandomBuffer(layout, kSeed + 2);
    const ConstView initial = before.view();
    Buffer expected(layout);
    reference::MatMul(x.view(), b.data(), {.residual = initial, .activation = Activation::kRelu}, expected.view());
    CheckKernel(
        layout, expected.view(), {.depth = 20, .seed = kSeed},
        [&](View y, ThreadPool& threads) {
          MatMul(x.view(), PackedMatrix(b.data(), 20, 45), {.residual = y, .activation = Activation::kRelu}, y,
                 threads);
        },
        &initial);
  }
}

// Each image alone must give the bits that it gives inside a batch: predictions do not depend on their neighbours.
TEST(MatMulTest, BitsDoNotDependOnTheBatch) {
  constexpr int kBatch = 5, kRows = 9, k = 100, n = 70;
  const Buffer x = RandomBuffer(Dense(kBatch, 1, kRows, k), kSeed);
  const std::vector<float> b = RandomFloats(k * n, kSeed + 1);
  ThreadPool threads(2);
  OnEveryIsa([&] {
    const PackedMatrix packed(b.data(), k, n);
    Buffer all(Dense(kBatch, 1, kRows, n));
    MatMul(x.view(), packed, {}, all.view(), threads);
    for (int image = 0; image < kBatch; ++image) {
      Buffer one(Dense(1, 1, kRows, n));
      MatMul(DenseView(x.view().pixel(image, 0, 0), 1, 1, kRows, k), packed, {}, one.view(), threads);
      const float* in_batch = std::as_const(all).view().pixel(image, 0, 0);
      EXPECT_TRUE(SameBits(one.view(), DenseView(in_batch, 1, 1, kRows, n)));
    }
  });
}

// A clamp that turns NaN into 0 would make a broken network look healthy.
TEST(MatMulTest, NanAndInfinityReachTheOutput) {
  const std::vector<float> b(3 * 33, 1.0f);
  ThreadPool threads(1);
  OnEveryIsa([&] {
    for (const Activation activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6}) {
      std::vector<float> x = {1, kNan, 1, 1, kInfinity, 1, 1, -kInfinity, 1};
      std::vector<float> y(3 * 33);
      MatMul(DenseView(x.data(), 1, 1, 3, 3), PackedMatrix(b.data(), 3, 33), {.activation = activation},
             DenseView(y.data(), 1, 1, 3, 33), threads);
      const float high = activation == Activation::kRelu6 ? 6.0f : kInfinity;
      const float low = activation == Activation::kNone ? -kInfinity : 0.0f;
      for (int column = 0; column < 33; ++column) {
        EXPECT_TRUE(std::isnan(y[column])) << CurrentIsa() << " column " << column;
        EXPECT_EQ(y[33 + column], high);
        EXPECT_EQ(y[66 + column], low);
      }
    }
  });
}

TEST(PackedMatrixTest, PanelsHoldTheColumnsAndZeros) {
  constexpr int k = 3, n = 71;
  const std::vector<float> b = RandomFloats(k * n, kSeed);
  OnEveryIsa([&] {
    const PackedMatrix packed(b.data(), k, n);
    const int width = packed.panel_width();
    ASSERT_EQ(packed.num_panels(), (n + width - 1) / width);
    for (int p = 0; p < packed.num_panels(); ++p) {
      for (int row = 0; row < k; ++row) {
        for (int i = 0; i < width; ++i) {
          const int column = p * width + i;
          EXPECT_EQ(packed.panel<float>(p)[row * width + i], column < n ? b[row * n + column] : 0.0f);
        }
      }
    }
  });
}

// [ceil(K/kr)][NR][kr], by the definition, with rows and columns that do not exist.
TEST(PackedMatrixTest, Bfloat16PanelsHoldPairsOfRows) {
  ThreadPool threads(2);
  for (const int k : {1, 2, 7, 30}) {
    constexpr int n = 71;
    const std::vector<float> b = RandomFloats(static_cast<size_t>(k) * n, kSeed);
    OnEveryIsa([&] {
      PackedMatrix packed(DType::kBF16);
      packed.Pack(b.data(), k, n, threads);
      EXPECT_EQ(packed.dtype(), DType::kBF16);
      ASSERT_EQ(packed.kr(), 2);
      const int width = packed.panel_width(), groups = (k + 1) / 2;
      EXPECT_EQ(packed.num_bytes(), size_t{2} * packed.num_panels() * groups * width * 2);
      for (int column = 0; column < packed.num_panels() * width; ++column) {
        for (int row = 0; row < 2 * groups; ++row) {
          const float expected = row < k && column < n ? b[static_cast<size_t>(row * n + column)] : 0.0f;
          const Bfloat16* panel = packed.panel<Bfloat16>(column / width);
          EXPECT_EQ(panel[(row / 2 * width + column % width) * 2 + row % 2].bits, ToBfloat16(expected).bits)
              << row << ' ' << column;
        }
      }
    });
  }
}

TEST(PackedMatrixTest, Bfloat16OfATurnedFilter) {
  constexpr int taps = 9, cin = 37, cout = 21;
  const std::vector<float> filter = RandomFloats(size_t{taps} * cin * cout, kSeed);
  ThreadPool threads(2);
  OnEveryIsa([&] {
    PackedMatrix packed(DType::kBF16), wide;
    packed.PackTurned(filter.data(), taps, cin, cout, threads);
    wide.PackTurned(filter.data(), taps, cin, cout, threads);
    const int width = packed.panel_width();
    for (int p = 0; p < packed.num_panels(); ++p) {
      for (int row = 0; row < taps * cout; ++row) {
        for (int i = 0; i < width; ++i) {
          EXPECT_EQ(packed.panel<Bfloat16>(p)[(row / 2 * width + i) * 2 + row % 2].bits,
                    ToBfloat16(wide.panel<float>(p)[row * width + i]).bits);
        }
      }
    }
  });
}

TEST(PackedMatrixTest, AKernelRefusesTheMatrixOfAnother) {
  const std::vector<float> b(40 * 40, 1.0f), x(40, 1.0f);
  std::vector<float> y(40);
  ThreadPool threads(1);
  OnEveryIsa([&] {
    ExpectError(ErrorKind::kInternal, "type BF16 was read as F32", [&] {
      MatMul(DenseView(x.data(), 1, 1, 1, 40), PackedMatrix(b.data(), 40, 40, DType::kBF16), {},
             DenseView(y.data(), 1, 1, 1, 40), threads);
    });
  });
}

void ExpectSamePanels(const PackedMatrix& got, const PackedMatrix& expected) {
  ASSERT_EQ(got.k(), expected.k());
  ASSERT_EQ(got.n(), expected.n());
  ASSERT_EQ(got.panel_width(), expected.panel_width());
  EXPECT_EQ(got.num_bytes(), expected.num_bytes());
  const int floats = got.k() * got.num_panels() * got.panel_width();
  EXPECT_TRUE(
      SameBits(DenseView(got.panel<float>(0), 1, 1, 1, floats), DenseView(expected.panel<float>(0), 1, 1, 1, floats)));
}

// One matrix after another in the same memory: larger, smaller, of the same size, with and without missing columns,
// from one instruction set's panels to another's.
TEST(PackedMatrixTest, PackedAgainIsAsPackedAnew) {
  for (const int num_threads : {1, 2, 3}) {
    ThreadPool threads(num_threads);
    PackedMatrix packed;
    OnEveryIsa([&] {
      uint64_t seed = kSeed;
      for (const Product& size : {Product{0, 30, 71}, Product{0, 3, 5}, Product{0, 3, 5}, Product{0, 71, 30},
                                  Product{0, 100, 257}, Product{0, 1, 1}, Product{0, 30, 64}}) {
        const std::vector<float> b = RandomFloats(static_cast<size_t>(size.k) * size.n, ++seed);
        packed.Pack(b.data(), size.k, size.n, threads);
        ExpectSamePanels(packed, PackedMatrix(b.data(), size.k, size.n));
      }
    });
  }
}

// Fewer and more columns than a panel has, taps of whole and of broken cache lines.
TEST(PackedMatrixTest, TurnedReversesTapsAndSwapsChannels) {
  for (const int num_threads : {1, 3}) {
    ThreadPool threads(num_threads);
    for (const int taps : {1, 2, 9}) {
      for (const auto& [cin, cout] : {std::pair{1, 1}, std::pair{3, 40}, std::pair{31, 33}, std::pair{32, 64},
                                      std::pair{65, 5}, std::pair{100, 97}}) {
        const std::vector<float> filter = RandomFloats(static_cast<size_t>(taps * cin * cout), kSeed);
        std::vector<float> turned(filter.size());
        for (int tap = 0; tap < taps; ++tap) {
          for (int in = 0; in < cin; ++in) {
            for (int out = 0; out < cout; ++out) {
              turned[static_cast<size_t>(((taps - 1 - tap) * cout + out) * cin + in)] =
                  filter[static_cast<size_t>((tap * cin + in) * cout + out)];
            }
          }
        }
        OnEveryIsa([&, in = cin, out = cout] {
          PackedMatrix packed;
          packed.PackTurned(filter.data(), taps, in, out, threads);
          ExpectSamePanels(packed, PackedMatrix(turned.data(), taps * out, in));
        });
      }
    }
  }
}

TEST(PackedMatrixTest, MemoryIsKeptIfItSuffices) {
  const std::vector<float> b = RandomFloats(100 * 100, kSeed);
  ThreadPool threads(1);
  OnEveryIsa([&] {
    PackedMatrix packed;
    packed.Reserve(100, 100);
    packed.Reserve(3, 4);  // does not give back
    packed.Pack(b.data(), 100, 100, threads);
    const float* memory = packed.panel<float>(0);
    for (const int size : {10, 99, 1, 100}) {
      packed.Pack(b.data(), size, size, threads);
      EXPECT_EQ(packed.panel<float>(0), memory) << size;
    }
  });
}

}  // namespace
}  // namespace siskin
