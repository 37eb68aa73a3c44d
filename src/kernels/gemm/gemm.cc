#include "kernels/gemm/gemm.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm/gemm.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/dispatch.h"
#include "kernels/gemm/gemm-inl.h"
#include "kernels/isa.h"
#include "tensor/half.h"

HWY_BEFORE_NAMESPACE();
namespace siskin {
namespace HWY_NAMESPACE {

void MatMulT(const ConstView& x, const PackedMatrix& b, const Epilogue& epilogue, const View& y, ThreadPool& threads) {
  const Blocking blocking(static_cast<int>(x.num_pixels()), b.k(), kTileRows, b.num_panels(), threads.num_threads());
  threads.ParallelFor(blocking.num_items(), [&](size_t item, int) HWY_ATTR {
    const Range next = blocking.next_rows(item);
    const std::span next_input(x.data + static_cast<size_t>(next.begin) * x.stride,
                               static_cast<size_t>(next.size()) * x.stride);
    MultiplyBlock(blocking, blocking.tiles(item), blocking.panels(item), b, 1, epilogue, y,
                  StridedRows(x.data, 0, x.stride), next_input);
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace siskin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace siskin {

HWY_EXPORT(MatMulT);

PackedMatrix::PackedMatrix(const float* b, int k, int n, DType dtype) : dtype_(dtype) {
  Reserve(k, n);
  for (int p = 0; p < num_panels(); ++p) PackPanel(b, p);
}

void PackedMatrix::Reserve(int k, int n) {
  k_ = k;
  n_ = n;
  panel_width_ = CurrentInstructionSet().panel_width();
  if (data_.num_bytes() < num_bytes())
    data_ = Tensor(Shape{num_panels(), RoundUp(k, kr()) / kr(), panel_width_, kr()}, dtype_);
}

void PackedMatrix::Pack(const float* b, int k, int n, ThreadPool& threads) {
  Reserve(k, n);
  threads.ParallelFor(static_cast<size_t>(num_panels()), [&](size_t p, int) { PackPanel(b, static_cast<int>(p)); });
}

void PackedMatrix::PackTurned(const float* filter, int taps, int cin, int cout, ThreadPool& threads) {
  Reserve(taps * cout, cin);
  threads.ParallelFor(static_cast<size_t>(num_panels()),
                      [&](size_t p, int) { PackTurnedPanel(filter, taps, static_cast<int>(p)); });
}

void PackedMatrix::PackPanel(const float* b, int p) {
  if (dtype_ != DType::kF32) {
    return PackRounded(p, [&](int row, int column) { return b[static_cast<size_t>(row) * n_ + column]; });
  }
  float* to = data_.data() + static_cast<size_t>(p) * panel_elements();
  const int columns = std::min(panel_width_, n_ - p * panel_width_);
  for (int row = 0; row < k_; ++row, to += panel_width_) {
    std::copy_n(b + static_cast<size_t>(row) * n_ + p * panel_width_, columns, to);
    std::fill(to + columns, to + panel_width_, 0.0f);
  }
}

// Every cache line of the filter is read once: rows of 2048 floats, read down a column, would fall into one set of L1.
void PackedMatrix::PackTurnedPanel(const float* filter, int taps, int p) {
  const int cout = k_ / taps, first = p * panel_width_, columns = std::min(panel_width_, n_ - first);
  if (dtype_ != DType::kF32) {
    return PackRounded(p, [&](int row, int column) {
      const int tap = taps - 1 - row / cout;
      return filter[(static_cast<size_t>(tap) * n_ + column) * cout + row % cout];
    });
  }
  float* to = data_.data() + static_cast<size_t>(p) * panel_elements();
  for (int tap = taps - 1; tap >= 0; --tap) {
    const float* from = filter + (static_cast<size_t>(tap) * n_ + first) * cout;
    for (int out = 0; out < cout; out += kLineFloats) {
      const int rows = std::min(kLineFloats, cout - out);
      for (int column = 0; column < columns; ++column) {
        const float* line = from + static_cast<size_t>(column) * cout + out;
        for (int row = 0; row < rows; ++row) to[row * panel_width_ + column] = line[row];
      }
      for (int row = 0; row < rows; ++row, to += panel_width_) std::fill(to + columns, to + panel_width_, 0.0f);
    }
  }
}

// element(row, column) of B, as its definition says: one by one, what nothing runs on yet.
template <class Element>
void PackedMatrix::PackRounded(int p, const Element& element) {
  Bfloat16* to = data_.values<Bfloat16>().data() + static_cast<size_t>(p) * panel_elements();
  for (int row = 0; row < k_; row += kr()) {
    for (int column = p * panel_width_; column < (p + 1) * panel_width_; ++column) {
      for (int r = row; r < row + kr(); ++r)
        *to++ = r < k_ && column < n_ ? ToBfloat16(element(r, column)) : Bfloat16();
    }
  }
}

void MatMul(ConstView x, const PackedMatrix& b, const Epilogue& epilogue, View y, ThreadPool& threads) {
  SISKIN_DISPATCH(MatMulT)(x, b, epilogue, y, threads);
}

}  // namespace siskin
#endif  // HWY_ONCE
