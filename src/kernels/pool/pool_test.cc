#include "kernels/pool/pool.h"

#include <gtest/gtest.h>

#include <cmath>
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

using Reference = void (*)(const WindowParams&, ConstView, View);
using Kernel = void (*)(const WindowParams&, ConstView, View, ThreadPool&);

void CheckWindows(Kernel kernel, Reference reference) {
  for (const PoolCase& c : PoolCases()) {
    SCOPED_TRACE(c.Describe());
    const Buffer x = RandomBuffer(Dense(2, c.h, c.w, c.c), 1);
    Buffer expected(c.Output(2));
    reference(c.params, x.view(), expected.view());
    const testing::Accuracy accuracy = {.depth = c.params.kernel_h * c.params.kernel_w};
    CheckKernel(c.Output(2), expected.view(), accuracy,
                [&](View y, ThreadPool& threads) { kernel(c.params, x.view(), y, threads); });
  }
}

void CheckLayouts(Kernel kernel, Reference reference, const WindowParams& params) {
  const Buffer dense = RandomBuffer(Dense(2, 7, 6, 21), 2);
  Buffer expected(Dense(2, params.OutputHeight(7), params.OutputWidth(6), 21));
  reference(params, dense.view(), expected.view());
  const ConstView e = expected.view();
  for (const Layout& input : AllLayouts(2, 7, 6, 21)) {
    const Buffer x = RandomBuffer(input, 2);
    for (const Layout& output : AllLayouts(e.n, e.h, e.w, e.c)) {
      CheckKernel(output, e, {}, [&](View y, ThreadPool& threads) { kernel(params, x.view(), y, threads); });
    }
    EXPECT_TRUE(x.Intact());
  }
}

TEST(MaxPool, AgreesWithReference) {
  CheckWindows(MaxPool, reference::MaxPool);
}

TEST(MaxPool, AnyLayout) {
  CheckLayouts(MaxPool, reference::MaxPool, SameWindow(7, 6, 3, 2));
  CheckLayouts(MaxPool, reference::MaxPool, SameWindow(7, 6, 2, 1));
}

TEST(MaxPool, KnownValues) {
  std::vector<float> x = {-5, -4, -3, -9, -8, -7, -1, -2, -6}, y(4);
  ThreadPool threads(1);
  // "same" with stride 2 pads by 1 on every side; padding never wins, not even against negative numbers.
  MaxPool(SameWindow(3, 3, 3, 2), DenseView(x.data(), 1, 3, 3, 1), DenseView(y.data(), 1, 2, 2, 1), threads);
  EXPECT_EQ(y, (std::vector<float>{-4, -3, -1, -2}));
}

TEST(MaxPool, NanPropagatesFromEveryPlaceOfTheWindow) {
  testing::OnEveryIsa([] {
    ThreadPool threads(1);
    for (const int kernel : {2, 3}) {
      for (int place = 0; place < kernel * kernel; ++place) {
        Buffer x = RandomBuffer(Dense(1, kernel, kernel, 19), 3), y(Dense(1, 1, 1, 19));
        x.view().data[place * 19 + 1] = kNan;
        x.view().data[place * 19 + 17] = kNan;
        MaxPool(SquareWindow(kernel, 2, {}), x.view(), y.view(), threads);
        for (int c = 0; c < 19; ++c) {
          EXPECT_EQ(std::isnan(y.view().data[c]), c == 1 || c == 17) << "place " << place << ", channel " << c;
        }
      }
    }
  });
}

TEST(AveragePool, AgreesWithReference) {
  CheckWindows(AveragePool, reference::AveragePool);
}

TEST(AveragePool, AnyLayout) {
  CheckLayouts(AveragePool, reference::AveragePool, SameWindow(7, 6, 3, 1));
}

TEST(AveragePool, PaddingIsNotCounted) {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<float> y(4);
  ThreadPool threads(1);
  AveragePool(SameWindow(3, 3, 3, 2), DenseView(x.data(), 1, 3, 3, 1), DenseView(y.data(), 1, 2, 2, 1), threads);
  EXPECT_EQ(y, (std::vector<float>{3, 4, 6, 7}));  // corners: means of four numbers
}

using GlobalReference = void (*)(ConstView, View);
using GlobalKernel = void (*)(ConstView, View, ThreadPool&);

void CheckGlobal(GlobalKernel kernel, GlobalReference reference) {
  for (const int c : {1, 3, 16, 17, 255, 257, 600}) {
    for (const int size : {1, 2, 7}) {
      const Buffer dense = RandomBuffer(Dense(3, size, size + 1, c), 4, -1, 3);
      Buffer expected(Dense(3, 1, 1, c));
      reference(dense.view(), expected.view());
      for (const Layout& layout : AllLayouts(3, size, size + 1, c)) {
        const Buffer x = RandomBuffer(layout, 4, -1, 3);
        Layout output = layout;
        output.h = output.w = 1;
        CheckKernel(output, expected.view(), {.depth = size * (size + 1), .seed = 4},
                    [&](View y, ThreadPool& threads) { kernel(x.view(), y, threads); });
      }
    }
  }
}

TEST(GlobalAveragePool, AgreesWithReference) {
  CheckGlobal(GlobalAveragePool, reference::GlobalAveragePool);
}

TEST(GlobalMaxPool, AgreesWithReference) {
  CheckGlobal(GlobalMaxPool, reference::GlobalMaxPool);
}

TEST(GlobalMaxPool, NanPropagatesFromEveryPlace) {
  testing::OnEveryIsa([] {
    ThreadPool threads(1);
    for (int place = 0; place < 6; ++place) {
      Buffer x = RandomBuffer(Dense(1, 2, 3, 5), 3), y(Dense(1, 1, 1, 5));
      x.view().data[place * 5 + 2] = kNan;
      GlobalMaxPool(x.view(), y.view(), threads);
      for (int c = 0; c < 5; ++c) EXPECT_EQ(std::isnan(y.view().data[c]), c == 2) << "place " << place;
    }
  });
}

}  // namespace
}  // namespace siskin
