#include "kernels/resize/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/testing.h"
#include "kernels/resize/pillow_expectations.h"
#include "kernels/resize/weights.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using Pixels = std::vector<uint8_t>;

// The same image as in make_pillow_expectations.py.
Pixels FormulaImage(int width, int height, int channels) {
  Pixels pixels(static_cast<size_t>(width) * height * channels);
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<uint8_t>(testing::FormulaUniform(0, i) * 256);
  }
  return pixels;
}

// Resizes into a result with guard bytes around it.
Pixels Resized(const Pixels& src, int src_w, int src_h, int channels, Interpolation interpolation, int dst_w,
               int dst_h) {
  constexpr size_t kGuard = 64;
  const size_t size = static_cast<size_t>(dst_w) * dst_h * channels;
  Pixels memory(size + 2 * kGuard, 0xA5);
  Resize({src.data(), src_w, src_h, static_cast<size_t>(src_w) * channels}, channels, interpolation,
         {memory.data() + kGuard, dst_w, dst_h, static_cast<size_t>(dst_w) * channels});
  for (size_t i = 0; i < kGuard; ++i) {
    EXPECT_EQ(memory[i], 0xA5) << "byte " << i << " of the guard before the result";
    EXPECT_EQ(memory[kGuard + size + i], 0xA5) << "byte " << i << " after the result";
  }
  return Pixels(memory.begin() + kGuard, memory.end() - kGuard);
}

Pixels Resized(const Pixels& src, const PillowExpectation& e) {
  return Resized(src, e.src_w, e.src_h, e.channels, e.interpolation, e.dst_w, e.dst_h);
}

std::string_view Text(const Pixels& pixels) {
  return {reinterpret_cast<const char*>(pixels.data()), pixels.size()};
}

// A rectangle of a larger image into a rectangle of another one: the same bytes, and nothing beside it is written.
TEST(Resize, RowsMayBeApart) {
  static constexpr int kWidth = 37, kHeight = 23, kToWidth = 19, kToHeight = 31;
  static constexpr size_t kGap = 13;
  testing::OnEveryIsa([] {
    for (const int channels : {1, 3, 4}) {
      const size_t row = static_cast<size_t>(kWidth) * channels;
      const Pixels src = FormulaImage(kWidth, kHeight, channels);
      Pixels apart((row + kGap) * kHeight, 0xEE);
      for (size_t y = 0; y < kHeight; ++y) std::copy_n(&src[y * row], row, &apart[y * (row + kGap)]);
      for (const Interpolation filter : {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kArea}) {
        for (const auto& [w, h] : {std::pair{kToWidth, kToHeight}, {kToHeight, kToWidth / 4}}) {
          const size_t to = static_cast<size_t>(w) * channels;
          const Pixels expected = Resized(src, kWidth, kHeight, channels, filter, w, h);
          Pixels result((to + kGap) * static_cast<size_t>(h), 0xA5);
          Resize({apart.data(), kWidth, kHeight, row + kGap}, channels, filter, {result.data(), w, h, to + kGap});
          for (size_t y = 0; y < static_cast<size_t>(h); ++y) {
            const auto begin = result.begin() + static_cast<std::ptrdiff_t>(y * (to + kGap));
            const auto end = begin + static_cast<std::ptrdiff_t>(to);
            EXPECT_TRUE(std::equal(begin, end, expected.begin() + static_cast<std::ptrdiff_t>(y * to))) << y;
            EXPECT_EQ(std::count(end, end + kGap, 0xA5), static_cast<std::ptrdiff_t>(kGap)) << y;
          }
        }
      }
    }
  });
}

TEST(Resize, SameBytesAsPillow) {
  testing::OnEveryIsa([] {
    for (const PillowExpectation& e : kPillowExpectations) {
      const Pixels src = FormulaImage(e.src_w, e.src_h, e.channels);
      EXPECT_EQ(Sha256Hex(Text(Resized(src, e))), e.sha256)
          << "filter " << static_cast<int>(e.interpolation) << ", " << e.channels << " channels, " << e.src_w << "x"
          << e.src_h << " to " << e.dst_w << "x" << e.dst_h;
    }
  });
}

