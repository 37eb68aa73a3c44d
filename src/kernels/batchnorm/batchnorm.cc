#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batchnorm/batchnorm.cc"
#include "kernels/batchnorm/batchnorm.h"

#include <cmath>

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/lanes-inl.h"
#include "kernels/runs.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

// scale and shift have no padding lanes, so the padding lanes of y are left alone.
void ScaleShift(ConstView x, const float* scale, const float* shift, Activation activation, View y,
                ThreadPool& threads) {
  const Clamp clamp(activation);
  ForEachRun(x.num_pixels(), x.c, /*contiguous=*/false, threads, [&](size_t pixel, size_t count) HWY_ATTR {
    const float* from = x.data + pixel * x.stride;
    float* to = y.data + pixel * y.stride;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR {
      const auto scaled = hn::MulAdd(io.Load(from + i), io.Load(scale + i), io.Load(shift + i));
      io.Store(clamp(scaled), to + i);
    });
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {
HWY_EXPORT(ScaleShift);

void BatchNormAffine(const BatchNormWeights& weights, int channels, float* scale, float* shift) {
  for (int c = 0; c < channels; ++c) {
    const double gamma = weights.gamma != nullptr ? weights.gamma[c] : 1.0;
    const double exact = gamma / std::sqrt(static_cast<double>(weights.variance[c]) + weights.epsilon);
    scale[c] = static_cast<float>(exact);
    shift[c] = static_cast<float>(weights.beta[c] - weights.mean[c] * exact);
  }
}

void ScaleShift(ConstView x, const float* scale, const float* shift, Activation activation, View y,
                ThreadPool& threads) {
  SISKIN_DISPATCH(ScaleShift)(x, scale, shift, activation, y, threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
