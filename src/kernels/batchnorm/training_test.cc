#include "kernels/batchnorm/training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "kernels/image_groups.h"
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
  explicit Scratch(ConstView x) : size_(ChannelSumsScratch(x)), buffer_(Dense(1, 1, 1, static_cast<int>(size_)), 64) {}
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
        mean(RandomFloats(scale.size(), 3, -1, 1)),
        variance(RandomFloats(scale.size(), 7, 0.1f, 2)),
        a(RandomFloats(scale.size(), 4)),
        b(RandomFloats(scale.size(), 5)),
        c(RandomFloats(scale.size(), 6)) {}
  Normalization norm(Activation activation) const { return {scale.data(), shift.data(), activation}; }
  NormStatistics statistics() const { return {mean.data(), variance.data(), 1e-3f}; }
  std::vector<float> scale, shift, mean, variance, a, b, c;
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
    std::vector<float> dbeta(state.scale.size()), dgamma(dbeta.size());
    reference::NormalizationSums(state.norm(activation), state.statistics(), dy.view(), x.view(), dbeta.data(),
                                 dgamma.data());
    CheckPair(dbeta, dgamma, {.depth = static_cast<int64_t>(x.view().num_pixels()), .seed = kSeed},
              [&](float* got_dbeta, float* got_dgamma, ThreadPool& threads) {
                Scratch scratch(x.view());
                NormalizationSums(state.norm(activation), state.statistics(), dy.view(), x.view(), got_dbeta,
                                  got_dgamma, scratch.span(), threads);
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

// Sums over a batch are those of its parts, joined along the tree.
TEST(NormalizationSums, OfABatchAreThoseOfItsParts) {
  const State state(21);
  for (const auto& [h, w] : testing::ImageSizes()) {
    for (const int n : testing::Batches()) {
      const Buffer x = Activations(Dense(n, h, w, 21)), dy = Slopes(testing::Padded(n, h, w, 21));
      testing::CheckParts(n, 2 * 21, [&](const Range& images, float* sums, ThreadPool& threads) {
        Scratch scratch(testing::Images(x.view(), images));
        NormalizationSums(state.norm(Activation::kRelu6), state.statistics(), testing::Images(dy.view(), images),
                          testing::Images(x.view(), images), sums, sums + 21, scratch.span(), threads);
      });
    }
  }
}

TEST(ChannelSums, OfABatchAreThoseOfItsParts) {
  for (const auto& [h, w] : testing::ImageSizes()) {
    for (const int n : testing::Batches()) {
      const Buffer x = RandomBuffer(Dense(n, h, w, 70), kSeed);
      testing::CheckParts(n, 70, [&](const Range& images, float* sums, ThreadPool& threads) {
        const ConstView part = testing::Images(x.view(), images);
        Scratch scratch(part);
        ChannelSums(part, sums, scratch.span(), threads);
      });
    }
  }
}

// Partial moments are joined in double before they are finished.
TEST(ChannelMoments, OfABatchAreThoseOfItsParts) {
  constexpr int kFew = 19;
  const auto partial = [](ConstView x, ThreadPool& threads) {
    Scratch scratch(x);
    std::vector<Moments> moments(kFew);
    PartialMoments(x, moments, scratch.span(), threads);
    return moments;
  };
  const auto join = [](std::vector<Moments> a, const std::vector<Moments>& b) {
    for (size_t c = 0; c < a.size(); ++c) a[c] = JoinMoments(a[c], b[c]);
    return a;
  };
  ThreadPool threads(2);
  for (const auto& [h, w] : testing::ImageSizes()) {
    for (const int n : testing::Batches()) {
      const Buffer x = RandomBuffer(Dense(n, h, w, kFew), kSeed, 3, 5);
      testing::OnEveryIsa([&] {
        Scratch scratch(x.view());
        std::vector<float> mean(kFew), variance(kFew), parts_mean(kFew), parts_variance(kFew);
        ChannelMoments(x.view(), mean.data(), variance.data(), scratch.span(), threads);
        const std::vector<Moments> whole = partial(x.view(), threads);
        for (const int size : testing::kPartImages) {
          const auto part = [&](int i) {
            return partial(testing::Images(x.view(), {i * size, std::min((i + 1) * size, n)}), threads);
          };
          const std::vector<Moments> moments = SumTree({0, (n + size - 1) / size}, part, join);
          for (size_t c = 0; c < kFew; ++c) {  // in double: rounding to fp32 would hide another order
            EXPECT_EQ(moments[c].mean, whole[c].mean);
            EXPECT_EQ(moments[c].deviations, whole[c].deviations);
          }
          FinishMoments(moments, parts_mean.data(), parts_variance.data());
          EXPECT_EQ(moments[0].pixels, n * h * w);
          EXPECT_EQ(parts_mean, mean) << n << " images of " << h << "x" << w << " in parts of " << size;
          EXPECT_EQ(parts_variance, variance) << n << " images of " << h << "x" << w << " in parts of " << size;
        }
      });
    }
  }
}

// With the coefficients, dx is the derivative of the whole normalisation: against central differences in double.
TEST(NormalizationCoefficients, AreTheDerivative) {
  constexpr int kCount = 7;
  const std::vector<float> x = RandomFloats(kCount, 1, -2, 3), dy = RandomFloats(kCount, 2);
  constexpr double kGamma = 1.5, kEpsilon = 1e-3;
  const auto moments = [&](const std::vector<double>& values) {
    double mean = 0, variance = 0;
    for (const double value : values) mean += value / kCount;
    for (const double value : values) variance += (value - mean) * (value - mean) / kCount;
    return std::pair(mean, variance);
  };
  const auto loss = [&](const std::vector<double>& values) {  // beta drops out
    const auto [mean, variance] = moments(values);
    double sum = 0;
    for (size_t i = 0; i < kCount; ++i) sum += dy[i] * kGamma * (values[i] - mean) / std::sqrt(variance + kEpsilon);
    return sum;
  };
  std::vector<double> values(x.begin(), x.end());
  const auto [exact_mean, exact_variance] = moments(values);
  const auto mean = static_cast<float>(exact_mean), variance = static_cast<float>(exact_variance);
  const double r = 1 / std::sqrt(exact_variance + kEpsilon);
  const auto scale = static_cast<float>(kGamma * r);
  double dbeta = 0, dgamma = 0;
  for (size_t i = 0; i < kCount; ++i) {
    dbeta += dy[i];
    dgamma += dy[i] * (x[i] - exact_mean) * r;
  }
  const auto dbeta_float = static_cast<float>(dbeta), dgamma_float = static_cast<float>(dgamma);
  float a = 0, b = 0, c = 0;
  NormalizationCoefficients({&mean, &variance, kEpsilon}, &scale, &dbeta_float, &dgamma_float, kCount, 1, &a, &b, &c);
  for (size_t i = 0; i < kCount; ++i) {
    constexpr double kStep = 1e-5;
    const double at = values[i];
    values[i] = at + kStep;
    const double above = loss(values);
    values[i] = at - kStep;
    const double below = loss(values);
    values[i] = at;
    EXPECT_NEAR(a * dy[i] + b * x[i] + c, (above - below) / (2 * kStep), 1e-5);
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