// Small enough to be checked by hand.
TEST(Resize, KnownValues) {
  testing::OnEveryIsa([] {
    const Pixels row = {0, 100, 200, 40};
    EXPECT_EQ(Resized(row, 4, 1, 1, Interpolation::kNearest, 2, 1), (Pixels{100, 40}));
    EXPECT_EQ(Resized(row, 4, 1, 1, Interpolation::kArea, 2, 1), (Pixels{50, 120}));
    // Triangles two pixels wide at 1.0 and 3.0, cut off at the edges: (3*0 + 3*100 + 1*200) / 7, (1*100 + 3*200 + 3*40)
    // / 7.
    EXPECT_EQ(Resized(row, 4, 1, 1, Interpolation::kBilinear, 2, 1), (Pixels{71, 117}));
    EXPECT_EQ(Resized({0, 100}, 2, 1, 1, Interpolation::kBilinear, 4, 1), (Pixels{0, 25, 75, 100}));
    EXPECT_EQ(Resized({0, 100}, 1, 2, 1, Interpolation::kBilinear, 1, 4), (Pixels{0, 25, 75, 100}));
  });
}

TEST(Resize, ChannelsDoNotMix) {
  for (const Interpolation interpolation : {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kArea}) {
    for (int channels = 2; channels <= 4; ++channels) {
      const Pixels all = FormulaImage(13, 29, channels);
      const Pixels got = Resized(all, 13, 29, channels, interpolation, 20, 9);
      for (int c = 0; c < channels; ++c) {
        Pixels one(13 * 29);
        for (size_t i = 0; i < one.size(); ++i) one[i] = all[i * channels + c];
        const Pixels expected = Resized(one, 13, 29, 1, interpolation, 20, 9);
        for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(got[i * channels + c], expected[i]) << c << " " << i;
      }
    }
  }
}

TEST(Resize, WhiteStaysWhiteAndBlackBlack) {
  for (const uint8_t value : {uint8_t{0}, uint8_t{255}}) {
    const Pixels src(61 * 47 * 3, value);
    for (const Interpolation interpolation : {Interpolation::kBilinear, Interpolation::kArea}) {
      for (const auto& [w, h] : {std::pair{7, 5}, {60, 46}, {62, 48}, {200, 3}}) {
        EXPECT_EQ(Resized(src, 61, 47, 3, interpolation, w, h), Pixels(static_cast<size_t>(w) * h * 3, value));
      }
    }
  }
}

TEST(Resize, SameSizeIsACopy) {
  const Pixels src = FormulaImage(31, 22, 3);
  for (const Interpolation interpolation : {Interpolation::kNearest, Interpolation::kBilinear, Interpolation::kArea}) {
    EXPECT_EQ(Resized(src, 31, 22, 3, interpolation, 31, 22), src);
  }
}

TEST(ResizeWeights, AddUpToOneAndStayInside) {
  for (const Interpolation interpolation : {Interpolation::kBilinear, Interpolation::kArea}) {
    for (const auto& [in, out] : {std::pair{1, 1}, {1, 7}, {7, 1}, {500, 299}, {375, 299}, {200, 299}, {4000, 224}}) {
      const ResizeWeights weights = MakeResizeWeights(interpolation, in, out);
      ASSERT_EQ(weights.taps.size(), static_cast<size_t>(out));
      for (int i = 0; i < out; ++i) {
        const auto [first, count] = weights.taps[i];
        EXPECT_GE(first, 0);
        EXPECT_GE(count, 1);
        EXPECT_LE(first + count, in);
        EXPECT_LE(count, weights.stride);
        int64_t sum = 0;
        for (int t = 0; t < count; ++t) sum += weights.of(i)[t];
        EXPECT_LE(std::abs(sum - (1 << kWeightBits)), (count + 1) / 2) << in << " to " << out << ", output " << i;
      }
    }
  }
}

}  // namespace
}  // namespace siskin
