#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise/elementwise.cc"
#include "kernels/elementwise/elementwise.h"

#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/lanes-inl.h"
#include "kernels/runs.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

void Activate(ConstView x, Activation activation, View y, ThreadPool& threads) {
  const Clamp clamp(activation);
  const int lanes = RunLanes(x, y);
  const bool contiguous = x.stride == lanes && y.stride == lanes;
  ForEachRun(x.num_pixels(), lanes, contiguous, threads, [&](size_t pixel, size_t count) HWY_ATTR {
    const float* from = x.data + pixel * x.stride;
    float* to = y.data + pixel * y.stride;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR { io.Store(clamp(io.Load(from + i)), to + i); });
  });
}

void Add(ConstView a, ConstView b, Activation activation, View y, ThreadPool& threads) {
  const Clamp clamp(activation);
  const int lanes = b.padded ? RunLanes(a, y) : a.c;
  const bool contiguous = a.stride == lanes && b.stride == lanes && y.stride == lanes;
  ForEachRun(a.num_pixels(), lanes, contiguous, threads, [&](size_t pixel, size_t count) HWY_ATTR {
    const float* left = a.data + pixel * a.stride;
    const float* right = b.data + pixel * b.stride;
    float* to = y.data + pixel * y.stride;
    ForLanes(count, [&](auto io, size_t i)
                        HWY_ATTR { io.Store(clamp(hn::Add(io.Load(left + i), io.Load(right + i))), to + i); });
  });
}

void ActivationInputGradientT(ConstView x, Activation activation, ConstView dy, ConstView base, View dx,
                              ThreadPool& threads) {
  const Passing passing(activation);
  ForEachRun(x.num_pixels(), x.c, /*contiguous=*/false, threads, [&](size_t pixel, size_t count) HWY_ATTR {
    const float* from = x.data + pixel * x.stride;
    const float* slope = dy.data + pixel * dy.stride;
    const float* other = base.data + pixel * base.stride;
    float* to = dx.data + pixel * dx.stride;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR {
      const Vector passed = passing(io.Load(from + i), io.Load(slope + i));
      io.Store(base.data ? hn::Add(io.Load(other + i), passed) : passed, to + i);
    });
  });
}

void CopyChannels(ConstView x, View y, int offset, ThreadPool& threads) {
  const bool contiguous = x.stride == x.c && y.stride == x.c;
  ForEachRun(x.num_pixels(), x.c, contiguous, threads, [&](size_t pixel, size_t count) HWY_ATTR {
    const float* from = x.data + pixel * x.stride;
    float* to = y.data + pixel * y.stride + offset;
    ForLanes(count, [&](auto io, size_t i) HWY_ATTR { io.Store(io.Load(from + i), to + i); });
  });
}

// Pixels of kChannels bytes meet vectors again after kChannels vectors, so the factors of that many vectors are laid
// out once and used in turn.
template <int kChannels>
void ScalePixels(std::span<const unsigned char> bytes, const float* scale, const float* shift, float* y) {
  const Floats d;
  const hn::Rebind<int32_t, Floats> d32;
  const hn::Rebind<uint8_t, Floats> d8;
  constexpr size_t kPeriod = kChannels * kLanes;
  HWY_ALIGN float scales[kPeriod];
  HWY_ALIGN float shifts[kPeriod];
  for (size_t i = 0; i < kPeriod; ++i) {
    scales[i] = scale[i % kChannels];
    shifts[i] = shift[i % kChannels];
  }
  size_t i = 0;
  for (; i + kPeriod <= bytes.size(); i += kPeriod) {
    for (size_t j = 0; j < kPeriod; j += kLanes) {
      const Vector value = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, bytes.data() + i + j)));
      hn::StoreU(hn::MulAdd(value, hn::Load(d, scales + j), hn::Load(d, shifts + j)), d, y + i + j);
    }
  }
  const hn::CappedTag<float, 1> d1;  // the same operation, fused or not, so that a value does not depend on its place
  for (; i < bytes.size(); ++i) {
    const auto value = hn::Set(d1, static_cast<float>(bytes[i]));
    hn::StoreU(hn::MulAdd(value, hn::Set(d1, scale[i % kChannels]), hn::Set(d1, shift[i % kChannels])), d1, y + i);
  }
}

void ScaleBytes(std::span<const unsigned char> bytes, int channels, const float* scale, const float* shift, float* y) {
  if (channels == 1) ScalePixels<1>(bytes, scale, shift, y);
  if (channels == 2) ScalePixels<2>(bytes, scale, shift, y);
  if (channels == 3) ScalePixels<3>(bytes, scale, shift, y);
  if (channels == 4) ScalePixels<4>(bytes, scale, shift, y);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {
HWY_EXPORT(Activate);
HWY_EXPORT(Add);
HWY_EXPORT(ActivationInputGradientT);
HWY_EXPORT(CopyChannels);
HWY_EXPORT(ScaleBytes);

void Activate(ConstView x, Activation activation, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(Activate)(x, activation, y, threads);
}

void Add(ConstView a, ConstView b, Activation activation, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(Add)(a, b, activation, y, threads);
}

void ActivationInputGradient(ConstView x, Activation activation, ConstView dy, ConstView base, View dx,
                             ThreadPool& threads) {
  SISKIN_DISPATCH(ActivationInputGradientT)(x, activation, dy, base, dx, threads);
}

void CopyChannels(ConstView x, View y, int offset, ThreadPool& threads) {
  SISKIN_DISPATCH(CopyChannels)(x, y, offset, threads);
}

void ScaleBytes(std::span<const unsigned char> bytes, int channels, const float* scale, const float* shift,
                std::span<float> y) {
  SISKIN_DISPATCH(ScaleBytes)(bytes, channels, scale, shift, y.data());
}

}  // namespace siskin
#endif  // HWY_ONCE
