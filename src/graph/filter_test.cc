#include "graph/filter.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/testing.h"

namespace siskin {
namespace {

using testing::ExpectError;

TEST(Filter, LendsTheNumbersOfItsTensor) {
  const Tensor tensor = Tensor::FromFloats({2, 2}, std::array<float, 4>{1, 2, 3, 4});
  const Filter filter(tensor);
  std::vector<float> memory;
  EXPECT_EQ(filter.Read(&memory).data(), tensor.data()) << "copied";
  EXPECT_EQ(filter.size(), 4u);
  EXPECT_TRUE(filter.IsLentBy(tensor));
  EXPECT_FALSE(filter.IsLentBy(tensor.Clone()));
  EXPECT_TRUE(Filter().empty());
  EXPECT_FALSE(Filter().IsLentBy(Tensor()));
}

TEST(Filter, FactorsAreRoundedOneAfterTheOther) {
  const std::array<float, 4> values = {0.1f, 0.2f, 0.7f, 1e-3f};
  const std::array<double, 2> once = {1.0 / 3, -5.0 / 7}, again = {2.9, 1e-4};
  const Tensor tensor = Tensor::FromFloats({2, 2}, values);
  Filter filter(tensor);
  filter.Scale({once.begin(), once.end()});
  filter.Scale({again.begin(), again.end()});
  std::vector<float> memory;
  const std::span<const float> read = filter.Read(&memory);
  ASSERT_EQ(read.size(), 4u);
  bool rounding_shows = false;
  for (size_t i = 0; i < 4; ++i) {
    const auto stored = static_cast<float>(values[i] * once[i % 2]);
    EXPECT_EQ(read[i], static_cast<float>(stored * again[i % 2])) << i;
    rounding_shows |= read[i] != static_cast<float>(values[i] * once[i % 2] * again[i % 2]);
  }
  EXPECT_TRUE(rounding_shows) << "other numbers are needed to see it";
  EXPECT_EQ(tensor.data()[0], 0.1f) << "the tensor is the network's";
}

TEST(Filter, CopiesOfAnOwnFilterOutliveIt) {
  Filter copy;
  {
    const Filter filter(std::make_shared<const Tensor>(Tensor::FromFloats({2}, std::array<float, 2>{5, 6})));
    copy = filter;
  }
  std::vector<float> memory;
  EXPECT_EQ(copy.Read(&memory)[1], 6);
}

TEST(Filter, AnotherTypeIsNotReadAsFloats) {
  const Tensor tensor(Shape{3, 2}, DType::kBF16);
  const Filter filter(tensor);
  EXPECT_EQ(filter.dtype(), DType::kBF16);
  EXPECT_EQ(filter.size(), 6u);
  std::vector<float> memory;
  ExpectError(ErrorKind::kInternal, "a filter of type BF16 was read as F32", [&] { filter.Read(&memory); });
}

}  // namespace
}  // namespace siskin
