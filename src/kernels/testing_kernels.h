// How a kernel is tested: on every instruction set of this machine, with 1, 2 and 3 threads, with memory laid out in
// every way a view allows, with outputs that start as NaN and guards around what the kernel may touch.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "kernels/gemm/blocking.h"
#include "kernels/testing_compare.h"
#include "tensor/view.h"

namespace siskin::testing {

// Where the pixels of a view lie. `offset` floats are left free before the first one, which then is not on a cache
// line's boundary (offset is a multiple of kPadFloats for padded layouts: those start on one).
struct Layout {
  int n = 1, h = 1, w = 1, c = 1;
  int stride = 1;
  bool padded = false;
  int offset = 0;
};

Layout Dense(int n, int h, int w, int c);
Layout Padded(int n, int h, int w, int c);                        // stride PaddedChannels(c)
Layout Slice(int n, int h, int w, int c, int before, int after);  // of a concatenation of before + c + after channels
std::vector<Layout> AllLayouts(int n, int h, int w, int c);       // one of each kind, narrow and wide slices

// Memory for one view. What is not the view's holds a NaN with a payload of its own: a kernel that reads meaning from
// it shows NaN in its result, one that writes it is found by Intact(). The memory ends with the last float that the
// kernel may touch plus `guard` floats; with guard = 0 AddressSanitizer sees any read beyond.
class Buffer {
 public:
  explicit Buffer(const Layout& layout, int guard = 0);

  View view() { return view_; }
  ConstView view() const { return view_; }
  // Elements to uniform numbers in [low, high), a function of (seed, element) only: the same for every layout.
  void FillRandom(uint64_t seed, float low = -1.0f, float high = 1.0f);
  void Fill(float value);
  void CopyFrom(ConstView other);  // of the same n, h, w, c

  // Is everything that is not the view's still as it was?
  ::testing::AssertionResult Intact() const;

 private:
  bool Owned(size_t position) const;

  size_t size_;
  std::unique_ptr<float[], void (*)(float*)> memory_;
  View view_;
};

Buffer RandomBuffer(const Layout& layout, uint64_t seed, float low = -1.0f, float high = 1.0f);
std::vector<float> RandomFloats(size_t count, uint64_t seed, float low = -1.0f, float high = 1.0f);

// Calls body() under every instruction set of this machine, best first, then goes back to the best.
void OnEveryIsa(const std::function<void()>& body);

// Runs `kernel` on every instruction set with 1, 2 and 3 threads, each time into a new output of that layout: the
// result must be close to `expected`, the same bits for every number of threads, and nothing around it may be touched.
// `initial`, if not null, is what the output holds before (kernels that work in place); otherwise NaN.
void CheckKernel(const Layout& output, ConstView expected, const Accuracy& accuracy,
                 const std::function<void(View y, ThreadPool& threads)>& kernel, const ConstView* initial = nullptr);

// Images [begin, end) of a batch.
ConstView Images(ConstView batch, const Range& images);

// For CheckParts: batches that are and are not whole groups, and images of fewer and more pixels than any kernel takes
// at once. Under a sanitizer, which takes its time, not the largest ones.
std::span<const int> Batches();
struct ImageSize {
  int h, w;
};
std::span<const ImageSize> ImageSizes();
// Parts of a batch that are subtrees of kernels/image_groups.h.
inline constexpr int kPartImages[] = {4, 8, 16};

// Runs `sum`, which writes so many sums over images of a batch, on every instruction set with 1, 2 and 3 threads: the
// sums over the batch must be those of its parts, of any size in kPartImages, added along the tree, bit for bit.
void CheckParts(int batch, size_t num_sums,
                const std::function<void(const Range& images, float* sums, ThreadPool& threads)>& sum);

}  // namespace siskin::testing
