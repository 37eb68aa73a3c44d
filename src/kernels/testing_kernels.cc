#include "kernels/testing_kernels.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <new>

#include "base/random.h"
#include "base/testing.h"
#include "kernels/image_groups.h"
#include "kernels/isa.h"

namespace siskin::testing {
namespace {

constexpr std::align_val_t kAlignment{kLineBytes};
// A quiet NaN that no computation produces, so that a guard overwritten with an ordinary NaN is noticed as well.
constexpr uint32_t kGuardBits = 0x7FC5A5A5;
constexpr int kOutputGuard = 4 * kPadFloats;

void Free(float* memory) {
  ::operator delete[](memory, kAlignment);
}

float* Allocate(size_t size) {
  return static_cast<float*>(::operator new[](size * sizeof(float), kAlignment));
}

size_t SizeOfMemory(const Layout& layout, int guard) {
  const int last = layout.padded ? PaddedChannels<float>(layout.c) : layout.c;
  const size_t pixels = static_cast<size_t>(layout.n) * layout.h * layout.w;
  return layout.offset + (pixels - 1) * layout.stride + last + guard;
}

}  // namespace

Layout Dense(int n, int h, int w, int c) {
  return {n, h, w, c, c, false, 0};
}

Layout Padded(int n, int h, int w, int c) {
  return {n, h, w, c, PaddedChannels<float>(c), true, 0};
}

Layout Slice(int n, int h, int w, int c, int before, int after) {
  return {n, h, w, c, before + c + after, false, before};
}

std::vector<Layout> AllLayouts(int n, int h, int w, int c) {
  Layout wide = Padded(n, h, w, c);  // padded, and a part of something wider
  wide.stride += 2 * kPadFloats;
  wide.offset = kPadFloats;
  return {Dense(n, h, w, c), Padded(n, h, w, c), wide, Slice(n, h, w, c, 0, 1), Slice(n, h, w, c, 5, 19)};
}

Buffer::Buffer(const Layout& layout, int guard)
    : size_(SizeOfMemory(layout, guard)),
      memory_(Allocate(size_), Free),
      view_{memory_.get() + layout.offset, layout.n, layout.h, layout.w, layout.c, layout.stride, layout.padded} {
  std::fill_n(memory_.get(), size_, std::bit_cast<float>(kGuardBits));
  Fill(std::numeric_limits<float>::quiet_NaN());
}

void Buffer::FillRandom(uint64_t seed, float low, float high) {
  Random random(seed, RandomPurpose::kTest);
  for (size_t p = 0; p < view_.num_pixels(); ++p) {
    for (int c = 0; c < view_.c; ++c) view_.data[p * view_.stride + c] = random.Uniform(low, high);
  }
}

void Buffer::Fill(float value) {
  for (size_t p = 0; p < view_.num_pixels(); ++p) std::fill_n(view_.data + p * view_.stride, view_.c, value);
}

void Buffer::CopyFrom(ConstView other) {
  for (size_t p = 0; p < view_.num_pixels(); ++p) {
    std::copy_n(other.data + p * other.stride, view_.c, view_.data + p * view_.stride);
  }
}

bool Buffer::Owned(size_t position) const {
  const auto first = static_cast<size_t>(view_.data - memory_.get());
  if (position < first) return false;
  const size_t pixel = (position - first) / view_.stride, lane = (position - first) % view_.stride;
  return pixel < view_.num_pixels() && lane < static_cast<size_t>(view_.touchable());
}

::testing::AssertionResult Buffer::Intact() const {
  for (size_t i = 0; i < size_; ++i) {
    const auto bits = std::bit_cast<uint32_t>(memory_[i]);
    if (!Owned(i) && bits != kGuardBits) {
      return ::testing::AssertionFailure() << fmt::format(
                 "float {} relative to the first element is not the kernel's but holds {:g} ({:08x}); {}x{}x{}x{}, "
                 "stride "
                 "{}, {}",
                 static_cast<ptrdiff_t>(i) - (view_.data - memory_.get()), memory_[i], bits, view_.n, view_.h, view_.w,
                 view_.c, view_.stride, CurrentIsa());
    }
  }
  return ::testing::AssertionSuccess();
}

Buffer RandomBuffer(const Layout& layout, uint64_t seed, float low, float high) {
  Buffer buffer(layout);
  buffer.FillRandom(seed, low, high);
  return buffer;
}

std::vector<float> RandomFloats(size_t count, uint64_t seed, float low, float high) {
  Random random(seed, RandomPurpose::kTest, 1);
  std::vector<float> values(count);
  for (float& value : values) value = random.Uniform(low, high);
  return values;
}

void OnEveryIsa(const std::function<void()>& body) {
  for (const std::string& isa : SupportedIsas()) {
    SCOPED_TRACE(isa);
    ForceIsa(isa);
    body();
  }
  ForceIsa("best");
}

void CheckKernel(const Layout& output, ConstView expected, const Accuracy& accuracy,
                 const std::function<void(View y, ThreadPool& threads)>& kernel, const ConstView* initial) {
  SCOPED_TRACE(fmt::format("output {}x{}x{}x{}, stride {}{}", output.n, output.h, output.w, output.c, output.stride,
                           output.padded ? ", padded" : ""));
  ThreadPool pools[] = {ThreadPool(1), ThreadPool(2), ThreadPool(3)};
  OnEveryIsa([&] {
    Buffer first(output, kOutputGuard);
    for (ThreadPool& threads : pools) {
      SCOPED_TRACE(fmt::format("{} threads", threads.num_threads()));
      Buffer y(output, kOutputGuard);
      if (initial != nullptr) y.CopyFrom(*initial);
      kernel(y.view(), threads);
      EXPECT_TRUE(y.Intact());
      if (threads.num_threads() == 1) {
        first.CopyFrom(y.view());
        EXPECT_TRUE(Close(y.view(), expected, accuracy));
      } else {
        EXPECT_TRUE(SameBits(y.view(), first.view()));
      }
    }
  });
}

ConstView Images(ConstView batch, const Range& images) {
  batch.data = batch.pixel(images.begin, 0, 0);
  batch.n = images.size();
  return batch;
}

std::span<const int> Batches() {
  static constexpr int kBatches[] = {6, 20, 32};
  return std::span(kBatches).first(UnderThreadSanitizer() ? 1 : UnderSanitizer() ? 2 : 3);
}

std::span<const ImageSize> ImageSizes() {
  static constexpr ImageSize kSizes[] = {{1, 1}, {5, 5}, {9, 10}, {13, 11}, {25, 24}};
  return std::span(kSizes).first(UnderThreadSanitizer() ? 2 : UnderSanitizer() ? 4 : 5);
}

void CheckParts(int batch, size_t num_sums,
                const std::function<void(const Range& images, float* sums, ThreadPool& threads)>& sum) {
  SCOPED_TRACE(fmt::format("{} images", batch));
  ThreadPool pools[] = {ThreadPool(1), ThreadPool(2), ThreadPool(3)};
  OnEveryIsa([&] {
    for (ThreadPool& threads : pools) {
      SCOPED_TRACE(fmt::format("{} threads", threads.num_threads()));
      const auto sums_over = [&](const Range& images) {
        std::vector<float> sums(num_sums, std::numeric_limits<float>::quiet_NaN());
        sum(images, sums.data(), threads);
        return sums;
      };
      const auto add = [](std::vector<float> a, const std::vector<float>& b) {
        for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
        return a;
      };
      const std::vector<float> whole = sums_over({0, batch});
      for (const int size : kPartImages) {
        const auto part = [&](int i) { return sums_over({i * size, std::min((i + 1) * size, batch)}); };
        const std::vector<float> parts = SumTree({0, (batch + size - 1) / size}, part, add);
        const auto count = static_cast<int>(num_sums);
        EXPECT_TRUE(SameBits(DenseView(whole.data(), 1, 1, 1, count), DenseView(parts.data(), 1, 1, 1, count)))
            << "in parts of " << size;
      }
    }
  });
}

}  // namespace siskin::testing
