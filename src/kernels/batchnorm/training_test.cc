#include "kernels/batchnorm/training.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/reference/reference.h"
#include "kernels/testing_kernels.h"

namespace siskin {
namespace {

using testing::AllLayouts;
using testing::Buffer;
using testing::CheckKernel;
using testing::Dense;
using testing::Layout;
using testing::RandomBuffer;
using testing::RandomFloats;

constexpr uint64_t kSeed = 20240705;
constexpr Activation kActivations[] = {Activation::kNone, Activation::kRelu, Activation::kRelu6};

// Scratch of exactly the size that the kernels ask for, filled with NaN, guarded.
class Scratch {
 public:
  explicit Scratch(ConstView x)
      : size_(ChannelSumsScratch(x.num_pixels(), x.c)), buffer_(Dense(1, 1, 1, static_cast<int>(size_)), 64) {}
  ~Scratch() { EXPECT_TRUE(buffer_.Intact()) << "scratch"; }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::span<float> span() { return {buffer_.view().data, size_}; }

 private:
  size_t size_;
  Buffer buffer_;
};

// A kernel that gives two numbers a channel: each is compared by itself, because their sizes have nothing to do with
// each other.
template <class Kernel>
void CheckPair(const std::vector<float>& first, const std::vector<float>& second, const testing::Accuracy& accuracy,
               const Kernel& kernel) {
  const auto channels = static_cast<int>(first.size());
  const Layout output = Dense(1, 1, 1, channels);
  std::vector<float> other(static_cast<size_t>(channels));
  CheckKernel(output, DenseView(first.data(), 1, 1, 1, channels), accuracy,
              [&](View y, ThreadPool& threads) { kernel(y.data, other.data(), threads); });
  CheckKernel(output, DenseView(second.data(), 1, 1, 1, channels), accuracy,
              [&](View y, ThreadPool& threads) { kernel(other.data(), y.data, threads); });
}

void CheckSums(const Layout& layout) {
  const Buffer x = RandomBuffer(layout, kSeed);
  std::vector<float> expected(static_cast<size_t>(layout.c));
  reference::ChannelSums(x.view(), expected.data());
  CheckKernel(Dense(1, 1, 1, layout.c), DenseView(expected.data(), 1, 1, 1, layout.c),
              {.depth = static_cast<int64_t>(x.view().num_pixels()), .seed = kSeed}, [&](View y, ThreadPool& threads) {
                Scratch scratch(x.view());
                ChannelSums(x.view(), y.data, scratch.span(), threads);
              });
  EXPECT_TRUE(x.Intact());
}

void CheckMoments(const Buffer& x, double factor = testing::Accuracy().factor) {
  const int channels = x.view().c;
  std::vector<float> mean(static_cast<size_t>(channels)), variance(mean.size());
  reference::ChannelMoments(x.view(), mean.data(), variance.data());
  CheckPair(mean, variance, {.depth = static_cast<int64_t>(x.view().num_pixels()), .factor = factor, .seed = kSeed},
            [&](float* got_mean, float* got_variance, ThreadPool& threads) {
              Scratch scratch(x.view());
              ChannelMoments(x.view(), got_mean, got_variance, scratch.span(), threads);
            });
}

// Pixels around groups of 4 and pieces of 128, channels around the lane counts and blocks of 64.
constexpr int kPixels[] = {1, 2, 3, 4, 5, 127, 128, 129, 300};
constexpr int kChannels[] = {1, 3, 4, 15, 16, 17, 33, 63, 64, 65, 130, 728};

TEST(ChannelSums, AgreesWithReference) {
  for (const int pixels : kPixels) {
    for (const int channels : {1, 5, 17}) CheckSums(Dense(1, pixels, 1, channels));
  }
  for (const int channels : kChannels) CheckSums(Dense(3, 5, 13, channels));
  for (const Layout& layout : AllLayouts(2, 9, 11, 21)) CheckSums(layout);
}

TEST(ChannelMoments, AgreesWithReference) {
  for (const int pixels : kPixels) {
    for (const int channels : {1, 5, 17}) CheckMoments(RandomBuffer(Dense(1, pixels, 1, channels), kSeed));
  }
  for (const int channels : kChannels) CheckMoments(RandomBuffer(Dense(3, 5, 13, channels), kSeed));
  for (const Layout& layout : AllLayouts(2, 9, 11, 21)) CheckMoments(RandomBuffer(layout, kSeed));
}

// The mean of the squares minus the square of the mean would have no correct digit here.
TEST(ChannelMoments, MeansFarFromZero) {
  for (const float mean : {-300.0f, 5000.0f, 1e5f}) {
    CheckMoments(RandomBuffer(Dense(3, 10, 13, 19), kSeed, mean - 1, mean + 1));
  }
}

// The first pixel, which is subtracted from all, is not like the others. Their sums are then up to as many times as
// large as the moments as there are pixels, and lose so many times as much to rounding; but no more.
TEST(ChannelMoments, AnOutlierComesFirst) {
  Buffer x = RandomBuffer(Dense(2, 10, 13, 19), kSeed);
  for (int c = 0; c < 19; ++c) x.view().data[c] = 100.0f * static_cast<float>(c - 9);
  CheckMoments(x, testing::Accuracy().factor * 260);
}

TEST(ChannelMoments, AConstantChannelHasNoVariance) {
  constexpr int kConstant = 17;
  Buffer x = RandomBuffer(Dense(2, 10, 13, 19), kSeed);
  for (size_t pixel = 0; pixel < x.view().num_pixels(); ++pixel) x.view().data[pixel * 19 + kConstant] = 0.1f;
  CheckMoments(x);
  testing::OnEveryIsa([&] {
    ThreadPool threads(1);
    Scratch scratch(x.view());
    std::vector<float> mean(19), variance(19);
    ChannelMoments(x.view(), mean.data(), variance.data(), scratch.span(), threads);
    EXPECT_EQ(mean[kConstant], 0.1f);
    EXPECT_EQ(variance[kConstant], 0.0f);
  });
}

// What a batch normalisation of `channels` has between forward and backward.
struct State {
  explicit State(int channels)
      : scale(RandomFloats(static_cast<size_t>(channels), 1, -2, 2)),
        shift(RandomFloats(scale.size(), 2, -1, 3)),
        centre(RandomFloats(scale.size(), 3, -1, 1)),
        a(RandomFloats(scale.size(), 4)),
        b(RandomFloats(scale.size(), 5)),
        c(RandomFloats(scale.size(), 6)) {}
  Normalization norm(Activation activation) const { return {scale.data(), shift.data(), activation}; }
  std::vector<float> scale, shift, centre, a, b, c;
};

// x in [-4, 4): the activations cut on both sides.
Buffer Activations(const Layout& layout) {
  return RandomBuffer(layout, kSeed, -4, 4);
}
Buffer Slopes(const Layout& layout) {
  return RandomBuffer(layout, kSeed + 1);
}

void CheckNormalizationSums(const Layout& x_layout, const Layout& dy_layout) {
  const State state(x_layout.c);
  const Buffer x = Activations(x_layout), dy = Slopes(dy_layout);
  for (const Activation activation : kActivations) {
    std::vector<float> sum(state.scale.size()), with_x(sum.size());
    reference::NormalizationSums(state.norm(activation), dy.view(), x.view(), state.centre.data(), sum.data(),
                                 with_x.data());
    CheckPair(sum, with_x, {.depth = static_cast<int64_t>(x.view().num_pixels()), .seed = kSeed},
              [&](float* got_sum, float* got_with_x, ThreadPool& threads) {
                Scratch scratch(x.view());
                NormalizationSums(state.norm(activation), dy.view(), x.view(), state.centre.data(), got_sum, got_with_x,
                                  scratch.span(), threads);
              });
  }
}

TEST(NormalizationSums, AgreesWithReference) {
  for (const int pixels : {2, 5, 127, 128, 129, 300}) {
    CheckNormalizationSums(Dense(1, pixels, 1, 17), Dense(1, pixels, 1, 17));
  }
  for (const int channels : kChannels) {
    CheckNormalizationSums(Dense(3, 5, 13, channels), Dense(3, 5, 13, channels));
  }
}

TEST(NormalizationSums, AnyLayout) {
  for (const Layout& x : AllLayouts(2, 5, 7, 21)) {
    for (const Layout& dy : AllLayouts(2, 5, 7, 21)) CheckNormalizationSums(x, dy);
  }
}

// in_place: dx is dy. constant: statistics that do not depend on x.
void CheckInputGradient(const Layout& x_layout, const Layout& dy_layout, const Layout& dx_layout, bool in_place,
                        bool constant) {
  const State state(x_layout.c);
  const Buffer x = Activations(x_layout), dy = Slopes(dy_layout);
  const ConstView initial = dy.view();
  const float *b = constant ? nullptr : state.b.data(), *c = constant ? nullptr : state.c.data();
  for (const Activation activation : kActivations) {
    Buffer expected(Dense(x_layout.n, x_layout.h, x_layout.w, x_layout.c));
    reference::NormalizationInputGradient(state.norm(activation), dy.view(), x.view(), state.a.data(), b, c,
                                          expected.view());
    CheckKernel(
        dx_layout, expected.view(), {.depth = 3, .seed = kSeed},
        [&](View dx, ThreadPool& threads) {
          NormalizationInputGradient(state.norm(activation), in_place ? dx : dy.view(), x.view(), state.a.data(), b, c,
                                     dx, threads);
        },
        in_place ? &initial : nullptr);
  }
  EXPECT_TRUE(x.Intact());
  EXPECT_TRUE(dy.Intact());
}

TEST(NormalizationInputGradient, AgreesWithReference) {
  for (const bool constant : {false, true}) {
    for (const int channels : kChannels) {
      const Layout layout = Dense(2, 3, 5, channels);
      CheckInputGradient(layout, layout, layout, false, constant);
    }
    const Layout several_items = Dense(1, 40, 30, 31);
    CheckInputGradient(several_items, several_items, several_items, false, constant);
  }
}

TEST(NormalizationInputGradient, AnyLayoutAndInPlace) {
  for (const bool constant : {false, true}) {
    for (const Layout& layout : AllLayouts(2, 3, 4, 21)) {
      const Layout dense = Dense(2, 3, 4, 21);
      CheckInputGradient(layout, dense, dense, false, constant);
      CheckInputGradient(dense, layout, dense, false, constant);
      CheckInputGradient(dense, dense, layout, false, constant);
      CheckInputGradient(dense, layout, layout, true, constant);
      CheckInputGradient(layout, dense, dense, true, constant);
    }
  }
}

void CheckScaleShiftAdd(const Layout& x_layout, const Layout& residual_layout, const Layout& y_layout) {
  const State state(x_layout.c);
  const Buffer x = Activations(x_layout), residual = Slopes(residual_layout);
  Buffer expected(Dense(x_layout.n, x_layout.h, x_layout.w, x_layout.c));
  reference::ScaleShiftAdd(x.view(), state.scale.data(), state.shift.data(), residual.view(), expected.view());
  CheckKernel(y_layout, expected.view(), {.depth = 3, .seed = kSeed}, [&](View y, ThreadPool& threads) {
    ScaleShiftAdd(x.view(), state.scale.data(), state.shift.data(), residual.view(), y, threads);
  });
  const ConstView initial = residual.view();
  CheckKernel(
      y_layout, expected.view(), {.depth = 3, .seed = kSeed},
      [&](View y, ThreadPool& threads) {
        ScaleShiftAdd(x.view(), state.scale.data(), state.shift.data(), y, y, threads);
      },
      &initial);
}

TEST(ScaleShiftAdd, AgreesWithReferenceInAnyLayoutAndInPlace) {
  for (const int channels : kChannels) {
    const Layout layout = Dense(2, 3, 5, channels);
    CheckScaleShiftAdd(layout, layout, layout);
  }
  CheckScaleShiftAdd(Dense(1, 40, 30, 31), Dense(1, 40, 30, 31), Dense(1, 40, 30, 31));
  for (const Layout& layout : AllLayouts(2, 3, 4, 21)) {
    const Layout dense = Dense(2, 3, 4, 21);
    CheckScaleShiftAdd(layout, dense, dense);
    CheckScaleShiftAdd(dense, layout, dense);
    CheckScaleShiftAdd(dense, dense, layout);
  }
}

}  // namespace
}  // namespace siskin
