#include "tensor/tensor.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/hash.h"
#include "tensor/view.h"

namespace siskin {
namespace {
constexpr size_t kAlignment = kLineBytes;
constexpr size_t kHugePage = size_t{2} << 20;

// What std::free wants stands right before the elements.
void RememberBlock(void* block, std::byte* elements) {
  std::memcpy(elements - sizeof(block), &block, sizeof(block));
}

std::byte* AllocateSmall(size_t bytes) {
  void* block = nullptr;
  if (posix_memalign(&block, kAlignment, kAlignment + bytes) != 0) throw std::bad_alloc();
  std::memset(block, 0, kAlignment + bytes);
  std::byte* const elements = static_cast<std::byte*>(block) + kAlignment;
  RememberBlock(block, elements);
  return elements;
}

// Kernels walk through tensors pixel by pixel, often a page (4 KB) and more at a step: the second-level TLB of 12 MB
// (Zen 4) would not do. So large tensors ask for huge pages; Linux gives them where it has some.
//
// calloc knows which memory is zero because it is new, and does not write it: what nobody touches, such as a session's
// room for the other photos of a batch, is never taken from the system.
std::byte* AllocateLarge(size_t bytes) {
  void* const block = std::calloc(kHugePage + bytes, 1);
  if (block == nullptr) throw std::bad_alloc();
  // At least as far from the block as malloc aligns.
  std::byte* const elements =
      static_cast<std::byte*>(block) + (kHugePage - reinterpret_cast<uintptr_t>(block) % kHugePage);
#ifdef MADV_HUGEPAGE
  static_cast<void>(madvise(elements, bytes / kHugePage * kHugePage, MADV_HUGEPAGE));
#endif
  RememberBlock(block, elements);
  return elements;
}
static_assert(alignof(std::max_align_t) >= sizeof(void*));

// Zeros.
std::byte* Allocate(size_t bytes) {
  return bytes >= 2 * kHugePage ? AllocateLarge(bytes) : AllocateSmall(bytes);
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
  void* block = nullptr;
  std::memcpy(&block, p - sizeof(block), sizeof(block));
  std::free(block);
}

Tensor::Tensor(Shape shape, DType dtype)
    : shape_(std::move(shape)), dtype_(dtype), num_elements_(shape_.num_elements()) {
  if (!FitsIn(shape_, SizeOf(dtype), uint64_t{1} << 40)) {
    Fail(ErrorKind::kInternal, "a tensor of shape {} is beyond reason", shape_.ToString());
  }
  bytes_.reset(Allocate(num_bytes()));
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
