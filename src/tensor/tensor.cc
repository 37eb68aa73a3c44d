#include "tensor/tensor.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "base/hash.h"
#include "tensor/view.h"

namespace siskin {
namespace {
constexpr size_t kAlignment = kLineBytes;
constexpr size_t kHugePage = size_t{2} << 20;

// Kernels walk through tensors pixel by pixel, often a page (4 KB) and more at a step: the second-level TLB of 12 MB
// (Zen 4) would not do. So large tensors ask for huge pages; Linux gives them where it has some.
void* Allocate(size_t bytes) {
  const bool is_large = bytes >= 2 * kHugePage;
  void* memory = nullptr;
  if (posix_memalign(&memory, is_large ? kHugePage : kAlignment, std::max<size_t>(bytes, 1)) != 0) {
    throw std::bad_alloc();
  }
#ifdef MADV_HUGEPAGE
  if (is_large) static_cast<void>(madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE));
#endif
  return memory;
}

}  // namespace

int64_t Shape::num_elements() const {
  int64_t product = 1;
  for (const int64_t dim : dims_) product *= dim;
  return product;
}

std::string Shape::ToString() const {
  if (dims_.empty()) return "scalar";
  std::string text;
  for (const int64_t dim : dims_) text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text;
}

bool FitsIn(const Shape& shape, size_t element_bytes, uint64_t max_bytes) {
  uint64_t bytes = element_bytes;
  bool zero = false;
  for (const int64_t dim : shape.dims()) {
    if (dim < 0) return false;
    if (dim == 0) {
      zero = true;
    } else if (bytes > max_bytes / static_cast<uint64_t>(dim)) {
      return false;  // even when another dimension is 0: such a shape is nonsense
    } else {
      bytes *= static_cast<uint64_t>(dim);
    }
  }
  return zero || bytes <= max_bytes;
}

void Tensor::AlignedDelete::operator()(std::byte* p) const {
  std::free(p);
}

Tensor::Tensor(Shape shape, DType dtype)
    : shape_(std::move(shape)), dtype_(dtype), num_elements_(shape_.num_elements()) {
  if (!FitsIn(shape_, SizeOf(dtype), uint64_t{1} << 40)) {
    Fail(ErrorKind::kInternal, "a tensor of shape {} is beyond reason", shape_.ToString());
  }
  bytes_.reset(static_cast<std::byte*>(Allocate(num_bytes())));
  std::memset(bytes_.get(), 0, num_bytes());
}

Tensor Tensor::FromFloats(Shape shape, std::span<const float> values) {
  Tensor tensor(std::move(shape));
  if (static_cast<size_t>(tensor.num_elements()) != values.size()) {
    Fail(ErrorKind::kInternal, "{} values for a tensor of shape {}", values.size(), tensor.shape().ToString());
  }
  if (!values.empty()) std::memcpy(tensor.bytes_.get(), values.data(), tensor.num_bytes());
  return tensor;
}

Tensor Tensor::Clone() const {
  if (bytes_ == nullptr) return {};
  Tensor copy(shape_, dtype_);
  std::memcpy(copy.bytes_.get(), bytes_.get(), num_bytes());
  return copy;
}

void Tensor::CheckType(DType asked) const {
  if (asked != dtype_) {
    Fail(ErrorKind::kInternal, "a tensor of type {} was read as {}", Name(dtype_), Name(asked));
  }
}

std::string TensorDigest(const TensorMap& tensors, std::span<const std::string> order) {
  Sha256 hash;
  for (const std::string& name : order) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) Fail(ErrorKind::kInternal, "no tensor {} to take a digest of", name);
    const Tensor& tensor = found->second;
    hash.Update(fmt::format("{}\n{} {}\n", name, Name(tensor.dtype()), tensor.shape().ToString()));
    hash.Update(tensor.bytes());
  }
  return hash.HexDigest();
}

}  // namespace siskin
