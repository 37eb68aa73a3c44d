// The one matrix product everything heavy is built on:  C[M, N] = epilogue(A[M, K] * B[K, N]). The kernel of fp32 is
// the only one so far (gemm-inl.h); packed matrices know of others what a kernel of their own needs. B (weights) is
// packed once; A (activations) is read in place, row by row. K is not split: every element of C is one chain of
// multiply-adds in the order of k, so it does not depend on tiles, threads or batch. Goto, van de Geijn, "Anatomy of
// high-performance matrix multiplication", ACM TOMS 34(3), 2008; docs/kernels.md.
#pragma once

#include <cstddef>

#include "base/threads.h"
#include "kernels/epilogue.h"
#include "tensor/dtype.h"
#include "tensor/tensor.h"
#include "tensor/view.h"

namespace siskin {

// B packed in panels of NR columns, [ceil(N/NR)][ceil(K/kr)][NR][kr], NR that of the instruction set in use; missing
// rows and columns are 0. kr elements of K, 4 bytes together, are what one lane of a vector takes in a step: one fp32,
// two bfloat16 (VDPBF16PS, BFDOT), four int8 (VPDPBUSD, SDOT).
class PackedMatrix {
 public:
  PackedMatrix() = default;
  // Empty; numbers are rounded to this type, to nearest and even, when they are packed. F32 or BF16.
  explicit PackedMatrix(DType dtype) : dtype_(dtype) {}
  // b: [K, N] row-major.
  PackedMatrix(const float* b, int k, int n, DType dtype = DType::kF32);

  // The same again with other numbers, for weights that change in every step: memory is kept, and only allocated where
  // it is too small. Reserve makes room for the largest.
  void Pack(const float* b, int k, int n, ThreadPool& threads);
  // The filter of a convolution turned round, for the gradient of its input, which is a convolution of dY with this.
  // filter: [taps, Cin, Cout]   B: [taps * Cout, Cin], the order of the taps reversed, channels swapped.
  void PackTurned(const float* filter, int taps, int cin, int cout, ThreadPool& threads);
  void Reserve(int k, int n);

  DType dtype() const { return dtype_; }
  int k() const { return k_; }
  int n() const { return n_; }
  int kr() const { return kLaneBytes / static_cast<int>(SizeOf(dtype_)); }
  int panel_width() const { return panel_width_; }  // NR
  int num_panels() const { return (n_ + panel_width_ - 1) / panel_width_; }
  size_t panel_elements() const { return static_cast<size_t>(RoundUp(k_, kr())) * panel_width_; }
  size_t num_bytes() const { return SizeOf(dtype_) * panel_elements() * num_panels(); }
  // Columns [p * NR, (p + 1) * NR): [ceil(K/kr)][NR][kr]. kInternal if T is not the matrix' type: here a kernel refuses
  // the matrix of another one.
  template <typename T>
  const T* panel(int p) const {
    return data_.values<T>().data() + static_cast<size_t>(p) * panel_elements();
  }

 private:
  static constexpr int kLaneBytes = 4;

  void PackPanel(const float* b, int p);
  void PackTurnedPanel(const float* filter, int taps, int p);
  template <class Element>
  void PackRounded(int p, const Element& element);

  DType dtype_ = DType::kF32;
  int k_ = 0, n_ = 0, panel_width_ = 1;
  Tensor data_;
};

// y = epilogue(x * b): x [N, H, W, K], y [N, H, W, Cout] with Cout == b.n(), overwritten; a fully connected layer or a
// 1x1 convolution. Shapes are the caller's promise (checked where graphs are built).
void MatMul(ConstView x, const PackedMatrix& b, const Epilogue& epilogue, View y, ThreadPool& threads);

}  // namespace siskin
