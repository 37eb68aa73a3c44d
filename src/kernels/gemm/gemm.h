// The one matrix product everything heavy is built on:  C[M, N] = epilogue(A[M, K] * B[K, N]), fp32.
// B (weights) is packed once; A (activations) is read in place, row by row. K is not split: every element of C is one
// chain of multiply-adds in the order of k, so it does not depend on tiles, threads or batch.
// Goto, van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008; docs/kernels.md.
#pragma once

#include <cstddef>

#include "base/threads.h"
#include "kernels/epilogue.h"
#include "tensor/tensor.h"

namespace siskin {

// B packed in panels of NR columns, [ceil(N/NR)][K][NR], NR that of the instruction set in use; missing columns are 0.
class PackedMatrix {
 public:
  PackedMatrix() = default;
  // b: [K, N] row-major.
  PackedMatrix(const float* b, int k, int n);

  // The same again with other numbers, for weights that change in every step: memory is kept, and only allocated where
  // it is too small. Reserve makes room for the largest.
  void Pack(const float* b, int k, int n, ThreadPool& threads);
  // The filter of a convolution turned round, for the gradient of its input, which is a convolution of dY with this.
  // filter: [taps, Cin, Cout]   B: [taps * Cout, Cin], the order of the taps reversed, channels swapped.
  void PackTurned(const float* filter, int taps, int cin, int cout, ThreadPool& threads);
  void Reserve(int k, int n);

  int k() const { return k_; }
  int n() const { return n_; }
  int panel_width() const { return panel_width_; }
  // Columns [p * panel_width, (p + 1) * panel_width): [K][panel_width].
  const float* panel(int p) const { return data_.data() + static_cast<size_t>(p) * k_ * panel_width_; }
  int num_panels() const { return (n_ + panel_width_ - 1) / panel_width_; }
  size_t num_bytes() const { return sizeof(float) * static_cast<size_t>(k_) * num_panels() * panel_width_; }

 private:
  void PackPanel(const float* b, int p);
  void PackTurnedPanel(const float* filter, int taps, int p);

  int k_ = 0, n_ = 0, panel_width_ = 1;
  Tensor data_;
};

// y = epilogue(x * b): x [N, H, W, K], y [N, H, W, Cout] with Cout == b.n(), overwritten; a fully connected layer or a
// 1x1 convolution. Shapes are the caller's promise (checked where graphs are built).
void MatMul(ConstView x, const PackedMatrix& b, const Epilogue& epilogue, View y, ThreadPool& threads);

}  // namespace siskin
