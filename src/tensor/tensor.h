// Shape, and the owner of elements. Activations inside a network are borrowed through tensor/view.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"

namespace siskin {

// Dimensions, outermost first; rank 0 is a scalar.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

  size_t rank() const { return dims_.size(); }
  int64_t operator[](size_t i) const { return dims_[i]; }
  const std::vector<int64_t>& dims() const { return dims_; }
  // Product of the dimensions. Shapes from files go through FitsIn first.
  int64_t num_elements() const;
  std::string ToString() const;  // "3x3x64x1", "scalar"
  bool operator==(const Shape&) const = default;

 private:
  std::vector<int64_t> dims_;
};

// False if a dimension is negative or the product of the dimensions times element_bytes exceeds max_bytes.
bool FitsIn(const Shape& shape, size_t element_bytes, uint64_t max_bytes);

// Owns its elements: row-major, 64-byte aligned, moved but not copied by accident (see Clone).
class Tensor {
 public:
  Tensor() = default;
  // Elements are zero.
  explicit Tensor(Shape shape, DType dtype = DType::kF32);

  static Tensor FromFloats(Shape shape, std::span<const float> values);
  Tensor Clone() const;

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  int64_t num_elements() const { return num_elements_; }
  size_t num_bytes() const { return static_cast<size_t>(num_elements_) * SizeOf(dtype_); }
  bool empty() const { return num_elements_ == 0; }

  // The elements; kInternal if T is not the tensor's type.
  template <typename T>
  std::span<T> values() {
    CheckType(DTypeOf<T>());
    return {reinterpret_cast<T*>(bytes_.get()), static_cast<size_t>(num_elements_)};
  }
  template <typename T>
  std::span<const T> values() const {
    CheckType(DTypeOf<T>());
    return {reinterpret_cast<const T*>(bytes_.get()), static_cast<size_t>(num_elements_)};
  }
  std::span<std::byte> bytes() { return {bytes_.get(), num_bytes()}; }
  std::span<const std::byte> bytes() const { return {bytes_.get(), num_bytes()}; }
  float* data() { return values<float>().data(); }
  const float* data() const { return values<float>().data(); }

 private:
  struct AlignedDelete {
    void operator()(std::byte* p) const;
  };
  void CheckType(DType asked) const;

  Shape shape_;
  DType dtype_ = DType::kF32;
  int64_t num_elements_ = 0;
  std::unique_ptr<std::byte[], AlignedDelete> bytes_;
};

// Weights by Keras path without the network's name: "block1_conv1/kernel", "block1_conv1_bn/moving_mean".
using TensorMap = std::map<std::string, Tensor>;

// SHA-256 over name, type, shape and bytes of the named tensors in the given order (a network's own): two sources of
// the same weights have the same digest. kInternal if one is missing.
std::string TensorDigest(const TensorMap& tensors, std::span<const std::string> order);

}  // namespace siskin
