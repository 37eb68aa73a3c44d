// The filter or matrix of a step of inference: numbers that a tensor of the network lends, and the factors that passes
// have multiplied them by. Nothing is copied before a backend reads them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace siskin {

class Filter {
 public:
  Filter() = default;  // none
  // Borrows: the tensor must outlive the filter and its copies, wherever it is moved.
  explicit Filter(const Tensor& lent) : dtype_(lent.dtype()), lent_(lent.bytes()) {}
  // Keeps the numbers of a filter that is in no tensor of the network.
  explicit Filter(std::shared_ptr<const Tensor> own) : Filter(*own) { own_ = std::move(own); }

  DType dtype() const { return dtype_; }
  size_t size() const { return lent_.size() / SizeOf(dtype_); }
  bool empty() const { return lent_.empty(); }
  bool IsLentBy(const Tensor& tensor) const { return !empty() && lent_.data() == tensor.bytes().data(); }

  // Multiplies the last dimension's channels by [channels] factors. Factors of later calls come after those of earlier
  // ones, and the number is rounded in between, as if it had been stored.
  void Scale(std::vector<double> factors);

  // The numbers in fp32: those of the tensor, or, scaled, in `memory`, which must stay as long as they are used.
  // kInternal if they are of another type, which no backend takes so far.
  std::span<const float> Read(std::vector<float>* memory) const;

 private:
  DType dtype_ = DType::kF32;
  std::span<const std::byte> lent_;
  std::shared_ptr<const Tensor> own_;
  std::vector<std::vector<double>> factors_;
};

}  // namespace siskin
